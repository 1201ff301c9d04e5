package sys

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// Seccomp is seccomp(SECCOMP_SET_MODE_FILTER), Linux 3.17: from here on the kernel runs the filter before every system call
// of this process and of all its children, and there is no call that takes it away. EACCES: the caller has neither
// CAP_SYS_ADMIN nor no_new_privs, or else a set-user-ID program could be made to fail where it did not expect to.
// EINVAL: the kernel does not take the program (seccomp(2)).
func Seccomp(filter []unix.SockFilter, flags uint64) Call {
	var code []byte
	for _, i := range filter {
		code = append(binary.LittleEndian.AppendUint16(code, i.Code), i.Jt, i.Jf)
		code = binary.LittleEndian.AppendUint32(code, i.K)
	}
	program := Struct(words(uint64(len(filter)), 0), func(m []byte) string { // struct sock_fprog
		if word(m, 1) == 0 {
			return fmt.Sprintf("{len=%d, filter=[/* %[1]d instructions */]}", word(m, 0))
		}
		return fmt.Sprintf("{len=%d, filter=%#x}", word(m, 0), word(m, 1))
	})
	program.Points = &Pointer{Offset: 8, To: code}
	return Call{Name: "seccomp", Number: unix.SYS_SECCOMP,
		Args: []Arg{Enum(unix.SECCOMP_SET_MODE_FILTER, seccompOperations), Flags(flags, SeccompFlags), program}}
}

var seccompOperations = []Flag{{unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"}}

// SeccompFlags are those that the OCI runtime-spec knows.
var SeccompFlags = []Flag{
	{unix.SECCOMP_FILTER_FLAG_TSYNC, "SECCOMP_FILTER_FLAG_TSYNC"},           // for all threads: the child has one
	{unix.SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG"},               // what is refused is logged
	{unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}, // the processor may guess ahead, as without a filter
}
