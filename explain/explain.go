// Package explain prints a Program and what became of it: as text for people, as JSON for programs. It knows
// nothing that is not in the list or in /proc: what it prints is what ran.
package explain

import (
	"fmt"
	"strings"
	"time"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Trace is a start, or the part of it that has happened so far.
type Trace struct {
	Program program.Program
	Before  int              // how many calls were printed before those of this Program
	HostPID int              // tutor itself
	PID     int              // the child, as the host sees it; 0: not born
	Inside  int              // the child, as it sees itself
	Command string           // what it becomes
	Results []program.Result // in the order of the Program, Undo last
	Views   []View
}

// A View is one thing looked at from both sides.
type View struct{ What, Host, Container string }

// pids are whose hand made the call: host PID and container PID, 0 for the host's hand.
func (t Trace) pids(op program.Op) (host, container int) {
	if op.By == program.Child {
		return t.PID, t.Inside
	}
	return t.HostPID, 0
}

// answer is the result as strace writes it. A call that never came back is execve: the process is another
// program from then on, and that is success.
func answer(r program.Result) string {
	if r.End == 0 {
		return "0"
	}
	return r.Call.ResultText(r.Value)
}

func duration(r program.Result) time.Duration {
	if r.End == 0 {
		return 0
	}
	return time.Duration(r.End - r.Start)
}

// callText is the call as strace prints it. Of many messages in one call it has the head of the first, as they are listed below it.
func callText(call sys.Call, registers []uintptr) string {
	args := call.Texts(registers)
	for i, text := range args {
		if more := len(call.Messages) - 1; more > 1 && strings.HasPrefix(text, "[{nlmsg_type=") {
			args[i] = fmt.Sprintf("[%s, ... %d more]", call.Messages[0], more)
		}
	}
	return call.Name + "(" + strings.Join(args, ", ") + ")"
}

func errnoName(r program.Result) string {
	if r.Errno() == 0 {
		return ""
	}
	return sys.ErrnoName(r.Errno())
}

// birth is the line that a student should remember.
func (t Trace) birth() string {
	return fmt.Sprintf("host PID %d = container PID %d", t.PID, t.Inside)
}
