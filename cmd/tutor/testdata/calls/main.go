// Command calls makes system calls that no container needs, and prints what the kernel answers: one line each.
package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const families = "socket of "

func main() {
	for _, one := range []struct {
		name   string
		number uintptr
		first  uintptr
	}{
		{families + "AF_UNIX", unix.SYS_SOCKET, unix.AF_UNIX},
		{families + "AF_INET6", unix.SYS_SOCKET, unix.AF_INET6},
		{families + "AF_NETLINK", unix.SYS_SOCKET, unix.AF_NETLINK},
		{families + "AF_ALG", unix.SYS_SOCKET, unix.AF_ALG},
		{families + "AF_VSOCK", unix.SYS_SOCKET, unix.AF_VSOCK},
		{"unshare(CLONE_NEWUSER)", unix.SYS_UNSHARE, unix.CLONE_NEWUSER},
		{"clone(CLONE_NEWUSER)", unix.SYS_CLONE, unix.CLONE_NEWUSER | unix.CLONE_FS}, // EINVAL where it passes
		{"clone3", unix.SYS_CLONE3, 0},
		{"keyctl", unix.SYS_KEYCTL, 0},
		{"add_key", unix.SYS_ADD_KEY, 0},
		{"io_uring_setup", unix.SYS_IO_URING_SETUP, 0},
		{"userfaultfd", unix.SYS_USERFAULTFD, 0},
		{"perf_event_open", unix.SYS_PERF_EVENT_OPEN, 0},
		{"bpf", unix.SYS_BPF, 1 << 20},
		{"personality(0)", unix.SYS_PERSONALITY, 0},
		{"personality(READ_IMPLIES_EXEC)", unix.SYS_PERSONALITY, 0x0400000},
		{"a call of the future", 4095, 0},
		{"a number of x32", 0x40000000 | unix.SYS_KEYCTL, 0},
	} {
		kind := uintptr(unix.SOCK_RAW)
		if one.first == unix.AF_UNIX || one.first == unix.AF_INET6 || one.first == unix.AF_VSOCK {
			kind = unix.SOCK_STREAM
		}
		if one.first == unix.AF_ALG {
			kind = unix.SOCK_SEQPACKET
		}
		if one.number != unix.SYS_SOCKET {
			kind = 0
		}
		_, _, errno := unix.RawSyscall(one.number, one.first, kind, 0)
		answer := "made"
		if errno != 0 {
			answer = unix.ErrnoName(errno)
		}
		fmt.Printf("%s: %s\n", one.name, answer)
	}
}
