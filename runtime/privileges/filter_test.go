package privileges

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/moby/profiles/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"tutor/runtime/process"
	"tutor/runtime/sys"
)

// ask runs a filter as the kernel would, in a machine that is not ours.
func ask(t *testing.T, filter []unix.SockFilter, arch, number uint32, arguments ...uint64) uint32 {
	t.Helper()
	var raw []bpf.RawInstruction
	for _, i := range filter {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	instructions, understood := bpf.Disassemble(raw)
	require.True(t, understood)
	machine, err := bpf.NewVM(instructions)
	require.NoError(t, err)
	data := make([]byte, 64) // struct seccomp_data; that machine loads words of a packet, so the high byte is first
	binary.BigEndian.PutUint32(data[0:], number)
	binary.BigEndian.PutUint32(data[4:], arch)
	for i, a := range arguments {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	result, err := machine.Run(data)
	require.NoError(t, err)
	return uint32(result)
}

const (
	allowed = unix.SECCOMP_RET_ALLOW
	eperm   = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func number(t *testing.T, abi sys.ABI, name string) uint32 {
	t.Helper()
	at := slices.IndexFunc(abi.Numbers, func(n sys.Numbered) bool { return n.Name == name })
	require.NotEqual(t, -1, at, name)
	return abi.Numbers[at].Number
}

func dockers(t *testing.T, caps ...string) []unix.SockFilter {
	t.Helper()
	profile, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: caps}}})
	require.NoError(t, err)
	filter, err := Assemble(profile)
	require.NoError(t, err)
	return filter
}

// Each call of each ABI, asked one by one: what Docker's profile names passes, what it does not is refused, and what nobody
// has heard of is not there.
func TestEveryNumberIsJudgedAsTheProfileSays(t *testing.T) {
	profile, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}})
	require.NoError(t, err)
	filter, err := Assemble(profile)
	require.NoError(t, err)
	plain, last := map[string]bool{}, map[string]uint32{}
	for _, s := range profile.Syscalls {
		for _, name := range s.Names {
			plain[name] = plain[name] || (len(s.Args) == 0 && s.Action == specs.ActAllow)
			for _, abi := range sys.ABIs {
				for _, call := range abi.Numbers {
					if call.Name == name {
						last[abi.Arch] = max(last[abi.Arch], call.Number)
					}
				}
			}
		}
	}
	for _, abi := range sys.ABIs {
		for _, call := range abi.Numbers {
			judged, named := plain[call.Name]
			got := ask(t, filter, abi.Audit, call.Number)
			switch {
			case judged:
				require.EqualValues(t, allowed, got, "%s %s", abi.Arch, call.Name)
			case named: // by its arguments, or refused by name: below
			case call.Number > last[abi.Arch]:
				require.Equal(t, enosys, got, "%s %s", abi.Arch, call.Name)
			default:
				require.Equal(t, eperm, got, "%s %s", abi.Arch, call.Name)
			}
		}
		require.Equal(t, enosys, ask(t, filter, abi.Audit, 4095), "a call of the future")
	}
	require.Equal(t, eperm, ask(t, filter, unix.AUDIT_ARCH_S390X, 3), "another machine")
	require.Equal(t, enosys, ask(t, filter, sys.ABIs[0].Audit, x32|1), "x32")
}

func TestArgumentsAndPowersDecide(t *testing.T) {
	own := sys.ABIs[0]
	socket, clone, clone3, unshare := number(t, own, "socket"), number(t, own, "clone"), number(t, own, "clone3"), number(t, own, "unshare")
	filter := dockers(t)
	for family, want := range map[uint64]uint32{unix.AF_UNIX: allowed, unix.AF_INET: allowed, unix.AF_INET6: allowed, unix.AF_NETLINK: allowed,
		unix.AF_ALG: eperm, unix.AF_VSOCK: eperm, 1 << 32: eperm} {
		require.Equal(t, want, ask(t, filter, own.Audit, socket, family), "socket(%d)", family)
	}
	require.EqualValues(t, allowed, ask(t, filter, own.Audit, clone, unix.CLONE_VM|unix.CLONE_THREAD))
	require.Equal(t, eperm, ask(t, filter, own.Audit, clone, unix.CLONE_NEWUSER|uint64(unix.SIGCHLD)))
	require.Equal(t, enosys, ask(t, filter, own.Audit, clone3), "its flags lie behind a pointer; the C library falls back to clone")
	require.Equal(t, eperm, ask(t, filter, own.Audit, unshare))

	mighty := dockers(t, "CAP_SYS_ADMIN")
	require.EqualValues(t, allowed, ask(t, mighty, own.Audit, unshare))
	require.EqualValues(t, allowed, ask(t, mighty, own.Audit, clone, unix.CLONE_NEWUSER))
}

