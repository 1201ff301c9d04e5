package privileges

import (
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Filter leaves the container those system calls that programs need, and keeps it from the others: the kernel is what all
// containers share, and most of the holes in it were behind calls that no web server ever makes. It cannot come last:
// to load it takes CAP_SYS_ADMIN, which changing the user takes away, or no_new_privs, with which su and sudo fail. So
// what follows must pass it, and a profile by which it does not is an error.
func Filter(profile *specs.LinuxSeccomp) (program.Op, error) {
	op := program.Op{
		Name: "seccomp",
		Lab:  5,
		By:   program.Child,
		Why:  "every system call of the kernel can be tried from inside, also those that no container needs",
		Man:  "seccomp(2)",
	}
	if profile == nil {
		return op.Leave("no filter of system calls in the spec"), nil
	}
	l, err := read(profile)
	if err == nil {
		err = l.checkBehind()
	}
	if err != nil {
		return op, err
	}
	filter, err := l.assemble(profile.Architectures)
	if err != nil {
		return op, err
	}
	var flags uint64
	for _, name := range profile.Flags {
		at := slices.IndexFunc(sys.SeccompFlags, func(f sys.Flag) bool { return f.Name == string(name) })
		if at < 0 {
			return op, fmt.Errorf("seccomp: unknown flag %q", name)
		}
		flags |= sys.SeccompFlags[at].Bits
	}
	op.Calls = []sys.Call{sys.Seccomp(filter, flags)}
	return op, nil
}

// behind are the calls that a start still makes when the filter is there: the Ops that follow, what the child's walk
// between them needs, and its end if they fail.
var behind = []string{"setgroups", "setgid", "setuid", "capset", "prctl", "execve", "clock_gettime", "read", "write", "exit_group"}

func (l list) checkBehind() error {
	for _, name := range behind {
		if judged := l.judge(name)[0]; judged != answer(unix.SECCOMP_RET_ALLOW)[0] && judged != answer(unix.SECCOMP_RET_LOG)[0] {
			return fmt.Errorf("seccomp: the profile does not allow %s, which tutor still has to call behind it: %s", name, strings.Join(behind, ", "))
		}
	}
	return nil
}

// A code is a piece of the program that the kernel runs before each system call: classic BPF, which has one register, A,
// and jumps only forwards, so that it always ends (seccomp_filter.rst). What runs past a piece's end goes on with what
// stands after it; so pieces are put together by writing one behind the other.
type code = []unix.SockFilter

// Assemble writes a profile (OCI runtime-spec, config-linux.md, "Seccomp") as such a program. Calls that this machine has
// not are passed over. Numbers of an ABI that the profile does not name are answered with EPERM.
func Assemble(profile *specs.LinuxSeccomp) (code, error) {
	l, err := read(profile)
	if err != nil {
		return nil, err
	}
	return l.assemble(profile.Architectures)
}

func (l list) assemble(archs []specs.Arch) (code, error) {
	whole := load(archAt)
	for i, abi := range sys.ABIs {
		if slices.Contains(archs, specs.Arch(abi.Arch)) || len(archs) == 0 && i == 0 { // none named: the machine's own
			whole = append(whole, when(unix.BPF_JEQ, abi.Audit, true, l.numbers(abi))...)
		}
	}
	whole = append(whole, answer(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM))...)
	if len(whole) > unix.BPF_MAXINSNS {
		return nil, fmt.Errorf("seccomp: the profile makes a program of %d instructions, and the kernel takes %d", len(whole), unix.BPF_MAXINSNS)
	}
	return whole, nil
}

// x32 is a bit of numbers that only amd64 has: a third ABI, which the kernel does not tell from the first (seccomp(2)). No
// profile's number has it.
const x32 = 0x40000000

