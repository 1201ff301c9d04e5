package grader

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/process"
)

// What root may do with CAP_SYS_ADMIN reaches past every namespace of the sandbox: that one power mounts file systems,
// which box needs, and switches swap off, which it does not. So three fences more: a filter of system calls, and for
// each of device files and kernel settings a program that the kernel asks (bpf(2)). A fresh devtmpfs or proc that box
// mounts is no way round them.

// needless are calls that no box needs. Those that a missing capability refuses as well are left to that. The profile
// names no ABI, so that calls by other numbers than the machine's own are refused, all of them.
var needless = specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Action: specs.ActErrno, Names: []string{
	"swapon", "swapoff", // the machine's memory
	"bpf",                              // it could take the two programs below away
	"perf_event_open",                  // looks into the kernel
	"syslog",                           // the kernel's log
	"quotactl",                         // other users' disk
	"fanotify_init",                    // holds up whoever opens a file
	"keyctl", "add_key", "request_key", // keys have no namespace
	"io_uring_setup",                            // makes calls past a filter
	"kexec_load", "init_module", "finit_module", // another kernel
}}}}

// An instruction of a program that the kernel runs when it is asked for a device or a setting: code, two registers in a
// byte (from, to), how far a jump goes, a number (bpf-helpers(7)).
type instruction struct {
	Code, Registers uint8
	Jump            int16
	Number          int32
}

const (
	loadWord, loadLong  = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W, unix.BPF_LDX | unix.BPF_MEM | unix.BPF_DW
	copyRegister, setTo = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_X, unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K
	add, and            = unix.BPF_ALU64 | unix.BPF_ADD | unix.BPF_K, unix.BPF_ALU64 | unix.BPF_AND | unix.BPF_K
	ifIs, ifIsNo        = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K
	ifSame, ifDiffers   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X, unix.BPF_JMP | unix.BPF_JNE | unix.BPF_X
	storeLong           = unix.BPF_ST | unix.BPF_MEM | unix.BPF_DW
	loadNumber          = unix.BPF_LD | unix.BPF_IMM | unix.BPF_DW // two instructions long
	call, end           = unix.BPF_JMP | unix.BPF_CALL, unix.BPF_JMP | unix.BPF_EXIT
)

// devices lets box have those that every container has: null, zero, full, random, urandom; terminals; and 0:0, which
// is a whiteout of overlayfs and no device.
var devices = []instruction{
	{loadWord, 0x12, 0, 0}, // r2 = what is wanted, and of which kind of device
	{and, 0x02, 0, 0xffff},
	{ifIsNo, 0x02, 11, unix.BPF_DEVCG_DEV_CHAR}, // → no
	{loadWord, 0x13, 4, 0},                      // r3 = major
	{loadWord, 0x14, 8, 0},                      // r4 = minor
	{ifIs, 0x03, 10, 0},                         // → yes
	{ifIs, 0x03, 9, 5},
	{ifIs, 0x03, 8, 136},
	{ifIsNo, 0x03, 5, 1}, // → no
	{ifIs, 0x04, 6, 3},   // → yes
	{ifIs, 0x04, 5, 5},
	{ifIs, 0x04, 4, 7},
	{ifIs, 0x04, 3, 8},
	{ifIs, 0x04, 2, 9},
	{setTo, 0x00, 0, 0}, // no
	{end, 0, 0, 0},
	{setTo, 0x00, 0, 1}, // yes
	{end, 0, 0, 0},
}

// settings lets box read all of /proc/sys, and write what is its own network's, and its own host name.
var settings = []instruction{
	{copyRegister, 0x16, 0, 0},
	{loadWord, 0x60, 0, 0},    // r0 = is it written?
	{ifIs, 0x00, 20, 0},       // → yes: to read is no harm
	{storeLong, 0x0a, -16, 0}, // room for sixteen letters
	{storeLong, 0x0a, -8, 0},
	{copyRegister, 0x61, 0, 0},
	{copyRegister, 0xa2, 0, 0},
	{add, 0x02, 0, -16},
	{setTo, 0x03, 0, 16},
	{setTo, 0x04, 0, 0},
	{call, 0, 0, 101}, // bpf_sysctl_get_name: "kernel/core_pattern", as much of it as there is room for
	{loadWord, 0xa1, -16, 0},
	{ifIs, 0x01, 10, letters("net/")}, // → yes
	{loadLong, 0xa1, -16, 0},
	{loadNumber, 0x02, 0, letters("kern")},
	{0, 0, 0, letters("el/h")},
	{ifDiffers, 0x21, 4, 0}, // → no
	{loadLong, 0xa1, -8, 0},
	{loadNumber, 0x02, 0, letters("ostn")},
	{0, 0, 0, letters("ame\x00")},
	{ifSame, 0x21, 2, 0}, // → yes
	{setTo, 0x00, 0, 0},  // no
	{end, 0, 0, 0},
	{setTo, 0x00, 0, 1}, // yes
	{end, 0, 0, 0},
}

// letters are four as a number, as the kernel reads them.
func letters(four string) int32 { return int32(binary.LittleEndian.Uint32([]byte(four))) }

// fences are the two programs, and where the kernel takes each (linux/bpf.h).
var fences = []struct {
	name         string
	kind, attach uint32
	program      []instruction
}{
	{"devices", unix.BPF_PROG_TYPE_CGROUP_DEVICE, unix.BPF_CGROUP_DEVICE, devices},
	{"kernel settings", unix.BPF_PROG_TYPE_CGROUP_SYSCTL, unix.BPF_CGROUP_SYSCTL, settings},
}

// fence puts them around the sandbox's group. Only version 2 of control groups can be asked so; what this kernel has
// not is left out, and the report's environment says what there is.
func (s *Sandbox) fence() []string {
	held := []string{"seccomp"}
	if s.group.Layout.Unified == "" {
		return held
	}
	group, err := os.Open(filepath.Join(s.group.Layout.Top(), s.group.Name))
	if err != nil {
		return held
	}
	defer group.Close()
	for _, f := range fences {
		var b bytes.Buffer
		binary.Write(&b, binary.NativeEndian, f.program)
		if process.AskProgram(int(group.Fd()), f.kind, f.attach, b.Bytes()) == nil {
			held = append(held, f.name)
		}
	}
	return held
}
