package sys

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// PidfdSendSignal is pidfd_send_signal(2), Linux 5.1: as kill(2), to a process that cannot be mistaken for another.
func PidfdSendSignal(pidfd *Result, signal unix.Signal) Call {
	return Call{Name: "pidfd_send_signal", Number: unix.SYS_PIDFD_SEND_SIGNAL, Args: []Arg{Of(pidfd), signalArg(signal), Null(), Int(0)}}
}

func signalArg(signal unix.Signal) Arg {
	return Arg{Word: uintptr(signal), show: func(_ Arg, w uintptr) string { return SignalName(unix.Signal(w)) }}
}

// firstRealTime is the kernel's SIGRTMIN; a C library keeps some of them for itself (signal(7)).
const firstRealTime = 32

// SignalName is the name of a signal: "SIGTERM"; those that have none are named as strace does, "SIGRT_2".
func SignalName(signal unix.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return name
	}
	return fmt.Sprintf("SIGRT_%d", int(signal)-firstRealTime)
}

// unknown stands for a descriptor until there is one: -1.
const unknown = math.MaxUint32

// Ppoll is ppoll(2) on one descriptor: it answers 1 when there is something to read, 0 when the seconds are over;
// below 0 they never are. Of a pidfd that is the end of its process. All signals are blocked meanwhile: one for
// another thread's work would wake this one, and the rest of the time would be lost.
func Ppoll(fd *Result, seconds int, yields *Result) Call {
	// struct pollfd: int fd, short events, short revents
	descriptor := Arg{Memory: halves(unknown, unix.POLLIN), Patch: &Patch{Offset: 0, Bits: 32, From: fd}, show: func(a Arg, _ uintptr) string {
		if half(a.Memory, 0) == unknown {
			return "[{fd=<" + fd.Name + ">, events=POLLIN}]"
		}
		return fmt.Sprintf("[{fd=%d, events=POLLIN}]", half(a.Memory, 0))
	}}
	bound := Null()
	if seconds >= 0 {
		text := fmt.Sprintf("{tv_sec=%d, tv_nsec=0}", seconds) // the kernel writes what is left of it into the same memory
		bound = Struct(words(uint64(seconds), 0), func([]byte) string { return text })
	}
	all := Struct(words(math.MaxUint64), func([]byte) string { return "~[]" })
	return Call{Name: "ppoll", Number: unix.SYS_PPOLL, Args: []Arg{descriptor, Int(1), bound, all, Int(8)}, Yields: yields, Waits: true}
}