// Numbers of 64 bits, compared by a machine of 32: the edges are where the halves meet.
func TestComparisonsAreThoseOfWholeNumbers(t *testing.T) {
	holds := map[specs.LinuxSeccompOperator]func(a, value, two uint64) bool{
		specs.OpEqualTo:      func(a, value, _ uint64) bool { return a == value },
		specs.OpNotEqual:     func(a, value, _ uint64) bool { return a != value },
		specs.OpLessThan:     func(a, value, _ uint64) bool { return a < value },
		specs.OpLessEqual:    func(a, value, _ uint64) bool { return a <= value },
		specs.OpGreaterThan:  func(a, value, _ uint64) bool { return a > value },
		specs.OpGreaterEqual: func(a, value, _ uint64) bool { return a >= value },
		specs.OpMaskedEqual:  func(a, value, two uint64) bool { return a&value == two },
	}
	edges := []uint64{0, 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 2 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	own := sys.ABIs[0]
	read := number(t, own, "read")
	for op, true := range holds {
		for _, value := range edges {
			for _, a := range edges {
				second := edges[rand.IntN(len(edges))]
				filter, err := Assemble(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: []specs.LinuxSyscall{{Names: []string{"read"}, Action: specs.ActAllow,
					Args: []specs.LinuxSeccompArg{{Index: 5, Op: op, Value: value, ValueTwo: a & value}, {Index: 1, Op: specs.OpGreaterEqual, Value: second}}}}})
				require.NoError(t, err)
				for _, b := range edges {
					want := eperm
					if true(a, value, a&value) && b >= second {
						want = allowed
					}
					require.Equal(t, want, ask(t, filter, own.Audit, read, 0, b, 0, 0, 0, a), "%s: %#x, %#x; %#x >= %#x", op, a, value, b, second)
				}
			}
		}
	}
}

func TestRulesForOneCall(t *testing.T) {
	own := sys.ABIs[0]
	read, first, deny := number(t, own, "read"), uint(unix.EAGAIN), uint(unix.EBUSY)
	is := func(index uint, value uint64) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Index: index, Op: specs.OpEqualTo, Value: value}
	}
	judge := func(rules ...specs.LinuxSyscall) func(arguments ...uint64) uint32 {
		for i := range rules {
			rules[i].Names = []string{"read", "nothing_of_that_name"}
		}
		filter, err := Assemble(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno, DefaultErrnoRet: &deny, Syscalls: rules})
		require.NoError(t, err)
		return func(arguments ...uint64) uint32 { return ask(t, filter, own.Audit, read, arguments...) }
	}
	refused := unix.SECCOMP_RET_ERRNO | uint32(deny)
	exactFirst := judge(specs.LinuxSyscall{Action: specs.ActAllow}, specs.LinuxSyscall{Action: specs.ActErrno, ErrnoRet: &first, Args: []specs.LinuxSeccompArg{is(0, 7)}})
	require.Equal(t, unix.SECCOMP_RET_ERRNO|uint32(first), exactFirst(7))
	require.EqualValues(t, allowed, exactFirst(8))
	both := judge(specs.LinuxSyscall{Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{is(0, 1), is(1, 2)}})
	require.EqualValues(t, allowed, both(1, 2))
	require.Equal(t, refused, both(1, 3))
	either := judge(specs.LinuxSyscall{Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{is(0, 1), is(0, 2)}})
	require.EqualValues(t, allowed, either(1))
	require.EqualValues(t, allowed, either(2))
	require.Equal(t, refused, either(3))
	var many []specs.LinuxSeccompArg // further than a jump on a condition reaches
	for value := range uint64(100) {
		many = append(many, is(2, value<<32))
	}
	far := judge(specs.LinuxSyscall{Action: specs.ActAllow, Args: many})
	require.EqualValues(t, allowed, far(0, 0, 99<<32))
	require.Equal(t, refused, far(0, 0, 100<<32))
}

