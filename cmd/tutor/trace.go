//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/terminal"
)

// A subject is a Program that a tracer looks at: the start of a container, or of one more command in it.
type subject struct {
	program func() program.Program // a start's is complete only once it has its addresses
	groups  []string               // directories of the groups whose limits are shown
	command []string               // what the child becomes
	inside  func() int             // the child's PID as it sees itself, before anybody has looked; 0: not known
}

// A tracer prints a start while it happens.
type tracer struct {
	sink
	subject
	form    string
	views   []explain.View
	printed int // Ops so far
	before  int // calls of Programs that were carried out before
}

// A sink is where a trace goes.
type sink struct {
	out   io.Writer
	file  *os.File // to be closed; nil: standard error
	style explain.Style
}

// sink checks the flags and opens the file. It is called once the command is known to be well-formed.
func (f *explainFlags) sink(stderr io.Writer) (sink, error) {
	if f.to != "" && f.form == "" {
		f.form = "text"
	}
	if f.form != "" && f.form != "text" && f.form != "json" {
		return sink{}, container.Hint(fmt.Errorf("invalid argument %q for \"--explain\" flag", f.form), "--explain, --explain=text or --explain=json")
	}
	if f.to == "" {
		return sink{out: stderr, style: styleOn(os.Stderr)}, nil
	}
	file, err := os.OpenFile(f.to, os.O_WRONLY|os.O_CREATE|f.keep(), 0o666)
	if err != nil {
		return sink{}, container.Hint(fmt.Errorf("--explain-to: %w", err), "a file that can be written, in a folder that is there")
	}
	return into(file, os.Getenv(markVariable)), nil
}

// into is a file that --explain-to has named.
func into(file *os.File, mark string) sink {
	s := sink{out: file, file: file, style: explain.NewStyle(false)}
	if lab, err := strconv.Atoi(mark); err == nil {
		s.style = s.style.Marking(lab)
	}
	return s
}

// These variables stand for --explain --explain-to FILE on every run, start and exec that has no --explain of its own, one
// trace below the other, and mark what a lab has added. `tutor lab` sets them for the commands of a lesson.
const (
	toVariable   = "TUTOR_EXPLAIN_TO"
	markVariable = "TUTOR_EXPLAIN_MARK"
)

// ambient takes what the environment says, where the command line says nothing.
func (f *explainFlags) ambient() {
	if to := os.Getenv(toVariable); to != "" && f.form == "" && f.to == "" {
		f.form, f.to, f.below = "text", to, true
	}
}

func (f *explainFlags) keep() int {
	if f.below {
		return os.O_APPEND
	}
	return os.O_TRUNC
}

func (s sink) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// print is a Program that was carried out from its beginning to its end, and what was undone of it.
func (f *explainFlags) print(s sink, t explain.Trace) {
	switch f.form {
	case "json":
		explain.JSON(s.out, t, 0, len(t.Program))
		explain.JSONProcess(s.out, t)
		explain.JSONUndone(s.out, t)
	case "text":
		explain.Header(s.out, s.style)
		explain.Text(s.out, t, s.style, 0, len(t.Program))
		explain.Undone(s.out, t, s.style)
	}
}

// startOf is what there is to see of a container's start. Its first process is PID 1 inside, unless that was left out.
func startOf(ctr *container.Container) subject {
	inside := 0
	if op := ctr.Program.Find("pid-ns"); op != nil && op.Runs() {
		inside = 1
	}
	return subject{func() program.Program { return ctr.Program }, ctr.Plan.Group.Dirs(), ctr.State.Command, func() int { return inside }}
}

func (f *explainFlags) trace(of subject, stderr io.Writer) (*tracer, error) {
	f.ambient()
	s, err := f.sink(stderr)
	if err != nil {
		return nil, err
	}
	return &tracer{sink: s, subject: of, form: f.form}, nil
}

// coloured tells if f is a terminal whose user wants colours: NO_COLOR (no-color.org) says no.
func coloured(f *os.File) bool {
	return terminal.Is(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && !color.NoColor
}

// styleOn is the style for what is printed on f.
func styleOn(f *os.File) explain.Style { return styled(f, coloured(f)) }

func styled(f *os.File, colour bool) explain.Style {
	style := explain.NewStyle(colour)
	if terminal.Is(f) {
		style = style.Within(int(terminal.SizeOf(f).Columns))
	}
	return style
}

// watch is what the tracer wants to see. The child stands still before its last entry, so that the two views
// are of a process that is there.
func (t *tracer) watch() container.Watch {
	if t.form == "" {
		return container.Watch{}
	}
	last := len(t.program()) - 1
	return container.Watch{
		Made:  t.made,
		Stops: func(op int) bool { return op == last },
		Pause: func(r *process.Running, _ int) error {
			t.views = explain.Look(r.PID, t.groups)
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
			t.before += len(r.Results())
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
	inside := t.inside()
	if inside == 0 {
		inside = r.Born()
	}
	return explain.Trace{Program: t.program(), Before: t.before, HostPID: os.Getpid(), PID: r.Born(), Inside: inside,
		Command: strings.Join(t.command, " "), Results: r.Results(), Views: t.views}
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
	t.before += len(r.Results())
}

// made prints what was done for the networks, before the container and after it.
func (t *tracer) made(p program.Program, r *process.Running) {
	trace := explain.Trace{Program: p, Before: t.before, HostPID: os.Getpid(), Results: r.Results()}
	t.before += len(trace.Results)
	if t.form == "json" {
		explain.JSON(t.out, trace, 0, len(p))
		explain.JSONUndone(t.out, trace)
		return
	}
	explain.Header(t.out, t.style)
	explain.Text(t.out, trace, t.style, 0, len(p))
	explain.Undone(t.out, trace, t.style)
}

func (t *tracer) undone(r *process.Running) {
	if t.form == "json" {
		explain.JSONUndone(t.out, t.trace(r))
		return
	}
	explain.Undone(t.out, t.trace(r), t.style)
}

// dryRun prints a Program that nobody carries out. It is what the command is asked for, and no trace: what the environment
// says of traces does not lead it elsewhere.
func (f *explainFlags) dryRun(c *cli, p program.Program) error {
	s, err := f.sink(c.Err)
	if err != nil {
		return err
	}
	defer s.close()
	return s.dryRun(c.Out, f.form, p)
}

// dryRun prints a Program; nothing runs.
func (s sink) dryRun(stdout io.Writer, form string, p program.Program) error {
	out, style := stdout, styleOn(os.Stdout)
	if s.file != nil {
		out, style = s.file, s.style
	}
	if form == "json" {
		return explain.JSONDryRun(out, p)
	}
	explain.DryRun(out, p, style)
	return nil
}
