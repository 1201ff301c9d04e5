package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// tries is a look that does the thing.
func tries(do func(Machine) error) func(Machine) answer {
	return func(m Machine) answer { return m.outcome("works", do(m)) }
}

// outcome turns the kernel's answer into ours.
func (m Machine) outcome(works string, err error) answer {
	if err == nil {
		return answer{found: works}
	}
	return answer{found: short(err), fails: true, mend: m.cure(err)}
}

// failed is the call that failed, and the Op that it belongs to, as far as the error knows.
func failed(err error) (call, op string) {
	var ofOp *process.Error
	var ofPath *fs.PathError
	var ofCall *os.SyscallError
	switch {
	case errors.As(err, &ofOp):
		return ofOp.Result.Call.Name, ofOp.Op.Name
	case errors.As(err, &ofPath):
		return ofPath.Op, ""
	case errors.As(err, &ofCall):
		return ofCall.Syscall, ""
	}
	return "", ""
}

// short says which call failed and how, without its arguments, which would fill a line.
func short(err error) string {
	var errno unix.Errno
	call, _ := failed(err)
	if call == "" || !errors.As(err, &errno) {
		return err.Error()
	}
	return fmt.Sprintf("%s = %s (%s)", call, sys.ErrnoName(errno), errno.Error())
}

// half starts a container from the very entries that a Program is made of, stops before it would execute its
// command, calls look while it stands still, and throws it away with all that was made for it. To read /proc
// instead would say what the kernel was built with, and not what it lets tutor do.
func half(look func(pid int) error, list ...program.Op) error {
	ended := make(chan error)
	go func() { ended <- start(look, list) }() // process.Start keeps its thread; it ends with this goroutine
	return <-ended
}

func start(look func(pid int) error, list program.Program) error {
	list = append(slices.Clone(list), process.Exec([]string{"/proc/self/exe"}, nil))
	last := len(list) - 1
	var seen error
	reached := errors.New("the container is as far as it was to come")
	running, err := process.Start(list, process.Hooks{
		Stops: func(op int) bool { return op == last },
		Pause: func(r *process.Running, _ int) error {
			seen = look(r.PID)
			return reached
		},
	})
	if running != nil {
		defer running.Close()
	}
	if !errors.Is(err, reached) {
		return err
	}
	var left *process.Error
	if errors.As(err, &left) {
		return left // what was made could not be taken away again
	}
	return seen
}

// nothing is to be looked at: that it came so far is enough.
func nothing(int) error { return nil }

// child is lab 1: a process is born, and shuts what it was not given.
func child(Machine) error {
	return half(nothing, process.Clone(nil, pid()), process.Descriptors(), process.Session())
}

func pid() *sys.Result { return &sys.Result{Name: "pid"} }

// makes makes one namespace.
func makes(op program.Op) func(Machine) answer {
	if op.By == program.Host { // PIDs: the next child is born into it
		return tries(func(Machine) error { return half(nothing, op, process.Clone(nil, pid())) })
	}
	return tries(func(Machine) error { return half(nothing, process.Clone(nil, pid()), op) })
}

// users is a namespace in which somebody else is root. No lab needs it; rootless containers do.
func users() program.Op {
	return program.Op{Name: "user-ns", By: program.Child, Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWUSER)}}
}

// ptrace takes hold of a child as strace -p does: EPERM under Yama's strictest setting (ptrace(2)).
func ptrace(Machine) error {
	return half(func(pid int) error {
		return os.NewSyscallError("ptrace", unix.PtraceSeize(pid))
	}, process.Clone(nil, pid()))
}
