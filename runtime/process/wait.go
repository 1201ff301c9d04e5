package process

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that mean the command, not tutor: Ctrl-C and `kill` of tutor end in the container.
var forwarded = []os.Signal{
	unix.SIGHUP,  // the terminal is gone
	unix.SIGINT,  // Ctrl-C
	unix.SIGQUIT, // Ctrl-\
	unix.SIGTERM, // kill, and every service manager's stop
	unix.SIGUSR1, // for the command's own use
	unix.SIGUSR2,
	unix.SIGALRM,
	unix.SIGPOLL,
}

// Signals begins to collect the signals that Wait will hand on. Call it before Start, so that none is lost or
// ends tutor between the two; release gives their default meaning back. Meanwhile nobody is told of SIGPIPE, which would
// end a Go program that writes to a closed standard output: a write then fails with EPIPE, and what was begun is undone.
// It is caught and not ignored, because what is ignored stays so across execve(2).
func Signals() (signals <-chan os.Signal, release func()) {
	c, pipe := make(chan os.Signal, 64), make(chan os.Signal, 1)
	signal.Notify(c, forwarded...)
	signal.Notify(pipe, unix.SIGPIPE)
	return c, func() {
		signal.Stop(c)
		signal.Stop(pipe)
	}
}

// Wait waits for the process and returns its exit status: its own, or 128 plus the signal that ended it.
// Meanwhile it hands signals on. PID 1 of a container does not hear SIGINT and SIGTERM unless it has asked for them: the third
// of those is SIGKILL, as Docker's client gives up then.
func (r *Running) Wait(signals <-chan os.Signal) (int, error) {
	done := make(chan struct{})
	defer close(done)
	if pidfd, err := unix.PidfdOpen(r.PID, 0); err == nil { // the number may be another's once it is reaped
		go r.forward(signals, pidfd, done)
	}
	var status unix.WaitStatus
	if _, err := retry(func() (int, error) { return unix.Wait4(r.PID, &status, 0, nil) }); err != nil {
		return ExitOurs, err
	}
	return Status(status), nil
}

// Patience is how often a person asks for an end in vain.
const Patience = 3

// AsksForAnEnd tells if the signal is one with which people, and service managers, want an end.
func AsksForAnEnd(s os.Signal) bool { return s == unix.SIGINT || s == unix.SIGTERM }

func (r *Running) forward(signals <-chan os.Signal, pidfd int, done <-chan struct{}) {
	defer unix.Close(pidfd)
	for asked := 0; ; {
		select {
		case s := <-signals:
			if AsksForAnEnd(s) {
				asked++
				if r.Asked != nil {
					r.Asked(s, asked)
				}
			}
			if asked >= Patience {
				s = unix.SIGKILL
			}
			unix.PidfdSendSignal(pidfd, s.(unix.Signal), nil, 0)
		case <-done:
			return
		}
	}
}

// wait is do for a call that may take long. Go is told that this thread is away (syscall.Syscall6, not the raw one):
// otherwise a machine with one processor would stand still, signals and all, until the call comes back.
func wait(s *step, ledger []entry) bool {
	for i, from := range s.from {
		if from >= 0 {
			s.words[i] = uintptr(ledger[from].result)
		}
	}
	e := &ledger[s.entry]
	stamp(&e.start)
	value, _, errno := syscall.Syscall6(s.number, s.words[0], s.words[1], s.words[2], s.words[3], s.words[4], s.words[5])
	e.result = int64(value)
	if errno != 0 {
		e.result = -int64(errno)
	}
	stamp(&e.end)
	return errno == 0
}
