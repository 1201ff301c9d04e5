package layers

import (
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Dev gives the container an empty /dev of its own, in memory.
func Dev(m specs.Mount) program.Op {
	return mounted(m, program.Op{
		Name: "dev",
		Lab:  4,
		By:   program.Child,
		Why:  "the image's /dev may hold anything: a stranger's link, or the host's disks by number",
		Man:  "tmpfs(5)",
	})
}

// Devices makes the few devices that every program expects, and no others: no disk, no memory, no console.
// They are made with the mask off, because mknod(2) obeys it; the entry "umask" sets it again.
func Devices(on bool) program.Op {
	op := program.Op{
		Name:  "devices",
		Lab:   4,
		By:    program.Child,
		Why:   "there would be no /dev/null to throw things into",
		Shell: "mknod -m 666 /dev/null c 1 3; …",
		Man:   "mknod(2)",
		Calls: []sys.Call{sys.Umask(0)},
	}
	if !on {
		return op.Leave("no /dev in the spec")
	}
	for _, d := range devices {
		op.Calls = append(op.Calls, sys.Device(d.path, 0o666, d.major, d.minor))
	}
	for _, l := range links {
		op.Calls = append(op.Calls, sys.Symlink(l.target, l.path))
	}
	return op
}

// DevLock makes /dev read-only when all is in it. The devices in it go on working; but root, who has CAP_MKNOD,
// could make one more here: the host's disk, by number. Everywhere else a device cannot be used (nodev).
func DevLock(on bool) program.Op {
	op := program.Op{
		Name:  "dev-lock",
		Lab:   5,
		By:    program.Child,
		Why:   "root inside could make a device for the host's disk, and read and write it",
		Shell: "mount -o remount,bind,ro,nosuid /dev",
		Man:   "mknod(2)",
		Calls: []sys.Call{sys.Mount("", "/dev", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID, "")},
	}
	if !on {
		return op.Leave("no /dev in the spec")
	}
	return op
}

var devices = []struct { // character devices: devices.txt in the kernel's tree; the OCI spec demands these
	path         string
	major, minor uint32
	what         string
}{
	{"/dev/null", 1, 3, "swallows all, gives nothing"},
	{"/dev/zero", 1, 5, "gives zeros"},
	{"/dev/full", 1, 7, "is always full: ENOSPC"},
	{"/dev/random", 1, 8, "random bytes"},
	{"/dev/urandom", 1, 9, "random bytes"},
	{"/dev/tty", 5, 0, "the terminal of whoever opens it"},
}

var links = []struct{ path, target, what string }{
	{"/dev/fd", "/proc/self/fd", "a process's own open files"},
	{"/dev/stdin", "/proc/self/fd/0", "by name, for programs that want a file"},
	{"/dev/stdout", "/proc/self/fd/1", "the same"},
	{"/dev/stderr", "/proc/self/fd/2", "the same"},
	{"/dev/ptmx", "pts/ptmx", "new terminals come from the container's own devpts"},
	{"/dev/core", "/proc/kcore", "as everywhere; what it points to is masked"},
}

// Pts gives the container its own pseudo-terminals, numbered from 0.
func Pts(m specs.Mount) program.Op {
	return mounted(m, program.Op{
		Name: "devpts",
		Lab:  4,
		By:   program.Child,
		Why:  "the host's terminals could be opened and read from inside, and none could be made",
		Man:  "pts(4)",
	})
}

// Shm is shared memory by name: shm_open(3) makes files here.
func Shm(m specs.Mount) program.Op {
	return mounted(m, program.Op{
		Name: "shm",
		Lab:  4,
		By:   program.Child,
		Why:  "shm_open fails, and with it databases, browsers and Python's multiprocessing",
		Man:  "shm_overview(7)",
	})
}

// Mqueue shows the message queues of the container's IPC namespace.
func Mqueue(m specs.Mount) program.Op {
	return mounted(m, program.Op{
		Name: "mqueue",
		Lab:  4,
		By:   program.Child,
		Why:  "message queues could be made but not listed",
		Man:  "mq_overview(7)",
	})
}

// Tmpfs mounts file systems in memory where --tmpfs says.
func Tmpfs(mounts []specs.Mount) program.Op {
	op := program.Op{
		Name: "tmpfs",
		Lab:  4,
		By:   program.Child,
		Why:  "what is written there would go to the disk and stay",
		Man:  "tmpfs(5)",
	}
	for _, m := range mounts {
		op.Calls = append(op.Calls, memory(m)...)
		op.Shell += shellMount(m) + "; "
	}
	op.Shell = strings.TrimSuffix(op.Shell, "; ")
	if len(mounts) == 0 {
		return op.Leave("no --tmpfs given")
	}
	return op
}

func memory(m specs.Mount) []sys.Call {
	flags, data := sys.MountOptions(m.Options)
	return append(sys.MkdirAll(m.Destination), sys.Mount("tmpfs", m.Destination, "tmpfs", flags, data))
}

// mounted completes an Op that makes a mount of the spec's.
func mounted(m specs.Mount, op program.Op) program.Op {
	if m.Destination == "" {
		return op.Leave("not in the spec")
	}
	flags, data := sys.MountOptions(m.Options)
	op.Shell = shellMount(m)
	op.Calls = []sys.Call{
		sys.Mkdir(m.Destination, 0o755).Tolerate(unix.EEXIST),
		sys.Mount(m.Source, m.Destination, m.Type, flags, data),
	}
	return op
}

func shellMount(m specs.Mount) string {
	return "mount -t " + m.Type + " -o " + strings.Join(m.Options, ",") + " " + m.Source + " " + m.Destination
}
