package program

import (
	"tutor/runtime/sys"

	"golang.org/x/sys/unix"
)

// A Result is what became of one call: the registers that it ran with, the kernel's answer, and when.
type Result struct {
	Op        int       // index into the Program
	Call      sys.Call  // what ran
	Undo      bool      // it ran when the container went, not when it came
	Registers []uintptr // as the kernel got them
	Value     int64     // the answer; below zero: minus the error number
	Start     int64     // CLOCK_MONOTONIC, ns
	End       int64     // CLOCK_MONOTONIC, ns; 0 for a call that never came back
}

// Errno is the error that the kernel answered, 0 for none.
func (r Result) Errno() unix.Errno {
	if r.Value < 0 {
		return unix.Errno(-r.Value)
	}
	return 0
}

// Refused is the error in an answer that came back well: netlink says by message what went wrong. 0 for none.
func (r Result) Refused() unix.Errno {
	if r.Value < 0 || r.End == 0 || r.Call.Refusal == nil {
		return 0
	}
	return r.Call.Refusal()
}

// Cause is why the Program ends here, if it does.
func (r Result) Cause() unix.Errno { return max(r.Errno(), r.Refused()) }

// Failed tells if the Program ends here.
func (r Result) Failed() bool { return r.Cause() != 0 && !r.Call.Tolerates(r.Cause()) }
