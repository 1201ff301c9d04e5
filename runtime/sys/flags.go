package sys

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A Flag is a bit, or a value, with its name in the kernel's headers. Tables stand in the order in which
// strace prints.
type Flag struct {
	Bits uint64
	Name string
}

func flagText(word uint64, names []Flag) string {
	if word == 0 {
		return "0"
	}
	var set []string
	for _, f := range names {
		if word&f.Bits == f.Bits {
			set = append(set, f.Name)
			word &^= f.Bits
		}
	}
	if word != 0 {
		set = append(set, fmt.Sprintf("%#x", word))
	}
	return strings.Join(set, "|")
}

func enumText(word uint64, names []Flag) string {
	for _, f := range names {
		if f.Bits == word {
			return f.Name
		}
	}
	return fmt.Sprintf("%#x", word)
}

var mountFlags = []Flag{ // mount(2)
	{unix.MS_RDONLY, "MS_RDONLY"},
	{unix.MS_NOSUID, "MS_NOSUID"},
	{unix.MS_NODEV, "MS_NODEV"},
	{unix.MS_NOEXEC, "MS_NOEXEC"},
	{unix.MS_SYNCHRONOUS, "MS_SYNCHRONOUS"},
	{unix.MS_REMOUNT, "MS_REMOUNT"},
	{unix.MS_MANDLOCK, "MS_MANDLOCK"},
	{unix.MS_DIRSYNC, "MS_DIRSYNC"},
	{unix.MS_NOSYMFOLLOW, "MS_NOSYMFOLLOW"},
	{unix.MS_NOATIME, "MS_NOATIME"},
	{unix.MS_NODIRATIME, "MS_NODIRATIME"},
	{unix.MS_BIND, "MS_BIND"},
	{unix.MS_MOVE, "MS_MOVE"},
	{unix.MS_REC, "MS_REC"},
	{unix.MS_UNBINDABLE, "MS_UNBINDABLE"},
	{unix.MS_PRIVATE, "MS_PRIVATE"},
	{unix.MS_SLAVE, "MS_SLAVE"},
	{unix.MS_SHARED, "MS_SHARED"},
	{unix.MS_RELATIME, "MS_RELATIME"},
	{unix.MS_STRICTATIME, "MS_STRICTATIME"},
}

var umountFlags = []Flag{{unix.MNT_DETACH, "MNT_DETACH"}} // umount2(2)

var openFlags = []Flag{ // open(2); O_RDONLY is no bit, see openText
	{unix.O_WRONLY, "O_WRONLY"},
	{unix.O_RDWR, "O_RDWR"},
	{unix.O_CREAT, "O_CREAT"},
	{unix.O_EXCL, "O_EXCL"},
	{unix.O_NOCTTY, "O_NOCTTY"},
	{unix.O_TRUNC, "O_TRUNC"},
	{unix.O_APPEND, "O_APPEND"},
	{unix.O_NONBLOCK, "O_NONBLOCK"},
	{unix.O_NOFOLLOW, "O_NOFOLLOW"},
	{unix.O_CLOEXEC, "O_CLOEXEC"},
	{unix.O_PATH, "O_PATH"},
	{unix.O_DIRECTORY, "O_DIRECTORY"},
}

