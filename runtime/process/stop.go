package process

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A container is ended by its first process: when that is gone the kernel kills the rest of the PID namespace.

// Hold takes hold of the process that is to be stopped. Whoever sends a signal to a number may hit a stranger who
// has got that number since.
func Hold(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "hold",
		Lab:   1,
		By:    program.Host,
		Why:   "a PID may be a stranger's a moment later, and the signal would be for him; this descriptor means the container's first process for good",
		Shell: fmt.Sprintf("ps -o pid,lstart,args -p %d", pid),
		Man:   "pidfd_open(2)",
		Calls: []sys.Call{sys.Pidfd(pid, target)},
		Undo:  []sys.Call{sys.Close(target).Tolerate(unix.EBADF)}, // it was never opened
	}
}

// Send sends the first process a signal. SIGTERM is a request: the process may tidy up, and as PID 1 it does not even
// hear it unless it has a handler (pid_namespaces(7)).
func Send(pid int, target *sys.Result, signal unix.Signal) program.Op {
	op := program.Op{
		Name:  "signal",
		Lab:   1,
		By:    program.Host,
		Why:   "asks the process to end: it may finish what it is at, and write down what must not be lost",
		Shell: fmt.Sprintf("kill -s %s %d", strings.TrimPrefix(sys.SignalName(signal), "SIG"), pid),
		Man:   "pidfd_send_signal(2)",
		Calls: []sys.Call{sys.PidfdSendSignal(target, signal)},
	}
	if signal == unix.SIGKILL {
		op.Why = "ends the process at once, whatever it is at: this one signal cannot be caught"
	}
	return op
}

// Await waits for the end of the process, so many seconds at most; below 0 there is no bound. ended is 1 if it came.
func Await(pid int, target *sys.Result, seconds int, ended *sys.Result) program.Op {
	op := program.Op{
		Name:  "wait",
		Lab:   1,
		By:    program.Host,
		Why:   "to tidy up takes time: killed at once, a database would have to repair itself at its next start",
		Shell: fmt.Sprintf("timeout %d tail --pid %d -f /dev/null", seconds, pid),
		Man:   "poll(2)",
		Calls: []sys.Call{sys.Ppoll(target, seconds, ended)},
	}
	if seconds < 0 {
		op.Shell = fmt.Sprintf("tail --pid %d -f /dev/null", pid)
	}
	return op
}

// Kill ends a process that has not ended by itself. One that has, in the last moment, is no failure.
func Kill(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "kill",
		Lab:   1,
		By:    program.Host,
		Why:   "a process that does not hear the first signal, or will not, would run for ever; SIGKILL asks nobody",
		Shell: fmt.Sprintf("kill -s KILL %d", pid),
		Man:   "signal(7)",
		Calls: []sys.Call{sys.PidfdSendSignal(target, unix.SIGKILL).Tolerate(unix.ESRCH)},
	}
}
