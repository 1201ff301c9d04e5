//go:build linux

package main

import "github.com/spf13/cobra"

// newSystem is what concerns the machine as a whole, as docker groups it.
func newSystem(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "system COMMAND", Short: "Manage tutor's place on this machine",
		Example: "  tutor system df\n  tutor system info"}
	command.AddCommand(
		newSystemDf(c),
		newSystemPrune(c),
		newInfo(c),
	)
	return command
}
