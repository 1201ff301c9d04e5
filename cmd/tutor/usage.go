//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

// sayUsage lets every command that is given too few arguments, or too many, say so in Docker's words, and how it is
// used. Cobra's "accepts 1 arg(s), received 0" alone sends people to a page of help for one line of it.
func sayUsage(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil || asDocker(err.Error()) == "" {
				return err
			}
			return container.Hint(fmt.Errorf("'%s' %s", cmd.CommandPath(), asDocker(err.Error())), cmd.UseLine())
		}
	}
	for _, below := range command.Commands() {
		sayUsage(below)
	}
}

// asDocker turns what cobra says of a number of arguments into what docker says: "requires at least 1 argument". It
// is empty for what is not about their number.
func asDocker(words string) string {
	if strings.HasPrefix(words, "unknown command") {
		return "accepts no arguments"
	}
	count, _, counted := strings.Cut(words, " arg(s)")
	if !counted {
		return ""
	}
	count = strings.Replace(count, "accepts", "requires", 1) + " argument"
	if strings.HasSuffix(count, " 1 argument") {
		return count
	}
	return count + "s"
}
