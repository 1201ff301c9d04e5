package process

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A step is one thing that a hand does, in plain words that need no Go to be carried out.
type step struct {
	kind   uintptr    // doCall, passBaton or takeBaton
	entry  int        // of the ledger, where the answer goes
	number uintptr    // the system call
	words  [6]uintptr // its registers
	from   [6]int     // the ledger entry whose answer the register gets instead; -1: none
	allow  [4]uintptr // errors after which the walk goes on
}

const (
	doCall uintptr = iota
	passBaton
	takeBaton
)

// An entry is a line of the ledger: what the kernel answered, and when. The ledger lies in memory that both
// hands share, and the child writes it with stores and clock_gettime alone.
type entry struct {
	start  [2]int64 // CLOCK_MONOTONIC: seconds, nanoseconds
	end    [2]int64 // zero: the call never came back
	result int64    // below zero: minus the error number
}

// The hooks that os/exec itself uses around fork. Go keeps their names and signatures for programs like this
// one (docs/decisions/fork-by-linkname.md).

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// fork carries out the clone in s. The parent gets the answer in the ledger; the child walks and never returns.
//
// Preconditions: the calling goroutine is locked to its thread; everything that steps point to is on the heap
// and kept alive by the caller; syscall.ForkLock is held.
//
//go:norace
//go:noinline
func fork(s *step, steps []step, ledger []entry, baton [2]int) {
	beforeFork()
	e := &ledger[s.entry]
	stamp(&e.start)
	pid, _, errno := syscall.RawSyscall6(s.number, s.words[0], s.words[1], 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		afterForkInChild()
		walk(steps, ledger, baton)
	}
	e.result = int64(pid)
	if errno != 0 {
		e.result = -int64(errno)
	}
	stamp(&e.end)
	afterFork()
}

// walk is the child's whole life as tutor: it does its steps and ends in execve, or in exit.
//
// Law: one thread, no allocator, no scheduler, no stack that can grow. No call but the raw one, no map, no
// interface, no closure, no append, no panic: what breaks it deadlocks one start in a thousand.
//
//go:nosplit
//go:norace
func walk(steps []step, ledger []entry, baton [2]int) {
	// The child's copy of the host's end would hide that the host has died: no end of file while it is open.
	syscall.RawSyscall6(unix.SYS_CLOSE, uintptr(baton[0]), 0, 0, 0, 0, 0)
	for i := range steps {
		s := &steps[i]
		if s.kind == doCall {
			if !do(s, ledger) {
				break
			}
			continue
		}
		number := uintptr(unix.SYS_WRITE)
		if s.kind == takeBaton {
			number = unix.SYS_READ
		}
		var token byte
		n, _, _ := syscall.RawSyscall6(number, uintptr(baton[1]), uintptr(unsafe.Pointer(&token)), 1, 0, 0, 0)
		if n != 1 {
			break // the host is gone, and nobody would wait for us
		}
	}
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 1, 0, 0, 0, 0, 0)
	}
}

// do makes one call between two looks at the clock, and tells if the walk may go on.
//
//go:nosplit
//go:norace
func do(s *step, ledger []entry) bool {
	for i, from := range s.from {
		if from >= 0 {
			s.words[i] = uintptr(ledger[from].result)
		}
	}
	e := &ledger[s.entry]
	stamp(&e.start)
	value, _, errno := syscall.RawSyscall6(s.number, s.words[0], s.words[1], s.words[2], s.words[3], s.words[4], s.words[5])
	e.result = int64(value)
	if errno != 0 {
		e.result = -int64(errno)
	}
	stamp(&e.end)
	return errno == 0 || uintptr(errno) == s.allow[0] || uintptr(errno) == s.allow[1] ||
		uintptr(errno) == s.allow[2] || uintptr(errno) == s.allow[3]
}

// stamp is the meter: clock_gettime(2) as a system call, not by the vDSO, so that strace sees each measured
// call between two of them and a test can tell the Program's calls from all others.
//
//go:nosplit
//go:norace
func stamp(at *[2]int64) {
	syscall.RawSyscall6(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(at)), 0, 0, 0, 0)
}
