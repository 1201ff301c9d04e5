//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"tutor/runtime/layers"
	"tutor/runtime/terminal"
)

func newDiff(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "diff CONTAINER",
		Short: "Inspect changes to files or directories on a container's filesystem",
		Long: "diff lists what a container has changed, against the layers of its image: A is added, C is changed (or\n" +
			"something in the directory is), D is deleted.",
		Example:           "  tutor diff web\n  tutor diff web | grep ^D",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctr, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			out, toPerson := bufio.NewWriter(c.Out), terminal.Is(os.Stdout)
			err = c.home().Diff(cmd.Context(), ctr, func(change layers.Change) error {
				if toPerson {
					change.Path = strings.Map(printable, change.Path)
				}
				_, err := fmt.Fprintf(out, "%c %s\n", change.Kind, change.Path)
				return err
			})
			if err != nil {
				return err
			}
			return out.Flush()
		},
	}
}

// printable shows a control character as "?", as ls does on a terminal: the container chose these names, and an
// escape sequence in one could type into the terminal of whoever looks.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return '?'
	}
	return r
}
