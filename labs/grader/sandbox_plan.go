package grader

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/namespaces"
	"tutor/runtime/network"
	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// The sandbox is a container, started from the same entries as every other. What differs: root in it keeps the
// powers that box needs to make containers in its turn, and its mounts are shared among themselves, as on every host
// with systemd, so that a box that forgets to make them private is found out.

// powers are the capabilities that box has. It lacks those that reach past every namespace: no device can be made
// (MKNOD), no file found by its number (DAC_READ_SEARCH), no other process traced (SYS_PTRACE), no module loaded.
var powers = []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"}

// What a wild box can use up, at most.
const (
	memoryLimit = 768 << 20
	pidsLimit   = 512
	filesLimit  = "size=384m,mode=755"
)

// lent are directories of the host that box may need: an interpreter, shared libraries. Each is the lower layer of an
// overlay, so that what box writes there is written to memory, and gone with the sandbox.
var lent = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/etc/alternatives"}

// plan is the start of the sandbox. Its PID 1 does nothing but wait for the grader's end.
func (s *Sandbox) plan(pipes process.Pipes) program.Program {
	limit, pids := int64(memoryLimit), int64(pidsLimit)
	memory := &specs.LinuxMemory{Limit: &limit, Swap: &limit}
	proc := specs.Mount{Destination: "/proc", Options: []string{"nosuid", "nodev", "noexec"}}
	dev := specs.Mount{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "mode=755", "size=64k"}}
	opened, pid := s.born(), &sys.Result{Name: "pid"}
	return program.Of(
		cgroups.Create(s.group, opened),
		cgroups.Memory(s.group, memory),
		cgroups.Swap(s.group, memory),
		cgroups.Pids(s.group, &specs.LinuxPids{Limit: &pids}),
		namespaces.PIDs(),
		process.Clone(opened, pid),
		cgroups.Join(s.group),
		process.Descriptors(),
		process.Session(),
		process.Streams(pipes, true, ""),
		namespaces.Mounts(),
		namespaces.Private(),
		namespaces.UTS(),
		namespaces.Hostname(s.Hostname),
		namespaces.IPC(),
		network.Namespace(""),
		namespaces.Cgroup(),
		s.ground(),
		s.groups(),
		layers.Pivot(),
		namespaces.Proc(proc),
		layers.Dev(dev),
		layers.Devices(true),
		network.Loopback(),
		privileges.ReadOnly(append(kernels(), "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")), // against accidents
		shared(),
		process.Umask(), // PID 1 keeps all its powers: who has fewer may neither trace it nor write into its memory (ptrace(2))
		process.Exec([]string{ToolDir + "/tutor", "probe", "init"}, environment(nil)),
	)
}

// kernels are the settings of the whole machine. Those of the network are not among them: each network namespace has its own, and box may
// want to forward packets in the sandbox's.
func kernels() []string {
	dirs, _ := filepath.Glob("/proc/sys/*")
	return slices.DeleteFunc(dirs, func(dir string) bool { return dir == "/proc/sys/net" })
}

// entry is how box comes into the sandbox: from outside, as a child of the grader's, which thereby hears from the
// kernel itself how it ended.
func (s *Sandbox) entry(pipes process.Pipes, c command) program.Program {
	target, opened := &sys.Result{Name: "target"}, s.born()
	return program.Of(
		namespaces.Target(s.PID, target),
		cgroups.Open(s.inner(), opened),
		privileges.Undumpable(),
		namespaces.EnterPIDs(s.PID, target),
		process.Clone(opened, &sys.Result{Name: "pid"}),
		cgroups.Join(s.inner()),
		process.Descriptors(),
		process.Session(),
		process.Streams(pipes, true, ""),
		namespaces.EnterMounts(s.PID, target),
		namespaces.EnterUTS(s.PID, target),
		namespaces.EnterIPC(s.PID, target),
		namespaces.EnterNetwork(s.PID, target),
		namespaces.EnterCgroup(s.PID, target),
		process.Umask(),
		privileges.Bounding(powers),
		process.Workdir(c.dir, false),
		process.Exec(c.args, environment(c.env)),
	)
}

// born is the descriptor of the group that a process is born into: only cgroup v2 can do that.
func (s *Sandbox) born() *sys.Result {
	if s.group.Layout.Unified == "" {
		return nil
	}
	return &sys.Result{Name: "group"}
}

