//go:build linux

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

func newTop(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "top CONTAINER [ps OPTIONS]",
		Short: "Display the running processes of a container",
		Long: `Display the running processes of a container, with the PIDs that the host has for them. They are read from the
host's /proc: no ps is run, neither the host's nor one that the container brings along.

Of ps's options there are -e, -f, aux and -o with these columns: ` + strings.Join(columnNames(), " ") + `.`,
		Example:           "  tutor top web\n  tutor top web aux\n  tutor top web -o pid,nspid,args    the host's PID, and the container's own",
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return container.Hint(fmt.Errorf("top needs a container"), "tutor top CONTAINER [ps OPTIONS]")
			}
			columns, err := psColumns(args[1:])
			if err != nil {
				return err
			}
			ctr, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			processes, err := c.home().Processes(ctr)
			if err != nil {
				return err
			}
			return c.table(columns, processes)
		},
	}
	cmd.Flags().SetInterspersed(false) // what stands after the container is for ps
	return cmd
}

// table prints the processes as Docker does: columns of at least twenty characters.
func (c *cli) table(columns []column, processes []container.Process) error {
	now, err := takeMoment()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.Out, 20, 1, 3, ' ', 0)
	cells := make([]string, len(columns))
	for i, column := range columns {
		cells[i] = column.heading
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
	for _, p := range processes {
		for i, column := range columns {
			cells[i] = column.show(p, now)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// psColumns understands the dialects of ps that everyone mixes: -ef, aux, -o LIST.
func psColumns(args []string) ([]column, error) {
	layout := "user=UID,pid,ppid,c,stime,tty,time,args=CMD"
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if list, found := cutColumns(arg); found {
			if list == "" && i+1 < len(args) {
				i++
				list = args[i]
			}
			layout = list
			continue
		}
		if letters := strings.TrimPrefix(arg, "-"); letters == "aux" || letters == "axu" || letters == "auxww" || letters == "u" {
			layout = "user,pid,pcpu,pmem,vsz,rss,tty,stat,stime=START,time,args"
			continue
		}
		if arg == "" || strings.Trim(strings.TrimPrefix(arg, "-"), "eAafxw") != "" {
			return nil, container.Hint(fmt.Errorf("top: ps option %q is not supported", arg), "there are -e, -f, aux and -o COLUMNS: tutor top --help has the list")
		}
	}
	return columnsOf(layout)
}

// cutColumns finds the list in "-o pid,args", "-opid", "-eo pid" and "--format=pid"; empty: it is the next word.
func cutColumns(arg string) (list string, found bool) {
	for _, begin := range []string{"--format=", "-eo", "-Ao", "-axo", "axo", "-o", "o"} {
		if list, found := strings.CutPrefix(arg, begin); found {
			return list, true
		}
	}
	return "", arg == "--format"
}
