package process

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FilterThread puts a filter of system calls before this thread, and before all that is born of it (seccomp(2)). It
// cannot be taken away again.
//
// Preconditions: the goroutine is locked to its thread, and never unlocked: the thread ends with it.
func FilterThread(filter []unix.SockFilter) error {
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}

// AskProgram makes the kernel ask a program whenever a process of the group wants what attach stands for (bpf(2)). It goes
// with the group.
//
// Preconditions: instructions are whole ones, of eight bytes; group is the descriptor of a group's directory, version 2.
func AskProgram(group int, kind, attach uint32, instructions []byte) error {
	license := []byte("GPL\x00")
	load := struct { // the beginning of union bpf_attr, for each of the two commands
		kind, length          uint32
		instructions, license uint64
		rest                  [96]byte
	}{kind: kind, length: uint32(len(instructions) / 8), instructions: address(instructions), license: address(license)}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	runtime.KeepAlive(instructions)
	runtime.KeepAlive(license)
	if errno != 0 {
		return fmt.Errorf("bpf(BPF_PROG_LOAD): %w", errno)
	}
	defer unix.Close(int(fd))
	set := struct{ group, program, attach, flags uint32 }{uint32(group), uint32(fd), attach, 0}
	if _, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_ATTACH, uintptr(unsafe.Pointer(&set)), unsafe.Sizeof(set)); errno != 0 {
		return fmt.Errorf("bpf(BPF_PROG_ATTACH): %w", errno)
	}
	return nil
}

// address is where the bytes are.
//
// Preconditions: the caller keeps them alive until the kernel has read them.
func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }
