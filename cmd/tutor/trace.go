package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/pflag"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/terminal"
)

// explainFlags say whether, how and where to trace.
type explainFlags struct {
	form string // "", "text" or "json"
	to   string // a file; "": standard error
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

// A tracer prints a container's start while it happens.
type tracer struct {
	container *container.Container
	form      string
	out       io.Writer
	file      *os.File
	style     explain.Style
	views     []explain.View
	printed   int // Ops so far
	inside    int
}

func (f *explainFlags) open(ctr *container.Container, stderr io.Writer) (*tracer, error) {
	if f.to != "" && f.form == "" {
		f.form = "text"
	}
	if f.form != "" && f.form != "text" && f.form != "json" {
		return nil, container.Hint(fmt.Errorf("invalid argument %q for \"--explain\" flag", f.form), "--explain, --explain=text or --explain=json")
	}
	t := &tracer{container: ctr, form: f.form, out: stderr}
	if f.to != "" {
		file, err := os.Create(f.to)
		if err != nil {
			return nil, err
		}
		t.file, t.out = file, file
	}
	t.style = explain.NewStyle(f.to == "" && coloured(os.Stderr))
	return t, nil
}

// coloured tells if f is a terminal whose user wants colours: NO_COLOR (no-color.org) says no.
func coloured(f *os.File) bool {
	return terminal.Is(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && !color.NoColor
}

func (t *tracer) close() {
	if t.file != nil {
		t.file.Close()
	}
}

// watch is what the tracer wants to see. The child stands still before its last entry, so that the two views
// are of a process that is there.
func (t *tracer) watch() container.Watch {
	if t.form == "" {
		return container.Watch{}
	}
	last := len(t.container.Program) - 1
	return container.Watch{
		Stops: func(op int) bool { return op == last },
		Pause: func(r *process.Running, _ int) error {
			t.inside = explain.Inside(r.PID)
			t.views = explain.Look(r.PID, t.container.Plan.Group.Dirs())
			t.print(r, last)
			return nil
		},
		Started: func(r *process.Running) {
			t.print(r, last+1)
			t.finish(r)
		},
		Failed: func(r *process.Running) {
			t.print(r, t.begun(r))
			t.undone(r)
		},
		Ended: t.ended,
	}
}

// begun is how many Ops have done something.
func (t *tracer) begun(r *process.Running) int {
	n := 0
	for _, result := range r.Results() {
		n = max(n, result.Op+1)
	}
	return n
}

func (t *tracer) trace(r *process.Running) explain.Trace {
	inside := t.inside
	if inside == 0 {
		inside = r.PID
		if op := t.container.Program.Find("pid-ns"); op != nil && op.Runs() {
			inside = 1
		}
	}
	return explain.Trace{Program: t.container.Program, HostPID: os.Getpid(), PID: r.Born(), Inside: inside,
		Command: strings.Join(t.container.State.Command, " "), Results: r.Results(), Views: t.views}
}

// print prints the Ops that have not been printed, up to last.
func (t *tracer) print(r *process.Running, last int) {
	trace := t.trace(r)
	if t.form == "json" {
		explain.JSON(t.out, trace, t.printed, last)
	} else {
		if t.printed == 0 {
			explain.Header(t.out, t.style)
		}
		explain.Text(t.out, trace, t.style, t.printed, last)
	}
	t.printed = max(t.printed, last)
}

func (t *tracer) finish(r *process.Running) {
	trace := t.trace(r)
	if t.form == "json" {
		explain.JSONProcess(t.out, trace)
		explain.JSONViews(t.out, trace)
		return
	}
	explain.Views(t.out, trace, t.style)
}

func (t *tracer) ended(r *process.Running, status int) {
	if t.form == "json" {
		explain.JSONExit(t.out, t.trace(r), status)
	}
	t.undone(r)
}

func (t *tracer) undone(r *process.Running) {
	if t.form == "json" {
		explain.JSONUndone(t.out, t.trace(r))
		return
	}
	explain.Undone(t.out, t.trace(r), t.style)
}

// dryRun prints the Program; nothing runs.
func (t *tracer) dryRun(stdout io.Writer) error {
	out := stdout
	if t.file != nil {
		out = t.file
	}
	if t.form == "json" {
		return explain.JSONDryRun(out, t.container.Program)
	}
	explain.DryRun(out, t.container.Program, explain.NewStyle(t.file == nil && coloured(os.Stdout)))
	return nil
}
