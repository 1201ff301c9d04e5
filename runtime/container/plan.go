package container

import (
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/namespaces"
	"tutor/runtime/network"
	"tutor/runtime/ports"
	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
	"tutor/runtime/terminal"
)

// A Plan is all that the start of a container depends on: what the spec wants, and what this host is like.
// No more is read while the Program is made, so that plans can be compared without root.
type Plan struct {
	Spec        *specs.Spec
	Root        layers.Root       // where the image's layers lie
	Group       cgroups.Group     // where the container's limits are
	Terminal    terminal.Pair     // -t
	Interactive bool              // -i
	Pipes       process.Pipes     // what the command reads and writes without -t
	Wire        network.Wire      // the cables to its networks
	UDP, TCP    *sys.Result       // where its questions for names come
	Ports       ports.Publication // -p
	Filter      program.Op        // the spec's filter of system calls: assembled once, for the list is made again when its addresses are known
	Files       layers.Binds      // /etc/hosts and its kin
	Volumes     layers.Binds      // -v, --mount
	Shared      bool              // the host's "/" tells other namespaces of its mounts, as systemd wants it
	Lab         int               // 1..7: only what those labs taught; 0: everything
	Without     []string          // entries to leave out
}

// Program is the start of a container, from an empty group to the command. This is the list to read first:
// one entry a line, in the order in which the kernel gets it, each with its reason.
func (p Plan) Program() (program.Program, error) {
	s, group, pid := p.Spec, p.born(), p.Wire.PID
	list := program.Of(
		ports.Claim(p.Ports),                                                 // the host's ports, or nothing begins
		cgroups.Create(p.Group, group),                                       // a group of its own, still empty
		cgroups.Memory(p.Group, s.Linux.Resources.Memory),                    // bytes
		cgroups.Swap(p.Group, s.Linux.Resources.Memory),                      // and what may go to disk instead
		cgroups.CPUs(p.Group, s.Linux.Resources.CPU),                         // processor time
		cgroups.Shares(p.Group, s.Linux.Resources.CPU),                       // its weight, when time is scarce
		cgroups.CPUSet(p.Group, s.Linux.Resources.CPU),                       // which processors
		cgroups.Pids(p.Group, s.Linux.Resources.Pids),                        // processes
		cgroups.ReadBPS(p.Group, s.Linux.Resources.BlockIO),                  // disk, reading
		cgroups.WriteBPS(p.Group, s.Linux.Resources.BlockIO),                 // disk, writing
		cgroups.Conf(p.Group, s.Linux.Resources.Unified),                     // and what has no flag of its own
		namespaces.StandIn(p.tight(), path.Join(p.Root.Base, p.Root.Target)), // a host to leak into
		p.own(specs.PIDNamespace, namespaces.PIDs()),                         // whoever is born next is PID 1
		process.Clone(group, pid),                                            // two processes from here on; the child is in its group
		cgroups.Join(p.Group),                                                // cgroup v1 has to move it there

		process.Descriptors(),    // nothing that the caller left open
		process.Session(),        // not the caller's terminal session
		process.Stdin(p.stdin()), // not the caller's input
		process.Streams(p.Pipes, p.Interactive, p.inherits()), // nor its output

		p.own(specs.MountNamespace, namespaces.Mounts()),                                      // its own table of mounts
		namespaces.Private(),                                                                  // and none of its mounts flows back
		p.own(specs.UTSNamespace, namespaces.UTS()),                                           // its own name
		p.own(specs.UTSNamespace, namespaces.Hostname(s.Hostname)),                            // which is this
		p.own(specs.IPCNamespace, namespaces.IPC()),                                           // its own shared memory
		p.own(specs.NetworkNamespace, network.Namespace(p.namespace(specs.NetworkNamespace))), // its own interfaces
		p.own(specs.CgroupNamespace, namespaces.Cgroup()),                                     // its group looks like the root

		layers.Overlay(p.Root), // the layers, and one on top to write into
		p.Files.Open(),         // last look at the host: names and addresses,
		p.Volumes.Open(),       // and the directories that it shall share
		layers.Pivot(),         // the old root is gone, not hidden; now no path leads to the host

		namespaces.Proc(p.mount("/proc")),                 // its own processes
		network.Sysfs(p.mount("/sys")),                    // its own interfaces
		p.limits(),                                        // its own limits, to read
		layers.Dev(p.mount("/dev")),                       // an empty /dev
		layers.Devices(p.mount("/dev").Destination != ""), // with null and its kin
		layers.Pts(p.mount("/dev/pts")),                   // its own terminals
		layers.Shm(p.mount("/dev/shm")),                   // its own shared memory, by name
		layers.Mqueue(p.mount("/dev/mqueue")),             // its own message queues
		p.fresh(network.Loopback()),                       // 127.0.0.1
		network.Sysctls(s.Linux.Sysctl),                   // small freedoms inside its own network
		network.Cable(p.Wire),                             // from the bridge into the container
		network.Hairpin(p.Wire, len(p.Ports.Ports) > 0),   // and back to itself
		network.StepIn(p.Wire),                            // the host's hand goes in,
		network.Address(p.Wire),                           // gives it addresses,
		network.Route(p.Wire),                             // the way out,
		network.Names(p.Wire, p.UDP, p.TCP),               // and somebody to ask for names,
		network.StepOut(p.Wire),                           // and comes back
		ports.Publish(p.Ports),                            // -p
		layers.Tmpfs(p.tmpfs()),                           // --tmpfs
		p.Volumes.Attach(),                                // -v
		p.Files.Attach(),                                  // /etc/hosts, /etc/hostname, /etc/resolv.conf

		terminal.Make(p.Terminal),                                    // -t: a terminal of its own
		terminal.Take(p.Terminal, pid),                               // whose other end is tutor's
		terminal.Console(p.Terminal, s.Process.User.UID, p.pivots()), // and which is its standard input and output
		layers.DevLock(p.mount("/dev").Destination != ""),            // and no device more
		privileges.Masked(s.Linux.MaskedPaths),                       // what tells of the whole machine
		privileges.ReadOnly(s.Linux.ReadonlyPaths),                   // what changes the whole machine
		process.Workdir(p.workdir(), true),                           // where the command starts
		layers.ReadOnly(s.Root.Readonly),                             // --read-only

		process.Umask(),                   // the usual mask, and not the caller's
		process.Limits(s.Process.Rlimits), // --ulimit
		privileges.Bounding(p.bounding()), // root keeps the name, loses the powers
		p.Filter,                          // and most of the kernel is out of reach; what follows must pass it
		privileges.User(s.Process.User),   // who it is
		privileges.Capabilities(s.Process.Capabilities, s.Process.User.UID), // and what it holds until then
		privileges.NoNewPrivileges(s.Process.NoNewPrivileges),               // and cannot win them back
		process.Exec(s.Process.Args, s.Process.Env),                         // never returns, or the container failed
	)
	return list.Upto(p.Lab).Without(p.Without)
}

