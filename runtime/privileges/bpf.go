package privileges

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// What the program can load: struct seccomp_data (seccomp(2)), a word of 32 bits at a time.
const (
	numberAt    = 0
	archAt      = 4
	argumentsAt = 16 // six of 64 bits, the low half first: tutor's machines are little-endian
)

// load puts a word of struct seccomp_data into A.
func load(offset uint32) code {
	return code{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}}
}

// answer ends the program.
func answer(action uint32) code { return code{{Code: unix.BPF_RET | unix.BPF_K, K: action}} }

// when runs then if "A test k" is true, or false, as holds says; otherwise it goes on behind it. A jump on a condition
// reaches 255 instructions, one without reaches all.
func when(test uint16, k uint32, holds bool, then code) code {
	over := len(then)
	if over > 255 {
		over, then = 1, append(code{{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(over)}}, then...)
		holds = !holds // jumps over the jump
	}
	jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | test, K: k, Jf: uint8(over)}
	if !holds {
		jump.Jt, jump.Jf = jump.Jf, jump.Jt
	}
	return append(code{jump}, then...)
}

// condition runs then if the argument is as the rule wants it; otherwise it goes on behind. Arguments have 64 bits and A
// has 32, so the high half is looked at first, and where that is equal the low one.
func condition(a specs.LinuxSeccompArg, then code) (code, error) {
	if a.Index > 5 {
		return nil, fmt.Errorf("argument %d: a call has six, from 0", a.Index)
	}
	low := argumentsAt + 8*uint32(a.Index)
	high := low + 4
	switch a.Op {
	case specs.OpEqualTo:
		return masked(high, ^uint32(0), half(a.Value, 32), masked(low, ^uint32(0), half(a.Value, 0), then)), nil
	case specs.OpMaskedEqual:
		return masked(high, half(a.Value, 32), half(a.ValueTwo, 32), masked(low, half(a.Value, 0), half(a.ValueTwo, 0), then)), nil
	}
	c, known := comparisons[a.Op]
	if !known {
		return nil, fmt.Errorf("unknown operator %q", a.Op)
	}
	byHigh := append(load(high), when(c.high, half(a.Value, 32), c.holds, then)...)
	byLow := append(load(low), when(c.low, half(a.Value, 0), c.holds, then)...)
	return append(byHigh, masked(high, ^uint32(0), half(a.Value, 32), byLow)...), nil
}

// comparisons are "high half is c.high, or it is equal and the low half is c.low": BPF has no "less", only "not greater".
var comparisons = map[specs.LinuxSeccompOperator]struct {
	high, low uint16
	holds     bool
}{
	specs.OpNotEqual:     {unix.BPF_JEQ, unix.BPF_JEQ, false},
	specs.OpGreaterThan:  {unix.BPF_JGT, unix.BPF_JGT, true},
	specs.OpGreaterEqual: {unix.BPF_JGT, unix.BPF_JGE, true},
	specs.OpLessThan:     {unix.BPF_JGE, unix.BPF_JGE, false},
	specs.OpLessEqual:    {unix.BPF_JGE, unix.BPF_JGT, false},
}

// masked runs then if the word at offset, seen through the mask, is value.
func masked(offset, mask, value uint32, then code) code {
	c := load(offset)
	if mask != ^uint32(0) {
		c = append(c, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: mask})
	}
	return append(c, when(unix.BPF_JEQ, value, true, then)...)
}

func half(value uint64, shift int) uint32 { return uint32(value >> shift) }

// verdict is an action as the kernel's word for it; its low half is the error that the caller gets, EPERM unless the
// profile says another.
func verdict(action specs.LinuxSeccompAction, errno *uint) (code, error) {
	word, known := actions[action]
	if !known {
		return nil, fmt.Errorf("unknown action %q", action)
	}
	if action != specs.ActErrno && action != specs.ActTrace {
		return answer(word), nil
	}
	data := uint(unix.EPERM)
	if errno != nil {
		data = *errno
	}
	if data > unix.SECCOMP_RET_DATA {
		return nil, fmt.Errorf("errno %d: it has 16 bits", data)
	}
	return answer(word | uint32(data)), nil
}

// SCMP_ACT_NOTIFY is not among them: nobody would be there to be asked.
var actions = map[specs.LinuxSeccompAction]uint32{
	specs.ActAllow:       unix.SECCOMP_RET_ALLOW,
	specs.ActLog:         unix.SECCOMP_RET_LOG, // and allow
	specs.ActErrno:       unix.SECCOMP_RET_ERRNO,
	specs.ActTrace:       unix.SECCOMP_RET_TRACE, // ENOSYS, unless a tracer decides
	specs.ActTrap:        unix.SECCOMP_RET_TRAP,  // SIGSYS
	specs.ActKill:        unix.SECCOMP_RET_KILL_THREAD,
	specs.ActKillThread:  unix.SECCOMP_RET_KILL_THREAD,
	specs.ActKillProcess: unix.SECCOMP_RET_KILL_PROCESS,
}
