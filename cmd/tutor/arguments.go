//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

// strict has a command and all below it say, in Docker's words and with how it is typed, that there are too few or too
// many arguments, or that there is no such command below it: cobra would print help then and end with 0.
func strict(command *cobra.Command) {
	for _, name := range []string{"format", "filter"} {
		if command.Flags().Lookup(name) != nil {
			command.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
		}
	}
	for _, below := range command.Commands() {
		strict(below)
	}
	if command.HasSubCommands() && !command.Runnable() {
		command.Args, command.RunE = cobra.ArbitraryArgs, only
		return
	}
	check := command.Args
	if check == nil {
		return
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err == nil {
			return nil
		}
		said := container.Hint(fmt.Errorf("'%s' %s", cmd.CommandPath(), wanted(cmd, check)), "Usage: "+typed(cmd))
		if f := (failure{}); errors.As(err, &f) {
			return failure{said, f.status} // tutor grade has an exit code of its own for this
		}
		return said
	}
}

// only is a command that is there for those below it.
func only(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := cmd.CommandPath() + " --help"
	if instead := others[args[0]]; instead != "" && !cmd.HasParent() {
		return container.Hint(fmt.Errorf("tutor has no %s", args[0]), instead)
	}
	cmd.SuggestionsMinimumDistance = 2 // letters that may be wrong
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + cmd.CommandPath() + " " + strings.Join(near, ", or "+cmd.CommandPath()+" ") + "?"
	}
	return container.Hint(fmt.Errorf("unknown command: %s %s", cmd.CommandPath(), args[0]), hint)
}

const (
	noBuild    = "tutor commit and tutor import make images; or docker build, docker save, and tutor load"
	oneMachine = "tutor knows one machine"
)

// others are commands of Docker's that tutor has not, and what does instead.
var others = map[string]string{
	"build":   noBuild,
	"builder": noBuild,
	"buildx":  noBuild,
	"compose": "a network and the containers one by one: tutor network create, tutor run --network",
	"events":  "there is no daemon that could tell: tutor ps, tutor wait, and --explain for what happens in a start",
	"search":  "hub.docker.com has the list; tutor pull NAME gets an image",
	"swarm":   oneMachine,
	"service": oneMachine,
	"stack":   oneMachine,
	"node":    oneMachine,
	"context": oneMachine,
	"config":  "configuration is /etc/tutor/config.json: docs/images.md",
}

// mostArguments is more than any command asks for.
const mostArguments = 10

// wanted says how many arguments a check lets pass, by trying.
func wanted(cmd *cobra.Command, check cobra.PositionalArgs) string {
	least, most := -1, -1
	for n := range mostArguments {
		if check(cmd, make([]string, n)) == nil {
			if least < 0 {
				least = n
			}
			most = n
		}
	}
	switch {
	case most == 0:
		return "accepts no arguments"
	case least == most:
		return "requires " + arguments(least)
	case most == mostArguments-1:
		return "requires at least " + arguments(least)
	case least == 0:
		return "requires at most " + arguments(most)
	}
	return fmt.Sprintf("requires at least %d and at most %s", least, arguments(most))
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprint(n, " arguments")
}

// typed is how a command is typed, whole.
func typed(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Use
	}
	return cmd.Parent().CommandPath() + " " + cmd.Use
}
