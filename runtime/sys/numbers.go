package sys

// An ABI is one way of making system calls. Most machines have two, for the programs of a smaller machine run there
// too, and those number the same calls in another way: who judges a call by its number has to ask first which ABI it
// came by (seccomp(2), "arch").
type ABI struct {
	Arch    string     // as the OCI runtime-spec names it: "SCMP_ARCH_X86_64"
	Audit   uint32     // as the kernel does: AUDIT_ARCH_X86_64 (linux/audit.h)
	Numbers []Numbered // in their order
}

// A Numbered call has its number, __NR_read, by its name, "read".
type Numbered struct {
	Name   string
	Number uint32
}