// own is the Op if the spec asks for a namespace of that type, else the reason why the host's is shared.
func (p Plan) own(kind specs.LinuxNamespaceType, op program.Op) program.Op {
	for _, n := range p.Spec.Linux.Namespaces {
		if n.Type == kind {
			return op
		}
	}
	return op.Leave("the host's " + string(kind) + " namespace is shared")
}

// namespace is the path of a namespace that is there already; "": it gets a new one.
func (p Plan) namespace(kind specs.LinuxNamespaceType) string {
	for _, n := range p.Spec.Linux.Namespaces {
		if n.Type == kind {
			return n.Path
		}
	}
	return ""
}

// fresh is an Op that only a new network needs.
func (p Plan) fresh(op program.Op) program.Op {
	if p.namespace(specs.NetworkNamespace) != "" {
		return op.Leave("the network is another container's, and ready")
	}
	return op
}

// born is the descriptor of the group that the child is born into: only cgroup v2 can do that.
func (p Plan) born() *sys.Result {
	if p.Group.Layout.Unified == "" || slices.Contains(p.Without, "cgroup") || (p.Lab > 0 && p.Lab < 3) {
		return nil
	}
	return &sys.Result{Name: "group"}
}

// tight is why no mount of the container's can leak to the host.
func (p Plan) tight() string {
	if !slices.Contains(p.Without, "private") {
		return "only with --without private"
	}
	if !p.Shared {
		return "/ is not shared on this host: nothing can leak"
	}
	return ""
}

func (p Plan) stdin() string {
	if p.Terminal.Wanted {
		return "-t: it comes from the terminal"
	}
	if p.Interactive {
		return "-i: the caller's input is the command's"
	}
	return ""
}

// inherits is why the command keeps tutor's own output.
func (p Plan) inherits() string {
	if p.Terminal.Wanted {
		return "-t: the terminal carries all three"
	}
	if !p.pivots() {
		return "labs 1 to 3 write where tutor writes"
	}
	return ""
}

// mount is the spec's mount at destination; the zero Mount if there is none.
func (p Plan) mount(destination string) specs.Mount {
	for _, m := range p.Spec.Mounts {
		if m.Destination == destination && m.Type != "bind" {
			return m
		}
	}
	return specs.Mount{}
}

// tmpfs is what --tmpfs asked for. Those that lie in a volume come with the volumes.
func (p Plan) tmpfs() []specs.Mount {
	return slices.DeleteFunc(inMemory(p.Spec), func(m specs.Mount) bool {
		return slices.ContainsFunc(p.Volumes.List, func(b layers.Bind) bool { return b.Memory != nil && b.Memory.Destination == m.Destination })
	})
}

// inMemory are the spec's mounts in memory that are not among the usual ones, /x before /x/y.
func inMemory(s *specs.Spec) []specs.Mount {
	var mounts []specs.Mount
	for _, m := range s.Mounts {
		if m.Type == "tmpfs" && m.Destination != "/dev" && m.Destination != "/dev/shm" {
			mounts = append(mounts, m)
		}
	}
	slices.SortStableFunc(mounts, func(a, b specs.Mount) int {
		return strings.Count(a.Destination, "/") - strings.Count(b.Destination, "/")
	})
	return mounts
}

// limits is the container's own groups; on the host's root they take the place of the host's.
func (p Plan) limits() program.Op {
	return cgroups.View(p.Group, p.mount("/sys/fs/cgroup"), !p.pivots())
}

func (p Plan) bounding() []string {
	if p.Spec.Process.Capabilities == nil {
		return nil
	}
	return p.Spec.Process.Capabilities.Bounding
}

// pivots tells if the container gets a root of its own: from lab 4 on.
func (p Plan) pivots() bool { return p.Lab == 0 || p.Lab >= 4 }

func (p Plan) workdir() string { return p.Spec.Process.Cwd }