var resolveFlags = []Flag{ // openat2(2)
	{unix.RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV"},
	{unix.RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS"},
	{unix.RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS"},
	{unix.RESOLVE_BENEATH, "RESOLVE_BENEATH"},
	{unix.RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT"},
}

var treeFlags = []Flag{ // open_tree(2)
	{unix.OPEN_TREE_CLONE, "OPEN_TREE_CLONE"},
	{unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLOEXEC"},
	{unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"},
	{unix.AT_RECURSIVE, "AT_RECURSIVE"},
}

var atFlags = []Flag{ // mount_setattr(2)
	{unix.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
	{unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"},
	{unix.AT_RECURSIVE, "AT_RECURSIVE"},
}

var unlinkFlags = []Flag{{unix.AT_REMOVEDIR, "AT_REMOVEDIR"}} // unlinkat(2)

var moveFlags = []Flag{ // move_mount(2)
	{unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"},
	{unix.MOVE_MOUNT_T_SYMLINKS, "MOVE_MOUNT_T_SYMLINKS"},
}

var mountAttributes = []Flag{ // mount_setattr(2)
	{unix.MOUNT_ATTR_RDONLY, "MOUNT_ATTR_RDONLY"},
	{unix.MOUNT_ATTR_NOSUID, "MOUNT_ATTR_NOSUID"},
	{unix.MOUNT_ATTR_NODEV, "MOUNT_ATTR_NODEV"},
	{unix.MOUNT_ATTR_NOEXEC, "MOUNT_ATTR_NOEXEC"},
}

var cloneFlags = []Flag{ // clone(2), unshare(2)
	{unix.CLONE_NEWNS, "CLONE_NEWNS"},
	{unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
	{unix.CLONE_NEWUTS, "CLONE_NEWUTS"},
	{unix.CLONE_NEWIPC, "CLONE_NEWIPC"},
	{unix.CLONE_NEWUSER, "CLONE_NEWUSER"},
	{unix.CLONE_NEWPID, "CLONE_NEWPID"},
	{unix.CLONE_NEWNET, "CLONE_NEWNET"},
	{unix.CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP"},
}

var closeRangeFlags = []Flag{{unix.CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC"}} // close_range(2)

var fileTypes = []Flag{ // mknod(2)
	{unix.S_IFREG, "S_IFREG"},
	{unix.S_IFCHR, "S_IFCHR"},
	{unix.S_IFBLK, "S_IFBLK"},
	{unix.S_IFIFO, "S_IFIFO"},
}

var ioctls = []Flag{ // ioctl_tty(2), netdevice(7)
	{unix.TIOCSPTLCK, "TIOCSPTLCK"},
	{unix.TIOCGPTPEER, "TIOCGPTPEER"},
	{unix.TIOCSCTTY, "TIOCSCTTY"},
	{unix.TIOCSWINSZ, "TIOCSWINSZ"},
	{unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"},
}

var prctlOptions = []Flag{ // prctl(2)
	{unix.PR_CAPBSET_DROP, "PR_CAPBSET_DROP"},
	{unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
	{unix.PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"},
}

// Limits are the resource limits of getrlimit(2), by the names that `ulimit` and Docker's --ulimit know them.
var Limits = []Flag{
	{unix.RLIMIT_AS, "RLIMIT_AS"},
	{unix.RLIMIT_CORE, "RLIMIT_CORE"},
	{unix.RLIMIT_CPU, "RLIMIT_CPU"},
	{unix.RLIMIT_DATA, "RLIMIT_DATA"},
	{unix.RLIMIT_FSIZE, "RLIMIT_FSIZE"},
	{unix.RLIMIT_LOCKS, "RLIMIT_LOCKS"},
	{unix.RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"},
	{unix.RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE"},
	{unix.RLIMIT_NICE, "RLIMIT_NICE"},
	{unix.RLIMIT_NOFILE, "RLIMIT_NOFILE"},
	{unix.RLIMIT_NPROC, "RLIMIT_NPROC"},
	{unix.RLIMIT_RSS, "RLIMIT_RSS"},
	{unix.RLIMIT_RTPRIO, "RLIMIT_RTPRIO"},
	{unix.RLIMIT_RTTIME, "RLIMIT_RTTIME"},
	{unix.RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING"},
	{unix.RLIMIT_STACK, "RLIMIT_STACK"},
}

// Capabilities are capabilities(7), by number: what root's power is made of since Linux 2.2.
var Capabilities = []Flag{
	{unix.CAP_CHOWN, "CAP_CHOWN"},
	{unix.CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
	{unix.CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
	{unix.CAP_FOWNER, "CAP_FOWNER"},
	{unix.CAP_FSETID, "CAP_FSETID"},
	{unix.CAP_KILL, "CAP_KILL"},
	{unix.CAP_SETGID, "CAP_SETGID"},
	{unix.CAP_SETUID, "CAP_SETUID"},
	{unix.CAP_SETPCAP, "CAP_SETPCAP"},
	{unix.CAP_LINUX_IMMUTABLE, "CAP_LINUX_IMMUTABLE"},
	{unix.CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE"},
	{unix.CAP_NET_BROADCAST, "CAP_NET_BROADCAST"},
	{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN"},
	{unix.CAP_NET_RAW, "CAP_NET_RAW"},
	{unix.CAP_IPC_LOCK, "CAP_IPC_LOCK"},
	{unix.CAP_IPC_OWNER, "CAP_IPC_OWNER"},
	{unix.CAP_SYS_MODULE, "CAP_SYS_MODULE"},
	{unix.CAP_SYS_RAWIO, "CAP_SYS_RAWIO"},
	{unix.CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
	{unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
	{unix.CAP_SYS_PACCT, "CAP_SYS_PACCT"},
	{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	{unix.CAP_SYS_BOOT, "CAP_SYS_BOOT"},
	{unix.CAP_SYS_NICE, "CAP_SYS_NICE"},
	{unix.CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"},
	{unix.CAP_SYS_TIME, "CAP_SYS_TIME"},
	{unix.CAP_SYS_TTY_CONFIG, "CAP_SYS_TTY_CONFIG"},
	{unix.CAP_MKNOD, "CAP_MKNOD"},
	{unix.CAP_LEASE, "CAP_LEASE"},
	{unix.CAP_AUDIT_WRITE, "CAP_AUDIT_WRITE"},
	{unix.CAP_AUDIT_CONTROL, "CAP_AUDIT_CONTROL"},
	{unix.CAP_SETFCAP, "CAP_SETFCAP"},
	{unix.CAP_MAC_OVERRIDE, "CAP_MAC_OVERRIDE"},
	{unix.CAP_MAC_ADMIN, "CAP_MAC_ADMIN"},
	{unix.CAP_SYSLOG, "CAP_SYSLOG"},
	{unix.CAP_WAKE_ALARM, "CAP_WAKE_ALARM"},
	{unix.CAP_BLOCK_SUSPEND, "CAP_BLOCK_SUSPEND"},
	{unix.CAP_AUDIT_READ, "CAP_AUDIT_READ"},
	{unix.CAP_PERFMON, "CAP_PERFMON"},
	{unix.CAP_BPF, "CAP_BPF"},
	{unix.CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE"},
}

var families = []Flag{ // address_families(7)
	{unix.AF_INET, "AF_INET"},
	{unix.AF_INET6, "AF_INET6"},
	{unix.AF_NETLINK, "AF_NETLINK"},
}

var socketTypes = []Flag{ // socket(2): a number, not bits, but none has a bit of another
	{unix.SOCK_RAW, "SOCK_RAW"},
	{unix.SOCK_DGRAM, "SOCK_DGRAM"},
	{unix.SOCK_STREAM, "SOCK_STREAM"},
	{unix.SOCK_CLOEXEC, "SOCK_CLOEXEC"},
}

var netlinks = []Flag{ // netlink(7)
	{unix.NETLINK_ROUTE, "NETLINK_ROUTE"},
	{unix.NETLINK_NETFILTER, "NETLINK_NETFILTER"},
}

var netlinkFlags = []Flag{ // netlink(7); DUMP is of a request that asks, the rest of one that makes something
	{unix.NLM_F_DUMP, "NLM_F_DUMP"},
	{unix.NLM_F_REQUEST, "NLM_F_REQUEST"},
	{unix.NLM_F_ACK, "NLM_F_ACK"},
	{unix.NLM_F_EXCL, "NLM_F_EXCL"},
	{unix.NLM_F_CREATE, "NLM_F_CREATE"},
	{unix.NLM_F_APPEND, "NLM_F_APPEND"},
}

var protocols = []Flag{ // ip(7)
	{unix.IPPROTO_IP, "IPPROTO_IP"},
	{unix.IPPROTO_TCP, "IPPROTO_TCP"},
	{unix.IPPROTO_UDP, "IPPROTO_UDP"},
}

var socketLevels = []Flag{ // setsockopt(2)
	{unix.SOL_SOCKET, "SOL_SOCKET"},
	{unix.SOL_IPV6, "SOL_IPV6"},
}

var socketOptions = []Flag{ // socket(7)
	{unix.SO_REUSEADDR, "SO_REUSEADDR"},
}

var ipv6Options = []Flag{ // ipv6(7)
	{unix.IPV6_V6ONLY, "IPV6_V6ONLY"},
}
