// Package process is lab 1: a process is born (clone), becomes another program (execve) and is waited for.
// It carries out a Program with two hands and one baton: the host's in Go, the child's in walk, where no Go
// can run. Where the list changes hands a byte goes over a socket pair; end of file means that the other side
// has died, or that execve has happened.
package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
)

// Hooks are the moments at which the caller may look at a start.
type Hooks struct {
	Born  func(pid int) error            // the child exists and has not done anything yet
	Stops func(op int) bool              // before this Op everything stands still, for Pause
	Pause func(r *Running, op int) error // called while everything stands still; an error ends the start
}

// Running is a started Program.
type Running struct {
	PID      int
	Asked    func(by os.Signal, times int) // is told while somebody asks for an end, before it is passed on; may be nil
	compiled *compiled
	ledger   []entry
	memory   []byte
	baton    int
	ran      int // host calls of the start that have been made; tells Undo what there is to undo
	undone   bool
}

// Start carries out p until its command runs. On an error the child is dead and reaped, and what the host's
// hand did is undone; the Running is still good for Results, and has to be closed: what is pinned for the kernel and
// lost is a panic of Go's at some later time.
//
// It locks the calling goroutine to its thread for good: unshare(CLONE_NEWPID) leaves the thread such that all
// its children are born into the new namespace.
func Start(p program.Program, hooks Hooks) (*Running, error) {
	runtime.LockOSThread()
	if hooks.Stops == nil {
		hooks.Stops = func(int) bool { return false }
	}
	c, err := compile(p, hooks.Stops)
	if err != nil {
		return nil, err
	}
	r := &Running{compiled: c, baton: -1}
	if r.ledger, r.memory, err = newLedger(len(c.calls)); err != nil {
		c.pin.Unpin()
		return nil, err
	}
	if err := r.start(hooks); err != nil {
		r.abandon()
		return r, errors.Join(err, r.Undo())
	}
	return r, nil
}

func (r *Running) start(hooks Hooks) error {
	away := false // the child has the baton
	calls := r.compiled.calls
	for i := 0; i < len(calls) && !calls[i].undo; {
		index := calls[i].op
		op := r.compiled.program[index]
		if away && (op.By == program.Host || hooks.Stops(index)) {
			if err := r.take(); err != nil {
				return err
			}
			away = false
		}
		if hooks.Stops(index) && hooks.Pause != nil {
			if err := hooks.Pause(r, index); err != nil {
				return err
			}
		}
		if op.By == program.Child && !away {
			if err := r.pass(); err != nil {
				return err
			}
			away = true
		}
		for ; i < len(calls) && calls[i].op == index && !calls[i].undo; i++ {
			if op.By == program.Child {
				continue
			}
			if err := r.host(&calls[i], hooks); err != nil {
				return err
			}
		}
	}
	if away {
		return r.executed()
	}
	return nil
}

// host makes one of the host's calls. The clone is one of them, but for that two return from it.
func (r *Running) host(cc *compiledCall, hooks Hooks) error {
	r.compiled.patch(cc.call, r.ledger)
	r.ran++
	if cc.call.Number == unix.SYS_CLONE3 {
		return r.birth(cc, hooks)
	}
	carry := do
	if cc.call.Waits {
		carry = wait
	}
	carry(&cc.step, r.ledger)
	if result := r.result(*cc); result.Failed() {
		return &Error{r.compiled.program[cc.op], result}
	}
	return nil
}

func (r *Running) birth(cc *compiledCall, hooks Hooks) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("baton: socketpair: %w", err)
	}
	steps := r.compiled.childSteps()
	syscall.ForkLock.Lock()
	fork(&cc.step, steps, r.ledger, pair)
	syscall.ForkLock.Unlock()
	unix.Close(pair[1])
	r.baton = pair[0]
	if result := r.result(*cc); result.Failed() {
		return &Error{r.compiled.program[cc.op], result}
	}
	r.PID = int(r.ledger[cc.step.entry].result)
	if hooks.Born != nil {
		return hooks.Born(r.PID)
	}
	return nil
}

// pass gives the child the baton.
func (r *Running) pass() error {
	_, err := retry(func() (int, error) { return unix.SendmsgN(r.baton, []byte{'x'}, nil, nil, unix.MSG_NOSIGNAL) })
	if err != nil {
		return r.ended()
	}
	return nil
}

// take waits until the child gives the baton back.
func (r *Running) take() error {
	if n, err := r.read(); n != 1 || err != nil {
		return r.ended()
	}
	return nil
}

// executed waits for the end of file that execve brings: the child's end of the baton is close-on-exec.
func (r *Running) executed() error {
	r.read()
	unix.Close(r.baton)
	r.baton = -1
	for _, cc := range r.compiled.calls { // any path of the search may be the one that runs
		if e := r.ledger[cc.step.entry]; cc.call.Number == unix.SYS_EXECVE && e.start[0] != 0 && e.end[0] == 0 {
			return nil
		}
	}
	return r.ended()
}

func (r *Running) read() (int, error) {
	token := make([]byte, 1)
	return retry(func() (int, error) { return unix.Read(r.baton, token) })
}

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// ended is why a child is gone that has not executed anything: the call that failed, or a signal.
func (r *Running) ended() error {
	if failed := failure(r.Results()); failed != nil {
		return &Error{r.compiled.program[failed.Op], *failed}
	}
	var status unix.WaitStatus
	if _, err := retry(func() (int, error) { return unix.Wait4(r.PID, &status, 0, nil) }); err != nil {
		return fmt.Errorf("the child is gone: %w", err)
	}
	r.PID = 0
	if status.Signaled() {
		return fmt.Errorf("the child was killed (%s) before it ran the command", unix.SignalName(status.Signal()))
	}
	return fmt.Errorf("the child ended with status %d before it ran the command", status.ExitStatus())
}

// abandon ends a start that cannot go on: the child's baton reads end of file, and a child that is past its
// last look at the baton is killed.
func (r *Running) abandon() {
	if r.baton >= 0 {
		unix.Close(r.baton)
		r.baton = -1
	}
	if r.PID == 0 {
		return
	}
	unix.Kill(r.PID, unix.SIGKILL)
	retry(func() (int, error) { return unix.Wait4(r.PID, nil, 0, nil) })
	r.PID = 0
}

// Undo runs the Undo of every Op that the host's hand began, in reverse order. It goes on after an error and
// reports all; to undo what was never done is no error. A second Undo does nothing.
func (r *Running) Undo() error {
	if r.undone {
		return nil
	}
	r.undone = true
	begun := map[int]bool{}
	ran := r.ran
	for _, cc := range r.compiled.calls {
		if !cc.undo && r.compiled.program[cc.op].By == program.Host && ran > 0 {
			begun[cc.op] = true
			ran--
		}
	}
	var errs []error
	for i := range r.compiled.calls {
		cc := &r.compiled.calls[i]
		if !cc.undo || !begun[cc.op] {
			continue
		}
		do(&cc.step, r.ledger)
		if result := r.result(*cc); result.Failed() && result.Cause() != unix.ENOENT {
			errs = append(errs, &Error{r.compiled.program[cc.op], result})
		}
	}
	return errors.Join(errs...)
}

// Close gives the ledger back; Results and Undo must not be called afterwards.
func (r *Running) Close() {
	r.compiled.pin.Unpin()
	unix.Munmap(r.memory)
}
