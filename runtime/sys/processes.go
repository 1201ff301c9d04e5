package sys

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Clone3 is clone3(2), Linux 5.3, as fork: the child gets a copy of everything. A group other than nil is the
// descriptor of the cgroup (v2, Linux 5.7) that the child is born into. It yields the child's PID.
func Clone3(group *Result, yields *Result) Call {
	// struct clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size cgroup
	fields := [11]uint64{4: uint64(unix.SIGCHLD)}
	args := Arg{}
	if group != nil {
		fields[0] = unix.CLONE_INTO_CGROUP
		args.Patch = &Patch{Offset: 8 * 10, Bits: 64, From: group}
	}
	args.Memory = words(fields[:]...)
	args.show = func(a Arg, _ uintptr) string { return cloneText(a) }
	return Call{Name: "clone3", Number: unix.SYS_CLONE3, Args: []Arg{args, Int(len(args.Memory))}, Yields: yields}
}

func cloneText(a Arg) string {
	text := fmt.Sprintf("{flags=%s, exit_signal=%s, stack=NULL, stack_size=%d",
		flagText(word(a.Memory, 0), cloneFlags), unix.SignalName(unix.Signal(word(a.Memory, 4))), word(a.Memory, 6))
	if word(a.Memory, 0)&unix.CLONE_INTO_CGROUP == 0 {
		return text + "}"
	}
	if word(a.Memory, 10) == 0 {
		return text + ", cgroup=<" + a.Patch.From.Name + ">}"
	}
	return text + fmt.Sprintf(", cgroup=%d}", word(a.Memory, 10))
}

// Unshare is unshare(2): the caller leaves the namespaces that flags name for new ones. CLONE_NEWPID is the
// exception: only its children will be in the new one (pid_namespaces(7)).
func Unshare(flags uint64) Call {
	return Call{Name: "unshare", Number: unix.SYS_UNSHARE, Args: []Arg{Flags(flags, cloneFlags)}}
}

// Execve is execve(2): the last call of a container's start. It answers only when it fails.
func Execve(path string, args, env []string) Call {
	return Call{Name: "execve", Number: unix.SYS_EXECVE, Args: []Arg{String(path), Argv(args), Envp(env)}}
}

// Setsid is setsid(2). It answers the new session's ID.
func Setsid() Call { return Call{Name: "setsid", Number: unix.SYS_SETSID} }

// PidfdOpen is pidfd_open(2), Linux 5.3.
func PidfdOpen(pid *Result, yields *Result) Call {
	return Call{Name: "pidfd_open", Number: unix.SYS_PIDFD_OPEN, Args: []Arg{Of(pid), Int(0)}, Yields: yields}
}

// Pidfd is pidfd_open(2) of a process that was there before the Program.
func Pidfd(pid int, yields *Result) Call {
	return Call{Name: "pidfd_open", Number: unix.SYS_PIDFD_OPEN, Args: []Arg{Int(pid), Int(0)}, Yields: yields}
}

// Setns is setns(2) with a pidfd, Linux 5.8: the caller enters those namespaces of the process that flags name.
// CLONE_NEWPID is the exception: only its children will be in there (pid_namespaces(7)).
func Setns(pidfd *Result, flags uint64) Call {
	return Call{Name: "setns", Number: unix.SYS_SETNS, Args: []Arg{Of(pidfd), Flags(flags, cloneFlags)}}
}

// Undumpable is prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE): nobody without CAP_SYS_PTRACE may trace this process or
// follow the links in its /proc/PID/fd. It holds for what it forks, and ends with execve.
func Undumpable() Call {
	disable := Enum(0, []Flag{{0, "SUID_DUMP_DISABLE"}})
	return Call{Name: "prctl", Number: unix.SYS_PRCTL, Args: []Arg{Enum(unix.PR_SET_DUMPABLE, prctlOptions), disable}}
}

// PidfdGetfd is pidfd_getfd(2), Linux 5.6: a copy of the descriptor that another process has as number fd.
func PidfdGetfd(pidfd, fd *Result, yields *Result) Call {
	return Call{Name: "pidfd_getfd", Number: unix.SYS_PIDFD_GETFD, Args: []Arg{Of(pidfd), Of(fd), Int(0)}, Yields: yields}
}

// Sethostname is sethostname(2).
func Sethostname(name string) Call {
	return Call{Name: "sethostname", Number: unix.SYS_SETHOSTNAME, Args: []Arg{Bytes(name), Int(len(name))}}
}

// Prlimit is prlimit64(2) on the caller itself. soft and hard: units by resource, math.MaxUint64 is no limit.
func Prlimit(resource uint64, soft, hard uint64) Call {
	limit := Struct(words(soft, hard), func(m []byte) string {
		return fmt.Sprintf("{rlim_cur=%s, rlim_max=%s}", limitText(word(m, 0)), limitText(word(m, 1)))
	})
	return Call{Name: "prlimit64", Number: unix.SYS_PRLIMIT64, Args: []Arg{Int(0), Enum(resource, Limits), limit, Null()}}
}

// DropBounding is prctl(PR_CAPBSET_DROP): nothing that this process executes can ever have the capability.
func DropBounding(capability uint64) Call {
	return Call{Name: "prctl", Number: unix.SYS_PRCTL,
		Args: []Arg{Enum(unix.PR_CAPBSET_DROP, prctlOptions), Enum(capability, Capabilities)}}
}

// NoNewPrivs is prctl(PR_SET_NO_NEW_PRIVS): set-user-ID programs and file capabilities give nothing any more.
func NoNewPrivs() Call {
	return Call{Name: "prctl", Number: unix.SYS_PRCTL,
		Args: []Arg{Enum(unix.PR_SET_NO_NEW_PRIVS, prctlOptions), Int(1), Int(0), Int(0), Int(0)}}
}

