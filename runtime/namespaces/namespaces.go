// Package namespaces is lab 2: what a process may see. Each namespace is one Op and one call, so that each
// can be left out alone and its absence looked at.
package namespaces

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// PIDs has the next child born as PID 1 of a new namespace. It is the host's call, because a process cannot
// change its own PID: unshare says where children go (pid_namespaces(7)).
func PIDs() program.Op {
	return program.Op{
		Name:  "pid-ns",
		Lab:   2,
		By:    program.Host,
		Why:   "the command would see every process of the host, and could send signals to them",
		Shell: "unshare --pid --fork …",
		Man:   "pid_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWPID)},
	}
}

// StandIn gives tutor itself a copy of the host's mount table, all shared, in place of the host's. It is there
// only when "private" is left out on a host whose "/" is shared: what leaks then leaks into the copy, and is gone
// with tutor. unneeded is why not. root is where the container's root appears in it, and is taken away again.
func StandIn(unneeded, root string) program.Op {
	op := program.Op{
		Name:  "stand-in",
		Lab:   2,
		By:    program.Host,
		Why:   "with private left out, mounts made inside appear outside: in this copy, and not on the real host",
		Shell: "unshare --mount --propagation shared",
		Man:   "mount_namespaces(7)",
		Calls: []sys.Call{
			sys.Unshare(unix.CLONE_NEWNS),
			sys.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			sys.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""),
		},
		Undo: []sys.Call{sys.Umount(root, unix.MNT_DETACH).Tolerate(unix.EINVAL, unix.ENOENT)},
	}
	if unneeded != "" {
		return op.Leave(unneeded)
	}
	return op
}

// Mounts gives the child its own copy of the mount table.
func Mounts() program.Op {
	return program.Op{
		Name:  "mount-ns",
		Lab:   2,
		By:    program.Child,
		Why:   "every mount that follows would be made on the host",
		Shell: "unshare --mount",
		Man:   "mount_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWNS)},
	}
}

// Private stops mount events from leaving the container. Without it a mount made inside shows up on the
// host, because systemd shares "/" (mount_namespaces(7)). It comes before the pivot: pivot_root(2) gives
// EINVAL while the parent of the new root is shared.
func Private() program.Op {
	return program.Op{
		Name:  "private",
		Lab:   2,
		By:    program.Child,
		Why:   "a copy of the mount table still hears of new mounts and tells of them: what is mounted inside shows up outside",
		Shell: "mount --make-rprivate /",
		Man:   "mount_namespaces(7)",
		Calls: []sys.Call{sys.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")},
	}
}

// UTS gives the container a host name of its own to change.
func UTS() program.Op {
	return program.Op{
		Name:  "uts-ns",
		Lab:   2,
		By:    program.Child,
		Why:   "there is one host name, and the container would share it",
		Shell: "unshare --uts",
		Man:   "uts_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWUTS)},
	}
}

// Hostname names the container: at most 64 bytes, EINVAL beyond.
func Hostname(name string) program.Op {
	op := program.Op{
		Name:  "hostname",
		Lab:   2,
		By:    program.Child,
		Why:   "the container would go by the host's name",
		Shell: "hostname " + name,
		Man:   "sethostname(2)",
		Calls: []sys.Call{sys.Sethostname(name)},
	}
	if name == "" {
		return op.Leave("the container shares the host's name")
	}
	return op
}

// IPC gives the container its own System V and POSIX message queues, semaphores and shared memory segments.
func IPC() program.Op {
	return program.Op{
		Name:  "ipc-ns",
		Lab:   2,
		By:    program.Child,
		Why:   "shared memory of the host's programs could be read and written from inside",
		Shell: "unshare --ipc",
		Man:   "ipc_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWIPC)},
	}
}

// Cgroup makes the container's own group look like the root of all groups.
func Cgroup() program.Op {
	return program.Op{
		Name:  "cgroup-ns",
		Lab:   3,
		By:    program.Child,
		Why:   "/proc/self/cgroup would tell where in the host's tree of groups the container stands",
		Shell: "unshare --cgroup",
		Man:   "cgroup_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWCGROUP)},
	}
}

// Proc mounts the proc file system of the new PID namespace over the old one.
func Proc(m specs.Mount) program.Op {
	flags, data := sys.MountOptions(m.Options)
	op := program.Op{
		Name:  "proc",
		Lab:   2,
		By:    program.Child,
		Why:   "ps and top believe /proc; without this they list the host's processes, or nothing",
		Shell: "mount -t proc -o nosuid,nodev,noexec proc /proc",
		Man:   "proc(5)",
		Calls: []sys.Call{
			sys.Mkdir("/proc", 0o555).Tolerate(unix.EEXIST),
			sys.Mount("proc", "/proc", "proc", flags, data),
		},
	}
	if m.Destination == "" {
		return op.Leave("not in the spec")
	}
	return op
}
