package main

import "github.com/spf13/cobra"

// newLab has only what concerns exercises, until the lessons come.
func newLab(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "lab", Short: "Do a lab's exercise"}
	command.AddCommand(newLabStart(c), newLabReset(c))
	return command
}
