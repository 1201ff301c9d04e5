package explain

import "golang.org/x/sys/unix"

// A row of hints: what to tell a person whose Op failed with that error. "" is any Op; the first row that
// fits is taken.
type hint struct {
	op    string
	errno unix.Errno
	text  string
}

var hints = []hint{
	{"exec", unix.ENOENT, "no such command in the container; an absolute path, or `tutor run IMAGE ls /bin`, shows what is there"},
	{"exec", unix.ENOTDIR, "a part of the command's path is a file"},
	{"exec", unix.EACCES, "the file is there but may not be executed: chmod +x, or it is a directory"},
	{"exec", unix.ENOEXEC, "the file is no program for this machine: another architecture, or a script without #!"},
	{"claim", unix.EADDRINUSE, "port is already allocated: tutor ps and ss -ltnup show by whom; -p with another, or without the host's, which chooses one"},
	{"claim", unix.EADDRNOTAVAIL, "-p IP:…: this machine has no such address; ip addr shows those that it has"},
	{"cable", unix.EOPNOTSUPP, "this kernel has no veth: modprobe veth"},
	{"bridge", unix.EOPNOTSUPP, "this kernel has no bridges: modprobe bridge"},
	{"firewall", unix.ENOENT, "this kernel's nftables lack NAT: modprobe nft_nat nft_masq nft_fib_inet; tutor doctor says more"},
	{"firewall", unix.EPROTONOSUPPORT, "this kernel has no nftables: modprobe nf_tables"},
	{"pivot", unix.EINVAL, `the new root's parent mount is shared; op "private" was left out (--without private)`},
	{"clone", unix.EBADF, "the kernel did not take the group for the child: cgroup v2 needs Linux 5.7"},
	{"clone", unix.ENOMEM, "the PID namespace has lost its PID 1, or the machine is out of memory"},
	{"clone", unix.EAGAIN, "too many processes: see ulimit -u and pids.max of your own group"},
	{"clone", unix.ENOSYS, "clone3 needs Linux 5.3"},
	{"overlay", unix.ENODEV, "this kernel has no overlayfs: modprobe overlay"},
	{"overlay", unix.EINVAL, "overlayfs cannot write on this file system; TUTOR_ROOT must not be on an overlay, NFS or FAT"},
	{"enter-pid", unix.ESRCH, "the container's first process has ended, or its first thread before the others: nobody has its namespaces then"},
	{"workdir", unix.ENOENT, "there is no such directory in the container: exec makes none"},
	{"workdir", unix.ELOOP, "the working directory leads through a magic link of /proc; it would leave the container"},
	{"workdir", unix.ENOTDIR, "the working directory is a file in this image"},
	{"workdir", unix.EACCES, "the user may not enter the working directory: choose another with -w, or another user with -u"},
	{"rlimits", unix.EPERM, "raising a limit above the hard limit needs CAP_SYS_RESOURCE, which tutor has not here"},
	{"cgroup", unix.EROFS, "the cgroup file system is read-only here: tutor runs in a container itself"},
	{"cgroup", unix.EBUSY, "cgroup v2 allows no controllers in a group that has processes: see cgroup.subtree_control"},
	{"memory", unix.EBUSY, "the group uses more than that already"},
	{"memory", unix.EINVAL, "the kernel does not take that number of bytes"},
	{"memory-swap", unix.EINVAL, "memory and swap together cannot be less than memory alone"},
	{"cpuset-cpus", unix.EINVAL, "this machine has no such processor: see /sys/devices/system/cpu/online"},
	{"cpuset-cpus", unix.EACCES, "this machine has no such processor: see /sys/devices/system/cpu/online"},
	{"cpuset-cpus", unix.ERANGE, "this machine has no such processor: see /sys/devices/system/cpu/online"},
	{"cpus", unix.EINVAL, "a period is 1 to 1000 ms, a quota at least 1 ms: --cpus 0.01 is the least"},
	{"device-read-bps", unix.ENODEV, "the limit holds for whole disks: see lsblk"},
	{"cgroup-conf", unix.ENOENT, "this kernel has no such file: ls /sys/fs/cgroup/*/ shows those it has"},
	{"cgroup-conf", unix.EINVAL, "the kernel takes no such value: cgroup-v2.rst has each file's"},
	{"device-write-bps", unix.ENODEV, "the limit holds for whole disks: see lsblk"},
	{"hostname", unix.EINVAL, "a host name has at most 64 characters"},
	{"volumes", unix.ENOTDIR, "on the way to that place is a file of the image's"},
	{"volumes", unix.EINVAL, "a file can lie over a file only, and a directory over a directory"}, // fs/namespace.c, do_move_mount
	{"tmpfs", unix.ENOTDIR, "a tmpfs is a directory, and can lie over a directory only"},
	{"volumes", unix.EROFS, "the image has no such directory, and the root is read-only: choose one that is there"},
	{"", unix.ENOSPC, "the disk is full: df -h shows which; TUTOR_ROOT can be set to another"},
	{"", unix.ENAMETOOLONG, "a file's name has at most 255 bytes, and a path 4095"},
	{"", unix.EDQUOT, "your quota on that disk is used up"},
	{"", unix.EROFS, "the file system is read-only: set TUTOR_ROOT and TUTOR_RUN to directories that can be written"},
	{"", unix.ENOSYS, "this kernel is too old for that call: tutor needs Linux 5.14"},
	{"", unix.EMFILE, "too many open files: ulimit -n"},
	{"", unix.EPERM, "tutor needs root with all capabilities; in a container that is --privileged"},
	{"", unix.EACCES, "tutor needs root: sudo tutor …"},
}

// Hint is one sentence of help for an Op that failed with errno; "" if there is nothing to say.
func Hint(op string, errno unix.Errno) string {
	for _, h := range hints {
		if h.errno == errno && (h.op == op || h.op == "") {
			return h.text
		}
	}
	return ""
}
