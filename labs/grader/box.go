package grader

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// launch carries out a Program on a thread of its own, which ends with it: the next child of a thread that has done
// unshare(CLONE_NEWPID) is always born in the new namespace, and what filters the thread filters the child.
func launch(p program.Program) (*process.Running, error) {
	var running *process.Running
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		filter, err := privileges.Assemble(&needless)
		if err == nil {
			err = process.FilterThread(filter)
		}
		if err != nil {
			done <- err
			return
		}
		if running, err = process.Start(p, process.Hooks{}); err != nil && running != nil {
			running.Close()
			running = nil
		}
		done <- err
	}()
	err := <-done
	return running, err
}

// A command is one call of box.
type command struct {
	args, env []string
	dir       string
}

// A Box is one call of the student's program, still running or not.
type Box struct {
	PID            int // on the host
	args           []string
	Stdout, Stderr *output
	stdin          *os.File
	sandbox        *Sandbox
	running        *process.Running
	ended          chan struct{}
	status         unix.WaitStatus
	never          error // why COMMAND was not seen to run
}

// Box starts box with these arguments.
func (s *Sandbox) Box(args ...string) (*Box, error) { return s.box(command{args: args, dir: "/"}) }

func (s *Sandbox) box(c command) (*Box, error) {
	line := "sudo " + shellWords(append([]string{s.name}, c.args...))
	if len(c.env) > 0 {
		line = "sudo env " + shellWords(c.env) + strings.TrimPrefix(line, "sudo")
	}
	s.ran = append(s.ran, line)
	c.args = append([]string{boxDir + "/box"}, c.args...)
	if s.tracing {
		c.args = s.strace(c.args)
	}
	b, err := s.launch(c)
	switch {
	case errors.Is(err, unix.EACCES):
		return nil, wrong(s.name+" to be a program", "the kernel says: "+err.Error(),
			"it may not be executed, or the program that its first line names may not", "ls -l shows an x for whoever may", "chmod +x "+shellWords([]string{s.name}))
	case errors.Is(err, unix.ENOEXEC), errors.Is(err, unix.ENOENT):
		return nil, wrong(s.name+" to be a program", "the kernel says: "+err.Error(),
			"a script needs a first line such as #!/bin/sh", "the program that it names must lie below /usr", "build it for this machine: GOOS=linux")
	}
	if state := Process(s.PID).State(); err != nil && (state == "" || state == "Z") {
		return nil, wrong("box to leave others alone", "it has ended PID 1 of the sandbox")
	}
	return b, err
}

// Probe runs one with no box around it.
func (s *Sandbox) Probe(args ...string) (*Box, error) {
	return s.launch(command{args: append([]string{ToolDir + "/tutor", "probe"}, args...), dir: "/"})
}

// launch starts a program in the sandbox, with three pipes of the grader's.
func (s *Sandbox) launch(c command) (*Box, error) {
	var pipe [3]struct{ r, w *os.File }
	for i := range pipe {
		var err error
		if pipe[i].r, pipe[i].w, err = os.Pipe(); err != nil {
			return nil, err
		}
	}
	pipes := process.NewPipes()
	pipes.In.Give(int(pipe[0].r.Fd()))
	pipes.Out.Give(int(pipe[1].w.Fd()))
	pipes.Err.Give(int(pipe[2].w.Fd()))
	running, err := launch(s.entry(pipes, c))
	pipe[0].r.Close()
	pipe[1].w.Close()
	pipe[2].w.Close()
	if err != nil {
		for _, f := range []*os.File{pipe[0].w, pipe[1].r, pipe[2].r} {
			f.Close()
		}
		return nil, err
	}
	b := &Box{PID: running.PID, args: c.args, sandbox: s, running: running, ended: make(chan struct{}),
		stdin: pipe[0].w, Stdout: read(pipe[1].r), Stderr: read(pipe[2].r)}
	s.boxes = append(s.boxes, b)
	go b.await()
	return b, nil
}

// await hears from the kernel how the process ended.
func (b *Box) await() {
	for {
		if _, err := unix.Wait4(b.PID, &b.status, 0, nil); err != unix.EINTR {
			break
		}
	}
	close(b.ended)
}

// Ended tells if box has ended.
func (b *Box) Ended() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// Wait waits for box's end; a Failure if that does not come.
func (b *Box) Wait() error {
	if b.sandbox.until(b.Ended) {
		b.drain()
		return nil
	}
	return wrong("box to end", fmt.Sprintf("it still runs after %v", b.sandbox.patience),
		"box must end when COMMAND has ended", "wait for COMMAND's PID, not for its output: wait4(2)")
}

// drain waits for the last words, which may still be in the pipes. Whom box has left behind may keep these open.
func (b *Box) drain() {
	for deadline := time.Now().Add(b.sandbox.patience / 8); !(b.Stdout.closed() && b.Stderr.closed()) && time.Now().Before(deadline); {
		time.Sleep(200 * time.Microsecond)
	}
}

// Code is the exit code as a shell shows it in $?.
func (b *Box) Code() string { return fmt.Sprint(process.Status(b.status)) }

// Status says how box ended, and what it complained of.
func (b *Box) Status() string {
	text := "exit code " + b.Code()
	if b.status.Signaled() {
		text = "box was killed by " + unix.SignalName(b.status.Signal())
	}
	if said := firstLine(b.Stderr.String()); said != "" {
		text += ", and on stderr " + quote(said)
	}
	return text
}

// Say writes to box's stdin, and closes it after the last word if end is true.
func (b *Box) Say(text string, end bool) {
	go func() { // box may never read it
		io.WriteString(b.stdin, text)
		if end {
			b.stdin.Close()
		}
	}()
}

// Signal sends box a signal, as kill(1) does.
func (b *Box) Signal(s unix.Signal) { unix.Kill(b.PID, s) }

// reap ends with a box that may still run.
func (b *Box) reap() error {
	unix.Kill(b.PID, unix.SIGKILL)
	<-b.ended
	b.stdin.Close()
	b.running.Undo() // closes what the entry has opened
	b.running.Close()
	return nil
}

// outputLimit is how much of an output is kept. The rest is read and forgotten, so that box can go on.
const outputLimit = 1 << 20

// An output is what box has written so far.
type output struct {
	mutex sync.Mutex
	text  []byte
	done  bool
}

func read(from *os.File) *output {
	o := &output{}
	go func() {
		defer from.Close()
		piece := make([]byte, 32<<10)
		for {
			n, err := from.Read(piece)
			o.mutex.Lock()
			o.text = append(o.text, piece[:min(n, outputLimit-len(o.text))]...)
			o.done = err != nil
			o.mutex.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return o
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return string(o.text)
}

func (o *output) closed() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.done
}
