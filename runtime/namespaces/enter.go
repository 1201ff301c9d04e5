package namespaces

import (
	"fmt"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A container is entered by its first process: each namespace is a property of a process, and setns(2) takes it
// from there. Again each is one Op and one call, so that each can be left out alone.

// Target takes hold of the container's first process. All that follows means this process, also when it has ended
// and its number is another's.
func Target(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "target",
		Lab:   2,
		By:    program.Host,
		Why:   "a PID may be another process's a moment later; this descriptor means the container's first process for good",
		Shell: fmt.Sprintf("ls -l /proc/%d/ns", pid),
		Man:   "pidfd_open(2)",
		Calls: []sys.Call{sys.Pidfd(pid, target)},
		Undo:  []sys.Call{sys.Close(target).Tolerate(unix.EBADF)}, // it was never opened
	}
}

// EnterPIDs has the next child born in the container's PID namespace, with a PID there beside the host's.
func EnterPIDs(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-pid",
		Lab:   2,
		By:    program.Host,
		Why:   "the command would not be among the container's processes: unseen by its ps, but free to send signals to the host's",
		Shell: fmt.Sprintf("nsenter --target %d --pid …", pid),
		Man:   "pid_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWPID)},
	}
}

// EnterMounts takes the container's mount table, and with it its root as "/" and as current directory.
func EnterMounts(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-mount",
		Lab:   2,
		By:    program.Child,
		Why:   "the command would be one of the host's programs, and see the host's files",
		Shell: fmt.Sprintf("nsenter --target %d --mount …", pid),
		Man:   "mount_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWNS)},
	}
}

// EnterUTS takes the container's host name.
func EnterUTS(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-uts",
		Lab:   2,
		By:    program.Child,
		Why:   "the command would go by the host's name",
		Shell: fmt.Sprintf("nsenter --target %d --uts …", pid),
		Man:   "uts_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWUTS)},
	}
}

// EnterIPC shares the container's message queues, semaphores and shared memory segments.
func EnterIPC(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-ipc",
		Lab:   2,
		By:    program.Child,
		Why:   "the container's shared memory would be out of reach, and the host's within",
		Shell: fmt.Sprintf("nsenter --target %d --ipc …", pid),
		Man:   "ipc_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWIPC)},
	}
}

// EnterNetwork shares the container's interfaces, addresses and ports.
func EnterNetwork(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-net",
		Lab:   6,
		By:    program.Child,
		Why:   "127.0.0.1 would be the host's, and so would every port that the command opens",
		Shell: fmt.Sprintf("nsenter --target %d --net …", pid),
		Man:   "network_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWNET)},
	}
}

// EnterCgroup has the container's own group look like the root of all groups.
func EnterCgroup(pid int, target *sys.Result) program.Op {
	return program.Op{
		Name:  "enter-cgroup",
		Lab:   3,
		By:    program.Child,
		Why:   "/proc/self/cgroup would tell where in the host's tree of groups the container stands",
		Shell: fmt.Sprintf("nsenter --target %d --cgroup …", pid),
		Man:   "cgroup_namespaces(7)",
		Calls: []sys.Call{sys.Setns(target, unix.CLONE_NEWCGROUP)},
	}
}
