//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"tutor/runtime/doctor"
)

// A doctorRow is one finding, with the names that templates use.
type doctorRow struct{ Name, Needed, Found, Labs, Status, Mend string }

const (
	doctorColumns = `{{.Name}}\t{{.Needed}}\t{{.Found}}\t{{.Labs}}\t{{.Status}}`
	personColumns = `{{.Name}}\t{{.Found}}\t{{.Labs}}\t{{.Status}}` // what fits into 80; what is needed is said where it lacks
)

var doctorHeadings = doctorRow{"NAME", "NEEDED", "FOUND", "LABS", "STATUS", "MEND"}

// statusColours repeat what the word says; it is the last column, whose width nobody counts.
var statusColours = map[string]color.Attribute{
	string(doctor.OK):      color.FgGreen,
	string(doctor.Note):    color.FgYellow,
	string(doctor.Missing): color.FgRed,
}

func newDoctor(c *cli) *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "doctor [OPTIONS]",
		Short: "See whether the labs can run on this machine, and what to do if not",
		Long: "doctor tries everything that the seven labs need of a machine, and says what it found, which labs need it\n" +
			"and how to mend what is missing. It leaves nothing behind. It exits 0 only if all labs can run.",
		Example: "  sudo tutor doctor\n  sudo tutor doctor --format json\n" +
			"  sudo tutor doctor --format '{{.Status}} {{.Name}}: {{.Mend}}'",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.doctor(format) },
	}
	command.Flags().StringVar(&format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

func (c *cli) doctor(format string) error {
	home := c.home()
	config, err := c.ImageConfig()
	findings := doctor.Examine(doctor.Machine{Files: os.DirFS("/"), UID: os.Geteuid(), Root: home.Root, Run: home.Run,
		Mirrors: config.Mirrors, MirrorsErr: err})
	var rows []doctorRow
	for _, f := range findings {
		rows = append(rows, doctorRow{f.Name, f.Needed, f.Found, doctor.Span(f.Labs), string(f.Status), f.Mend})
	}
	verdict, all := doctor.Verdict(findings)
	if format != "" {
		err = printRows(c.Out, format, doctorColumns, doctorHeadings, rows)
	} else {
		err = c.diagnosis(rows, verdict)
	}
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(c.Err, "tutor: hint: only root can look at everything: sudo tutor doctor")
	}
	if !all {
		return exit(1)
	}
	return nil
}

// diagnosis is for a person: the table, what can be done, and whether the labs can run.
func (c *cli) diagnosis(rows []doctorRow, verdict string) error {
	painted := make([]doctorRow, len(rows))
	for i, row := range rows {
		painted[i] = row
		if coloured(os.Stdout) {
			painted[i].Status = color.New(statusColours[row.Status]).Sprint(row.Status)
		}
	}
	if err := printRows(c.Out, "", personColumns, doctorHeadings, painted); err != nil {
		return err
	}
	for _, part := range []struct {
		status doctor.Status
		title  string
	}{{doctor.Missing, "Missing:"}, {doctor.Note, "Good to know; no lab needs it:"}} {
		if lines := mends(rows, string(part.status)); len(lines) > 0 {
			fmt.Fprintf(c.Out, "\n%s\n%s\n", part.title, strings.Join(lines, "\n"))
		}
	}
	_, err := fmt.Fprintf(c.Out, "\n%s\n", verdict)
	return err
}

// mends is what lacks of a status, and what can be typed: each line once, under all that it is good for.
func mends(rows []doctorRow, status string) []string {
	var lines []string
	for i, row := range rows {
		same := func(r doctorRow) bool { return r.Mend == row.Mend && r.Status == status }
		if row.Mend == "" || row.Status != status || slices.ContainsFunc(rows[:i], same) {
			continue
		}
		for _, r := range rows[i:] {
			if same(r) {
				lines = append(lines, fmt.Sprintf("  %s: %s", r.Name, r.Needed))
			}
		}
		lines = append(lines, "    $ "+row.Mend)
	}
	return lines
}