// Capset is capset(2): set is a mask of capability numbers, made effective and permitted; none is inheritable.
func Capset(set uint64) Call {
	header := Struct(halves(unix.LINUX_CAPABILITY_VERSION_3, 0), func(m []byte) string {
		return fmt.Sprintf("{version=_LINUX_CAPABILITY_VERSION_3, pid=%d}", half(m, 1))
	})
	low, high := uint32(set), uint32(set>>32)
	data := Struct(halves(low, low, 0, high, high, 0), func(m []byte) string {
		return fmt.Sprintf("{effective=%s, permitted=%s, inheritable=%s}", capabilityText(m, 0), capabilityText(m, 1), capabilityText(m, 2))
	})
	return Call{Name: "capset", Number: unix.SYS_CAPSET, Args: []Arg{header, data}}
}

// capabilityText reads one of the three sets, which capset(2) has in two halves.
func capabilityText(m []byte, index int) string {
	set := uint64(half(m, index)) | uint64(half(m, index+3))<<32
	var names []string
	for _, c := range Capabilities {
		if set&(1<<c.Bits) != 0 {
			names = append(names, "1<<"+c.Name)
		}
	}
	if names == nil {
		return "0"
	}
	return strings.Join(names, "|")
}

// Setgroups is setgroups(2): the supplementary groups, all of them.
func Setgroups(gids []uint32) Call {
	list := Null()
	if len(gids) > 0 {
		list = Struct(halves(gids...), func(m []byte) string {
			text := make([]string, len(m)/4)
			for i := range text {
				text[i] = fmt.Sprint(half(m, i))
			}
			return "[" + strings.Join(text, ", ") + "]"
		})
	}
	return Call{Name: "setgroups", Number: unix.SYS_SETGROUPS, Args: []Arg{Int(len(gids)), list}}
}

// Setgid is setgid(2): real, effective and saved, for one who has CAP_SETGID.
func Setgid(gid uint32) Call {
	return Call{Name: "setgid", Number: unix.SYS_SETGID, Args: []Arg{Int(int(gid))}}
}

// Setuid is setuid(2): real, effective and saved. Leaving 0 empties the capability sets (capabilities(7)).
func Setuid(uid uint32) Call {
	return Call{Name: "setuid", Number: unix.SYS_SETUID, Args: []Arg{Int(int(uid))}}
}

// Ioctl is ioctl(2) with a number as its argument.
func Ioctl(fd *Result, request uint64, argument int, yields *Result) Call {
	arg := Int(argument)
	if request == unix.TIOCGPTPEER {
		arg.show = func(_ Arg, w uintptr) string { return fmt.Sprintf("%#x", w) }
	}
	return Call{Name: "ioctl", Number: unix.SYS_IOCTL, Args: []Arg{Of(fd), Enum(request, ioctls), arg}, Yields: yields}
}

// Unlock is ioctl(TIOCSPTLCK): a new pseudo-terminal's other end is locked until its owner says so.
func Unlock(fd *Result) Call {
	zero := Struct(halves(0), func(m []byte) string { return fmt.Sprintf("[%d]", half(m, 0)) })
	return Call{Name: "ioctl", Number: unix.SYS_IOCTL, Args: []Arg{Of(fd), Enum(unix.TIOCSPTLCK, ioctls), zero}}
}

// SetSize is ioctl(TIOCSWINSZ): rows and columns of a terminal, in characters.
func SetSize(fd *Result, rows, columns uint16) Call {
	size := make([]byte, 0, 8)
	for _, n := range []uint16{rows, columns, 0, 0} {
		size = binary.LittleEndian.AppendUint16(size, n)
	}
	arg := Struct(size, func(m []byte) string {
		n := func(i int) uint16 { return binary.LittleEndian.Uint16(m[2*i:]) }
		return fmt.Sprintf("{ws_row=%d, ws_col=%d, ws_xpixel=%d, ws_ypixel=%d}", n(0), n(1), n(2), n(3))
	})
	return Call{Name: "ioctl", Number: unix.SYS_IOCTL, Args: []Arg{Of(fd), Enum(unix.TIOCSWINSZ, ioctls), arg}}
}

// Socket is socket(AF_INET, SOCK_DGRAM): any socket will do to ask for interface flags, netdevice(7).
func Socket(yields *Result) Call {
	return Call{Name: "socket", Number: unix.SYS_SOCKET, Yields: yields,
		Args: []Arg{Enum(unix.AF_INET, families), Flags(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, socketTypes), Enum(unix.IPPROTO_IP, protocols)}}
}

// LinkUp is ioctl(SIOCSIFFLAGS): switches the interface on, netdevice(7). struct ifreq: name[16], flags.
func LinkUp(fd *Result, name string) Call {
	request := make([]byte, 40)
	copy(request, name)
	binary.LittleEndian.PutUint16(request[16:], unix.IFF_UP)
	arg := Struct(request, func(m []byte) string {
		flags := binary.LittleEndian.Uint16(m[16:])
		return fmt.Sprintf("{ifr_name=%s, ifr_flags=%s}", Quote(unix.ByteSliceToString(m[:16])),
			flagText(uint64(flags), []Flag{{unix.IFF_UP, "IFF_UP"}}))
	})
	return Call{Name: "ioctl", Number: unix.SYS_IOCTL, Args: []Arg{Of(fd), Enum(unix.SIOCSIFFLAGS, ioctls), arg}}
}

// Fchown is fchown(2) with the group left as it is.
func Fchown(fd *Result, uid uint32) Call {
	return Call{Name: "fchown", Number: unix.SYS_FCHOWN, Args: []Arg{Of(fd), Int(int(uid)), Int(-1)}}
}
