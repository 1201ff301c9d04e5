//go:build linux

package main

import "github.com/spf13/cobra"

// newContainer is Docker's other way to say the same: `container ls` for `ps`.
func newContainer(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "container COMMAND", Short: "Manage containers", Example: "  tutor container ls -a\n  tutor container prune"}
	command.AddCommand(
		newAttach(c),
		newCommit(c),
		newCreate(c),
		newCp(c),
		newDiff(c),
		newExec(c),
		newExport(c),
		newInspect(c, "container"),
		newKill(c),
		newLogs(c),
		renamed(newPs(c), "ps", "ls", "list", "ps"),
		newPause(c),
		newPort(c),
		newContainerPrune(c),
		newRename(c),
		newRestart(c),
		newRm(c),
		newRun(c),
		newStart(c),
		newStats(c),
		newStop(c),
		newTop(c),
		newUnpause(c),
		newUpdate(c),
		newWait(c),
	)
	return command
}
