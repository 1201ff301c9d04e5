package process

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// An Error is an Op that failed. errors.Is(err, unix.EPERM) sees the kernel's answer through it.
type Error struct {
	Op     program.Op
	Result program.Result
}

func (e *Error) Error() string {
	r := e.Result
	if r.Refused() != 0 {
		return fmt.Sprintf("%s: %s = %s (%s)", e.Op.Name, asked(r.Call.Asked), sys.ErrnoName(r.Refused()), r.Refused().Error())
	}
	args := strings.Join(r.Call.Texts(r.Registers), ", ")
	return fmt.Sprintf("%s: %s(%s) = %s (%s)", e.Op.Name, r.Call.Name, args, sys.ErrnoName(r.Errno()), r.Errno().Error())
}

func (e *Error) Unwrap() error { return e.Result.Cause() }

// asked is what the kernel was asked for and refused: a message, with what it is about.
func asked(messages []sys.Message) string {
	m := messages[len(messages)-1]
	for _, one := range messages { // of a batch what adds or removes, not its frame
		if len(one.Attributes) > 0 {
			m = one
		}
	}
	var parts []string
	for _, pair := range m.Pairs() {
		parts = append(parts, pair[0]+"="+pair[1])
	}
	return m.Name + "{" + strings.Join(parts, ", ") + "}"
}

// Docker's exit codes for a container that did not come to run (docker-run(1)).
const (
	ExitOurs       = 125 // the error is tutor's own
	ExitNoExec     = 126 // the command cannot be invoked
	ExitNotFound   = 127 // the command is not there
	exitSignalBase = 128 // plus the number of the signal that ended the command
)

// ExitCode is the exit status that stands for err: 127 if the command is not there, 126 if it cannot be
// invoked, else 125.
func ExitCode(err error) int {
	var failed *Error
	if !errors.As(err, &failed) || failed.Result.Call.Number != unix.SYS_EXECVE {
		return ExitOurs
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return ExitNotFound
	}
	return ExitNoExec
}

// Status turns what wait4(2) says into an exit status: the process's own, or 128 plus the signal.
func Status(status unix.WaitStatus) int {
	if status.Signaled() {
		return ExitSignal(status.Signal())
	}
	return status.ExitStatus()
}

// ExitSignal is the exit status of who was ended by a signal.
func ExitSignal(s unix.Signal) int { return exitSignalBase + int(s) }
