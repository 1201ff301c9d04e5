//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// explainFlags say whether, how and where to trace.
type explainFlags struct {
	form  string // "", "text" or "json"
	to    string // a file; "": standard error
	below bool   // append to that file
}

func (f *explainFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.form, "explain", "", "Print every system call that tutor makes, and both views of the process: text or json")
	flags.Lookup("explain").NoOptDefVal = "text"
	flags.StringVar(&f.to, "explain-to", "", "Write the trace to a file (default: standard error)")
}

// takeFrom takes our flags out of what stands after the image, up to a "--". One "--" right at the start only
// says that what follows is the command's.
func (f *explainFlags) takeFrom(args []string) (command []string, err error) {
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
