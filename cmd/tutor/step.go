//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"tutor/explain"
	"tutor/labs"
	"tutor/runtime/container"
	"tutor/runtime/process"
)

// A stepper lets a person go through a start entry by entry, while the host keeps the baton: what an entry will do,
// then what it did and what that has changed. It talks to the terminal itself (tty(4)), because standard input and
// output are the command's.
type stepper struct {
	*tracer
	tty    *os.File
	keys   *labs.Keyboard
	views  []explain.View // before the entry that is about to run
	next   int            // the first entry whose calls were not shown
	steady bool           // the person has said "continue"
	left   bool           // or "quit"
}

// stepVariable stands for --step on every run in the foreground; `tutor lab --step` sets it.
const stepVariable = "TUTOR_STEP"

var errAborted = errors.New("step: you have ended the start; what it had done is undone")

// mayStep takes --step, or what the environment says of it. Nobody stands before a container in the background.
func (f *runFlags) mayStep() error {
	if f.detach && f.step {
		return container.Hint(errors.New("--step and -d: somebody has to press the keys"), "leave one of them out")
	}
	f.step = f.step || os.Getenv(stepVariable) != "" && !f.detach && !f.onlyShows()
	return nil
}

// newStepper finds the person.
func newStepper(t *tracer) (*stepper, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, container.Hint(fmt.Errorf("--step needs a terminal: %w", err), "--explain shows the same without a stop, --dry-run without running it")
	}
	keys, err := labs.NewKeyboard(tty)
	if err != nil {
		return nil, err
	}
	s := &stepper{tracer: t, tty: tty, keys: keys}
	s.style = styleOn(tty)
	return s, nil
}

func (s *stepper) close() {
	s.keys.Close()
	s.tty.Close()
}

// watch is what the stepper wants to see: everything.
func (s *stepper) watch() container.Watch {
	w := s.tracer.watch()
	traced := w.Pause
	return container.Watch{
		Stops: func(int) bool { return true },
		Pause: func(r *process.Running, op int) error {
			if traced != nil && op == len(s.program())-1 {
				traced(r, op)
			}
			return s.pause(r, op)
		},
		Started: func(r *process.Running) {
			s.did(r, len(s.program()))
			fmt.Fprintln(s.tty, "The command runs.")
			s.keys.Close()
			if w.Started != nil {
				w.Started(r)
			}
		},
		Failed: func(r *process.Running) {
			if !s.left { // of an entry that somebody did not want there is nothing to be seen
				s.did(r, s.begun(r))
			}
			if w.Failed != nil {
				w.Failed(r)
			}
		},
		Ended: w.Ended,
	}
}

// pause shows what has happened since the last stop, and what comes next, and waits.
func (s *stepper) pause(r *process.Running, op int) error {
	if s.steady || !s.program()[op].Runs() {
		return nil
	}
	s.did(r, op)
	if len(s.views) == 0 {
		s.views = s.look(r)
		fmt.Fprintf(s.tty, "A start, entry by entry. Enter: do it   s: a shell in what is there   c: all the rest   q: end it\n\n")
	}
	s.tells(op)
	for {
		fmt.Fprint(s.tty, "["+s.program()[op].Name+"] ")
		key := s.keys.Key()
		fmt.Fprintln(s.tty)
		switch key {
		case labs.Enter:
			return nil
		case 'c':
			s.steady = true
			return nil
		case 's':
			s.shell(r.PID)
		case 'q', labs.Stop, labs.Gone:
			s.left = true
			return errAborted
		case '?', 'h':
			fmt.Fprintln(s.tty, "Enter: do it   s: a shell in what is there   c: all the rest   q: end it")
		}
	}
}

// tells says what an entry is for and what it will do.
func (s *stepper) tells(op int) {
	explain.DryRun(s.tty, s.program()[op:op+1], s.style)
}

// did shows the calls that were made since the last stop, and what looks different now.
func (s *stepper) did(r *process.Running, last int) {
	if s.next == last || s.steady {
		s.next = last
		return
	}
	trace := s.trace(r)
	for op := s.next; op < last; op++ {
		explain.Calls(s.tty, trace, s.style, op)
	}
	s.next = last
	if s.views == nil {
		return
	}
	now := s.look(r)
	s.changes(s.views, now)
	s.views = now
}

// look sees the child from both sides, or before its birth the host alone; and which groups there are.
func (s *stepper) look(r *process.Running) []explain.View {
	views := explain.Look(os.Getpid(), s.groups)
	for i := range views {
		if views[i].Host != "-" { // a limit has no other side
			views[i].Container = "-"
		}
	}
	if r.PID != 0 {
		views = explain.Look(r.PID, s.groups)
	}
	for _, dir := range s.groups {
		if _, err := os.Stat(dir); err == nil {
			views = append(views, explain.View{What: "group " + filepath.Dir(dir), Host: "a new directory", Container: "-"})
		}
	}
	return views
}

// changes prints what is not as it was: on the host, and inside.
func (s *stepper) changes(before, now []explain.View) {
	old := map[string]explain.View{}
	for _, v := range before {
		old[v.What] = v
	}
	some := false
	for _, v := range now {
		was, known := old[v.What]
		if !known {
			was = explain.View{Host: "-", Container: "-"}
		}
		some = s.change("on the host", v.What, was.Host, v.Host) || some
		some = s.change("inside", v.What, was.Container, v.Container) || some
	}
	if !some {
		fmt.Fprintln(s.tty, "    (nothing that shows in PIDs, names, mounts, networks, users or limits)")
	}
	fmt.Fprintln(s.tty)
}

func (s *stepper) change(side, what, before, now string) bool {
	if before == now || what == "processes" && side == "on the host" || what == "PID" && side == "on the host" && before == fmt.Sprint(os.Getpid()) {
		return false // others come and go there; and the trace has told of the birth
	}
	fmt.Fprintf(s.tty, "    %s, %s: %s -> %s\n", side, what, before, now)
	return true
}

// shell opens a shell in the half-built container: in every namespace that the child has by now, on the root that it
// has by now. Before its birth there is only the host.
func (s *stepper) shell(pid int) {
	cmd := exec.Command("nsenter", "--target", fmt.Sprint(pid), "--all", "--", "sh")
	if pid == 0 {
		cmd = exec.Command("sh")
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.tty, s.tty, s.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: int(s.tty.Fd())} // Ctrl-C is the shell's, not ours
	fmt.Fprintln(s.tty, "Type exit to come back.")
	done := make(chan error)
	err := s.keys.Lend(func() error {
		go func() { done <- cmd.Run() }() // this thread's children would be born into the container's PID namespace
		defer s.reclaim()
		return <-done
	})
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		fmt.Fprintln(s.tty, "tutor: step: no shell:", err)
	}
}

// reclaim makes this the terminal's foreground again. In the background the kernel stops who changes the terminal
// (SIGTTOU, termios(3)), unless the signal is ignored.
func (s *stepper) reclaim() {
	signal.Ignore(unix.SIGTTOU)
	defer signal.Reset(unix.SIGTTOU)
	unix.IoctlSetPointerInt(int(s.tty.Fd()), unix.TIOCSPGRP, unix.Getpgrp())
}