// numbers judges a call by its number. Past the last one that the profile names are calls that were not thought of when
// it was written: they get ENOSYS, as from a kernel that has not got them, for that is the answer with which a C
// library tries an older call instead.
func (l list) numbers(abi sys.ABI) code {
	var named []code // by number; nil: not named
	for _, call := range abi.Numbers {
		if l.exact[call.Name] != nil || l.general[call.Name] != nil {
			named = append(named, make([]code, max(0, int(call.Number)+1-len(named)))...)
			named[call.Number] = l.judge(call.Name)
		}
	}
	parts := []part{{0, l.otherwise}}
	next := func(from int, judged code) {
		if !slices.Equal(parts[len(parts)-1].code, judged) {
			parts = append(parts, part{uint32(from), judged})
		}
	}
	for number, judged := range named {
		if judged == nil {
			judged = l.otherwise
		}
		next(number, judged)
	}
	unknown := answer(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	if l.passes || named == nil {
		next(len(named), l.otherwise)
		next(x32, unknown)
	} else {
		next(len(named), unknown)
	}
	return append(load(numberAt), search(parts)...)
}

// A part is what holds from one number to the next part's.
type part struct {
	from uint32
	code code
}

// search finds the part of the number in A by halves: eight comparisons instead of four hundred. The kernel walks through
// the program for every number there is when it is loaded, to learn which are always allowed, and need not ask later.
func search(parts []part) code {
	if len(parts) == 1 {
		return parts[0].code
	}
	half := len(parts) / 2
	return append(when(unix.BPF_JGE, parts[half].from, true, search(parts[half:])), search(parts[:half])...)
}

// A list is a profile as pieces of program, by the names of calls. A piece that judges by arguments goes on to the next if
// its rule does not fit.
type list struct {
	exact     map[string]code // rules for certain arguments
	general   map[string]code // rules for all
	otherwise code            // for what is not named
	passes    bool            // and that is allowed
}

func read(p *specs.LinuxSeccomp) (l list, err error) {
	l = list{exact: map[string]code{}, general: map[string]code{}, passes: p.DefaultAction == specs.ActAllow || p.DefaultAction == specs.ActLog}
	if l.otherwise, err = verdict(p.DefaultAction, p.DefaultErrnoRet); err != nil {
		return l, fmt.Errorf("seccomp: %w", err)
	}
	for _, s := range p.Syscalls {
		for _, args := range alternatives(s.Args) {
			judged, err := rule(s, args)
			if err != nil {
				return l, fmt.Errorf("seccomp: %s: %w", s.Names, err)
			}
			into := l.exact
			if len(args) == 0 {
				into = l.general
			}
			for _, name := range s.Names {
				into[name] = append(into[name], judged...)
			}
		}
	}
	return l, nil
}

// judge is all that is said of a call: the first rule for its arguments that fits, else the one for all, else what holds
// for calls that are not named.
func (l list) judge(name string) code {
	end := l.otherwise
	if l.general[name] != nil {
		end = l.general[name]
	}
	if l.exact[name] == nil {
		return end
	}
	return slices.Concat(l.exact[name], end)
}

// alternatives are the sets of conditions of which one must hold, each with all of its own. Conditions on different
// arguments belong together; two on the same one are rules of their own, as in runc.
func alternatives(args []specs.LinuxSeccompArg) [][]specs.LinuxSeccompArg {
	seen := map[uint]bool{}
	for _, a := range args {
		if seen[a.Index] {
			return slices.Collect(slices.Chunk(args, 1))
		}
		seen[a.Index] = true
	}
	return [][]specs.LinuxSeccompArg{args}
}

// rule is the answer to a call whose arguments fit.
func rule(s specs.LinuxSyscall, args []specs.LinuxSeccompArg) (code, error) {
	judged, err := verdict(s.Action, s.ErrnoRet)
	for _, a := range slices.Backward(args) {
		if err == nil {
			judged, err = condition(a, judged)
		}
		if len(judged) > unix.BPF_MAXINSNS {
			err = fmt.Errorf("the conditions make a program of more than %d instructions", unix.BPF_MAXINSNS)
		}
	}
	return judged, err
}
