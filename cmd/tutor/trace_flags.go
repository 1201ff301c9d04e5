//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// explainFlags say whether, how and where to trace.
type explainFlags struct {
	form  string // "", "text" or "json"
	to    string // a file; "": standard error
	below bool   // append to that file
	flags *pflag.FlagSet
}

func (f *explainFlags) define(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.form, "explain", "", "Print every system call that tutor makes, and both views of the process: text or json")
	flags.Lookup("explain").NoOptDefVal = "text"
	flags.StringVar(&f.to, "explain-to", "", "Write the trace to a file (default: standard error)")
}

// behind puts our flags from before a command's name behind it: tutor --explain run is tutor run --explain.
func behind(root *cobra.Command, args []string) []string {
	n := 0
	for n < len(args) && (args[n] == "--explain" || strings.HasPrefix(args[n], "--explain=") || strings.HasPrefix(args[n], "--explain-to")) {
		if args[n] == "--explain-to" {
			n++ // its file
		}
		n++
	}
	if n == 0 || n >= len(args) {
		return args
	}
	command, rest, err := root.Find(args[n:])
	if err != nil || command == root {
		return args
	}
	names := args[n : len(args)-len(rest)]
	return slices.Concat(names, args[:n], rest)
}

// takeFrom takes our flags out of what stands after the image, up to a "--". One "--" right at the start only
// says that what follows is the command's; where one stood before the image, all is.
func (f *explainFlags) takeFrom(args []string) (command []string, err error) {
	if f.flags != nil && f.flags.ArgsLenAtDash() == 0 {
		return args, nil
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			if len(command) == 0 {
				return args[i+1:], nil
			}
			return append(command, args[i:]...), nil
		}
		if arg == "--explain" {
			f.form = "text"
			continue
		}
		if form, found := strings.CutPrefix(arg, "--explain="); found {
			f.form = form
			continue
		}
		if to, found := strings.CutPrefix(arg, "--explain-to="); found {
			f.to = to
			continue
		}
		if arg == "--explain-to" {
			if i++; i == len(args) {
				return nil, fmt.Errorf("flag needs an argument: --explain-to")
			}
			f.to = args[i]
			continue
		}
		command = append(command, arg)
	}
	return command, nil
}