func environment(more []string) []string {
	return append([]string{"PATH=" + ToolDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C"}, more...)
}

// ToolDir is where the sandbox has a copy of tutor: the command that box is given to run is one of ours.
const ToolDir = "/tutor/bin"

// boxDir is where it has what the student handed in.
const boxDir = "/box"

// ground lays the files out in memory, and goes there.
func (s *Sandbox) ground() program.Op {
	op := program.Op{Name: "ground", By: program.Child, Why: "box would write into the host's files", Man: "tmpfs(5)",
		Shell: "mount -t tmpfs tmpfs " + s.mountpoint() + "; mount -t overlay …"}
	op.Calls = append(op.Calls, sys.Mount("tmpfs", s.mountpoint(), "tmpfs", unix.MS_NODEV, filesLimit), sys.Chdir(s.mountpoint()))
	for _, dir := range []string{"proc", "sys", "dev", "etc", "root", "run", "var", "home", "mnt", "media", "srv", ".upper", ".work"} {
		op.Calls = append(op.Calls, sys.Mkdir(dir, 0o755))
	}
	op.Calls = append(op.Calls, sys.Umask(0), sys.Mkdir("tmp", 0o1777), sys.Mkdir("var/tmp", 0o1777), sys.Umask(0o022))
	for i, dir := range slices.Concat(lent, s.lent) {
		info, err := os.Lstat(dir)
		if err != nil {
			continue
		}
		if to, err := os.Readlink(dir); err == nil {
			op.Calls = append(op.Calls, sys.Symlink(to, dir[1:]))
		} else if info.IsDir() {
			op.Calls = append(op.Calls, over([]string{dir}, dir[1:], i)...)
		}
	}
	more := len(lent) + len(s.lent)
	handedIn := []string{s.files}
	if s.beside != "" {
		handedIn = append(handedIn, s.beside)
	}
	op.Calls = append(op.Calls, over(handedIn, boxDir[1:], more)...)
	op.Calls = append(op.Calls, over([]string{s.tools}, ToolDir[1:], more+1)...)
	return op
}

// over mounts directories of the host, the topmost first, so that they can be read, and written only to memory.
func over(lower []string, target string, number int) []sys.Call {
	upper, work := ".upper/"+string(rune('a'+number)), ".work/"+string(rune('a'+number))
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`)
	var escaped []string
	for _, dir := range lower {
		escaped = append(escaped, escape.Replace(dir))
	}
	return append(makeAll(target), sys.Mkdir(upper, 0o755), sys.Mkdir(work, 0o755),
		sys.Mount("overlay", target, "overlay", unix.MS_NODEV, "lowerdir="+strings.Join(escaped, ":")+",upperdir="+upper+",workdir="+work))
}

// makeAll is sys.MkdirAll for a path relative to the new root.
func makeAll(path string) []sys.Call {
	var calls []sys.Call
	for i := range path {
		if path[i] == '/' {
			calls = append(calls, sys.Mkdir(path[:i], 0o755).Tolerate(unix.EEXIST))
		}
	}
	return append(calls, sys.Mkdir(path, 0o755).Tolerate(unix.EEXIST))
}

// groups shows the sandbox's own group as the root of all groups, to be written: box shall make groups below it.
func (s *Sandbox) groups() program.Op {
	op := program.Op{Name: "groups", By: program.Child, Why: "box could not make groups, or could make them anywhere", Man: "cgroups(7)",
		Shell: "mount --bind " + s.group.Dirs()[0] + " sys/fs/cgroup"}
	op.Calls = append(op.Calls, sys.Mount("sysfs", "sys", "sysfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""))
	if len(s.group.Layout.V1) == 0 {
		return s.groupsV2(op)
	}
	op.Calls = append(op.Calls, sys.Mount("tmpfs", "sys/fs/cgroup", "tmpfs", unix.MS_NODEV, "size=64k,mode=755"))
	for _, dir := range s.group.Dirs() {
		target := filepath.Join("sys/fs/cgroup", filepath.Base(filepath.Dir(dir)))
		op.Calls = append(op.Calls, sys.Mkdir(target, 0o755), sys.Mount(dir, target, "", unix.MS_BIND, ""))
	}
	for controller, mount := range s.group.Layout.V1 { // "cpu" beside "cpu,cpuacct", as on every host that has both
		if name := filepath.Base(mount); name != controller && slices.Contains(s.group.Needs, controller) {
			op.Calls = append(op.Calls, sys.Symlink(name, "sys/fs/cgroup/"+controller))
		}
	}
	return op
}

// groupsV2 moves the sandbox's own processes out of its root group into a leaf: a group that has processes cannot hand
// controllers on to others (EBUSY).
func (s *Sandbox) groupsV2(op program.Op) program.Op {
	dir := s.group.Dirs()[0]
	op.Calls = append(op.Calls, sys.Mkdir(dir+"/own", 0o755))
	op.Calls = append(op.Calls, sys.WriteFile(dir+"/own/cgroup.procs", "0")...)
	op.Calls = append(op.Calls, sys.WriteFile(dir+"/cgroup.subtree_control", "+memory +pids +cpu")...)
	op.Calls = append(op.Calls, sys.Mount(dir, "sys/fs/cgroup", "", unix.MS_BIND, ""))
	return op
}

// inner is the group that box is born into.
func (s *Sandbox) inner() cgroups.Group {
	g := s.group
	if len(g.Layout.V1) == 0 {
		g.Name += "/own"
	}
	return g
}

// shared makes mounts known to every namespace that is made from here, as systemd does on the host.
func shared() program.Op {
	return program.Op{Name: "shared", By: program.Child, Why: "a box that leaks its mounts would not be found out", Shell: "mount --make-rshared /",
		Man: "mount_namespaces(7)", Calls: []sys.Call{sys.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")}}
}
