//go:build linux

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"tutor/runtime/container"
)

// printPIDs prints the processes of each container as a tree. One process has two numbers: the host's, and its own
// (proc_pid_status(5), NSpid).
func (c *cli) printPIDs(chosen []container.Status) error {
	w := tabwriter.NewWriter(c.Out, 0, 1, 3, ' ', 0)
	fmt.Fprintln(w, "CONTAINER\tHOST PID\tINSIDE\tCOMMAND")
	for _, s := range chosen {
		if s.PID == 0 {
			fmt.Fprintf(w, "%s\t-\t-\t(%s)\n", s.Name, strings.ToLower(s.Word))
			continue
		}
		processes, err := c.home().Processes(s.State)
		if err != nil {
			continue // it has ended since
		}
		for _, p := range processes {
			fmt.Fprintf(w, "%s\t%d\t%d\t%s%s\n", s.Name, p.PID, p.Inside, strings.Repeat("  ", p.Depth), p.Command())
		}
	}
	return w.Flush()
}