func TestAProfileThatCannotBeAFilter(t *testing.T) {
	big := uint(1 << 16)
	rule := func(s specs.LinuxSyscall) *specs.LinuxSeccomp {
		s.Names = []string{"read"}
		return &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: []specs.LinuxSyscall{s}}
	}
	var hard, long []specs.LinuxSeccompArg
	for index := range uint(6) {
		hard = append(hard, specs.LinuxSeccompArg{Index: index, Op: specs.OpLessThan, Value: 1})
	}
	for value := range uint64(1000) {
		long = append(long, specs.LinuxSeccompArg{Op: specs.OpEqualTo, Value: value})
	}
	for want, profile := range map[string]*specs.LinuxSeccomp{
		`unknown action ""`:                rule(specs.LinuxSyscall{}),
		`unknown action "SCMP_ACT_NOTIFY"`: {DefaultAction: specs.ActNotify},
		`unknown operator "SCMP_CMP_ODD"`:  rule(specs.LinuxSyscall{Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Op: "SCMP_CMP_ODD"}}}),
		"argument 6":                       rule(specs.LinuxSyscall{Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Index: 6, Op: specs.OpEqualTo}}}),
		"errno 65536":                      rule(specs.LinuxSyscall{Action: specs.ActErrno, ErrnoRet: &big}),
		"the kernel takes 4096":            {DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"mount"}, Action: specs.ActErrno, Args: long}}},
		`unknown flag "SOME"`:              {DefaultAction: specs.ActAllow, Flags: []specs.LinuxSeccompFlag{"SOME"}},
		"does not allow setgroups":         rule(specs.LinuxSyscall{Action: specs.ActAllow}),
		"does not allow clock_gettime": {DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"clock_gettime"}, Action: specs.ActErrno,
			Args: []specs.LinuxSeccompArg{{Op: specs.OpEqualTo}}}}},
	} {
		_, err := Filter(profile)
		require.ErrorContains(t, err, want)
	}
	_, err := Assemble(rule(specs.LinuxSyscall{Action: specs.ActAllow, Args: hard}))
	require.NoError(t, err, "six conditions are a few hundred instructions")
}

// What has no default to refuse lets pass what it does not name, the future's calls too; but not by x32's numbers.
func TestAListOfWhatIsRefused(t *testing.T) {
	filter, err := Assemble(&specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"bpf"}, Action: specs.ActErrno}}})
	require.NoError(t, err)
	own := sys.ABIs[0]
	require.Equal(t, eperm, ask(t, filter, own.Audit, number(t, own, "bpf")))
	require.EqualValues(t, allowed, ask(t, filter, own.Audit, number(t, own, "mount")))
	require.EqualValues(t, allowed, ask(t, filter, own.Audit, 4095))
	require.Equal(t, enosys, ask(t, filter, own.Audit, x32|number(t, own, "bpf")))
	require.Equal(t, eperm, ask(t, filter, sys.ABIs[1].Audit, 3), "the profile names no other ABI")
}

// The kernel takes it, and does as it says.
func TestTheKernelTakesDockersProfile(t *testing.T) {
	filter := dockers(t)
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its filter
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			result <- err
			return
		}
		if err := process.FilterThread(filter); err != nil {
			result <- err
			return
		}
		for _, family := range []int{unix.AF_ALG, unix.AF_VSOCK} {
			if _, err := unix.Socket(family, unix.SOCK_STREAM, 0); err != unix.EPERM {
				result <- fmt.Errorf("socket(%d): %w", family, err)
				return
			}
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		unix.Close(fd)
		if err == nil && unix.Unshare(unix.CLONE_NEWUSER) != unix.EPERM {
			err = fmt.Errorf("a user namespace could be made")
		}
		result <- err
	}()
	require.NoError(t, <-result)
}
