//go:build linux

package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs/grader"
	"tutor/labs/toolbox"
	"tutor/runtime/container"
)

// Exit codes of tutor grade; 0 is all passed, 1 that something failed.
const (
	gradeUsage       = 2
	gradeEnvironment = 3
)

// A gradeOptions is what the flags say.
type gradeOptions struct {
	format, output, details, only, student string
	seed                                   uint64
	hint                                   int
	alone                                  bool
	hide                                   []string
}

func newGrade(c *cli) *cobra.Command {
	var o gradeOptions
	command := &cobra.Command{
		Use:   "grade [OPTIONS] LAB [PATH]",
		Short: "Grade your own box: every check of a lab, seen from outside",
		Long: "grade runs every check of a lab on PATH (default: this folder): an executable, or a folder with go.mod, Makefile or\n" +
			"an executable box. Each check runs in a sandbox of its own. It exits 0 if all passed, 1 if one failed, 2 if the\n" +
			"command line is wrong, and 3 if this machine could not tell.",
		Example: "  sudo tutor grade 2-namespaces ./box\n  sudo tutor grade 3 . --hint 2\n  sudo tutor grade 1 --format junit --output results.xml",
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return failure{container.Hint(fmt.Errorf("grade takes a lab and a path"), command.CommandPath()+" --help"), gradeUsage}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if !command.Flags().Changed("seed") {
				o.seed = freshSeed()
			}
			return c.grade(o, args[0], slices.Concat(args[1:], []string{"."})[0])
		},
	}
	command.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return failure{container.Hint(err, command.CommandPath()+" --help"), gradeUsage}
	})
	flags := command.Flags()
	flags.StringVar(&o.format, "format", "text", "text, "+strings.Join(formatNames(), ", "))
	flags.StringVarP(&o.output, "output", "o", "", "write the result to this file, anew after every check")
	flags.StringVar(&o.details, "failure-details", "full", "what a failure tells: full, actual-only, none")
	flags.StringSliceVar(&o.hide, "hide", nil, "checks of which is told only whether they passed, not why")
	flags.StringVar(&o.only, "only", "", "one check, and those that it needs")
	flags.BoolVar(&o.alone, "this-lab-only", false, "not the checks of the earlier labs")
	flags.StringVar(&o.student, "student", "", "a name for the report")
	flags.Uint64Var(&o.seed, "seed", 0, "the same random values as that run")
	flags.IntVar(&o.hint, "hint", 1, "how much help: 0 to 3")
	return command
}

// formatNames are the formats beside text.
func formatNames() []string {
	var names []string
	for _, f := range grader.Formats {
		names = append(names, f.Name)
	}
	return names
}

// freshSeed is short enough to be typed again.
func freshSeed() uint64 {
	var b [4]byte
	rand.Read(b[:])
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

func (c *cli) grade(o gradeOptions, name, path string) error {
	lab, format, err := o.check(name)
	if err != nil {
		return failure{err, gradeUsage}
	}
	if _, err := os.Stat(path); err != nil {
		return failure{container.Hint(err, "PATH is an executable, or a folder with go.mod, Makefile or box"), gradeUsage}
	}
	if os.Geteuid() != 0 {
		return failure{container.Hint(errors.New("grade: only root can make the sandbox"), "sudo tutor grade …"), gradeEnvironment}
	}
	text := &grader.Text{Out: c.Out, Colour: coloured(os.Stdout), Hint: o.hint, Details: o.details, Number: lab.Number, Seed: o.seed}
	var failed error
	after := func(r *grader.Report) {
		if o.format == "text" || o.output != "" && format.Print == nil {
			text.Show(r)
		}
		if o.output != "" && failed == nil {
			failed = o.write(r, format)
		}
	}
	report, err := grader.Run(grader.Order{Lab: lab, Path: path, Dir: filepath.Join(c.home().Run, "grade"), Student: o.student, Version: version,
		Seed: o.seed, Hide: o.hide, Only: o.only, Alone: o.alone, After: after})
	if err == nil {
		err = failed
	}
	if err != nil {
		return failure{err, gradeEnvironment}
	}
	return c.graded(o, text, report, format)
}

// check turns words into what they mean.
func (o gradeOptions) check(name string) (*grader.Lab, *grader.Format, error) {
	lab := grader.Find(name)
	if lab == nil {
		var names []string
		for _, l := range grader.Labs {
			names = append(names, l.Name)
		}
		return nil, nil, container.Hint(fmt.Errorf("grade: no such lab: %s", name), "there are "+strings.Join(names, ", "))
	}
	if o.only != "" && !slices.ContainsFunc(lab.Checks, func(c grader.Check) bool { return c.ID == o.only }) {
		return nil, nil, fmt.Errorf("grade: lab %s has no check %s", lab.Name, o.only)
	}
	if !slices.Contains([]string{"full", "actual-only", "none"}, o.details) {
		return nil, nil, fmt.Errorf("grade: --failure-details %s: full, actual-only or none", o.details)
	}
	if o.format == "text" {
		return lab, &grader.Formats[0], nil // with --output: the record
	}
	for i := range grader.Formats {
		if grader.Formats[i].Name == o.format {
			return lab, &grader.Formats[i], nil
		}
	}
	return nil, nil, fmt.Errorf("grade: --format %s: text, %s", o.format, strings.Join(formatNames(), ", "))
}

func (o gradeOptions) write(r *grader.Report, format *grader.Format) error {
	content, err := format.Encode(r.Tell(o.details))
	if err != nil {
		return err
	}
	return grader.Write(o.output, content)
}

// graded prints the end, and is the exit code.
func (c *cli) graded(o gradeOptions, text *grader.Text, r *grader.Report, format *grader.Format) error {
	print := format.Print
	if print == nil && o.output == "" {
		print = format.Encode
	}
	if o.format == "text" {
		print = nil
	}
	if print == nil {
		text.Sum(r)
	} else {
		content, err := print(r.Tell(o.details))
		if err != nil {
			return failure{err, gradeEnvironment}
		}
		c.Out.Write(content)
	}
	code := r.Exit()
	if code == 1 && format.Calm {
		code = 0
	}
	if code != 0 {
		return exit(code)
	}
	return nil
}

// probe runs what box is given to run under tutor grade; a word that is not the grader's own is one of the toolbox.
func probe(args []string) int {
	return grader.Probe(args, func(args []string) int { return toolbox.Main(args[0], args[1:]) })
}
