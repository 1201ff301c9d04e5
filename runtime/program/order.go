package program

// A Before is one line of the order that a Program must keep, and what goes wrong otherwise.
type Before struct{ First, Then, Why string }

// Order is why the list stands as it stands. A test holds every Program to it.
var Order = []Before{
	{"cgroup", "memory", "a limit is a file in the group's directory"},
	{"cgroup", "clone", "the child is born inside its group (clone3), so not one instruction escapes the limits"},
	{"memory", "clone", "a limit set after the start can be outrun"},
	{"pids-limit", "clone", "a limit set after the start can be outrun"},
	{"cpuset-cpus", "join", "a v1 cpuset without processors takes nobody in: ENOSPC"},
	{"pid-ns", "clone", "a process cannot change its own PID: only children are born into the new namespace"},
	{"clone", "join", "only a process that exists can be moved into a v1 group"},
	{"join", "cgroup-ns", "the namespace's root is the group that the process is in when it is made"},
	{"mount-ns", "private", "in the host's own table it would change the host"},
	{"mount-ns", "overlay", "the host's mount table must never hold the container's root"},
	{"private", "overlay", "a mount made under a shared mount appears on the host as well"},
	{"private", "pivot", "pivot_root gives EINVAL while the parent of the new root is shared"},
	{"uts-ns", "hostname", "otherwise the host is renamed"},
	{"overlay", "pivot", "there must be a root to go to"},
	{"files-open", "pivot", "the host is out of sight afterwards"},
	{"volumes-open", "pivot", "the host is out of sight afterwards"},
	{"pivot", "proc", "mounted by path: from here on no link in the image can lead to the host"},
	{"pivot", "files", "mounted by path: from here on no link in the image can lead to the host"},
	{"pivot", "volumes", "mounted by path: from here on no link in the image can lead to the host"},
	{"pid-ns", "proc", "it shows the PID namespace of the process that mounts it"},
	{"net-ns", "sysfs", "it shows the interfaces of the namespace in which it is mounted"},
	{"cgroup-ns", "cgroupfs", "it shows the namespace of the process that mounts it"},
	{"ipc-ns", "mqueue", "it shows the IPC namespace of the process that mounts it"},
	{"net-ns", "loopback", "otherwise it is the host's that is switched on"},
	{"sysfs", "cgroupfs", "it lies below /sys"},
	{"dev", "devices", "the nodes are made in the new /dev"},
	{"dev", "devpts", "it lies below /dev"},
	{"dev", "shm", "it lies below /dev"},
	{"dev", "mqueue", "it lies below /dev"},
	{"devpts", "terminal", "the terminal is one of the container's own"},
	{"session", "console", "only the leader of a session without a terminal can get one"},
	{"terminal", "terminal-host", "tutor takes its end of a terminal that exists"},
	{"terminal-host", "console", "the child's own handle of tutor's end closes at execve"},
	{"proc", "sysctl", "the values are files below /proc/sys"},
	{"sysctl", "readonly-paths", "they cannot be written afterwards"},
	{"proc", "masked-paths", "what is hidden lies below /proc"},
	{"devices", "masked-paths", "the null that hides things must be the one that tutor made, not the image's"},
	{"devices", "umask", "they are made with no mask at all, and nothing later must be"},
	{"volumes", "read-only", "the directories that volumes need are made in the root"},
	{"console", "read-only", "/dev/console and its kin are made first"},
	{"bounding", "user", "dropping needs CAP_SETPCAP, which a user other than root has not"},
	{"user", "capabilities", "changing the user needs CAP_SETUID, and leaving 0 clears the sets again"},
	{"user", "workdir", "the user may have no right to be there, and must not get it by our help"},
	{"workdir", "exec", "a relative command starts from there"},
	{"capabilities", "seccomp", "the filter comes last, so that it need not allow what only the start needs"},
	{"seccomp", "exec", "the command must not run one instruction outside the filter"},
}

// A need says that one Op must not run without another.
type need struct{ Op, Needs, Else string }

var needs = []need{
	{"memory", "cgroup", "there is no group to limit"},
	{"memory-swap", "cgroup", "there is no group to limit"},
	{"cpus", "cgroup", "there is no group to limit"},
	{"cpu-shares", "cgroup", "there is no group to limit"},
	{"cpuset-cpus", "cgroup", "there is no group to limit"},
	{"pids-limit", "cgroup", "there is no group to limit"},
	{"device-read-bps", "cgroup", "there is no group to limit"},
	{"device-write-bps", "cgroup", "there is no group to limit"},
	{"join", "cgroup", "there is no group to join"},
	{"hostname", "uts-ns", "the host itself would be renamed"},
	{"loopback", "net-ns", "the host's own interface would be changed"},
	{"sysctl", "net-ns", "the host's own settings would be changed"},
	{"sysctl", "proc", "there is no /proc/sys"},
	{"devices", "dev", "they would be made in the image's /dev"},
	{"masked-paths", "devices", "there is no /dev/null to hide things with"},
	{"files", "files-open", "nothing was opened"},
	{"volumes", "volumes-open", "nothing was opened"},
	{"files", "pivot", "the mount points would be made on the host"},
	{"volumes", "pivot", "the mount points would be made on the host"},
	{"tmpfs", "pivot", "the mount points would be made on the host"},
	{"workdir", "pivot", "the directory would be made on the host"},
	{"terminal-host", "terminal", "there is no terminal to take hold of"},
	{"console", "terminal-host", "nobody would read what is written there"},
	{"console", "session", "only the leader of a session can get a terminal"},
}

// refusals are the Ops without which the host itself would be changed, or nothing would run.
var refusals = map[string]string{
	"clone":    "there would be no second process: tutor itself would become the command",
	"mount-ns": "every mount would be made in the host's own table, and the pivot would move the host's root",
	"stand-in": "it is there so that what leaks without private leaks into a copy of the host's mount table",
	"overlay":  "there would be no root to go to but the host's own",
	"exec":     "the child would have nothing to become",
}
