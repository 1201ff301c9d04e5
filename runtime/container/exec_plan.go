package container

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/cgroups"
	"tutor/runtime/namespaces"
	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
	"tutor/runtime/terminal"
)

// An ExecPlan is all that one more command in a running container depends on.
type ExecPlan struct {
	Process     *specs.Process             // the command, with the container's own limits and powers
	Seccomp     *specs.LinuxSeccomp        // and its filter of system calls
	PID         int                        // the container's first process, as the host sees it
	Own         []specs.LinuxNamespaceType // what that process does not share with the host
	Group       cgroups.Group              // where the container's limits are
	Terminal    terminal.Pair              // -t
	Interactive bool                       // -i
	Pipes       process.Pipes              // what the command reads and writes without -t
	Without     []string                   // entries to leave out
}

// Program is how a command comes into a container that runs. Nothing is made: no namespace, no group, no root; all
// that is there is entered. What follows is the end of the start (plan.go), entry by entry the same.
func (p ExecPlan) Program() (program.Program, error) {
	s, group, pid, target := p.Process, p.born(), &sys.Result{Name: "pid"}, &sys.Result{Name: "target"}
	filter, err := privileges.Filter(p.Seccomp)
	if err != nil {
		return nil, err
	}
	list := program.Of(
		namespaces.Target(p.PID, target),                               // the container, by its first process
		cgroups.Open(p.Group, group),                                   // the group that it lives in
		privileges.Undumpable(),                                        // nobody in there shall see what we have open
		p.own(specs.PIDNamespace, namespaces.EnterPIDs(p.PID, target)), // whoever is born next is born in there
		process.Clone(group, pid),                                      // two processes from here on
		cgroups.Join(p.Group),                                          // cgroup v1 has to move it

		process.Descriptors(),    // nothing that the caller left open
		process.Session(),        // not the caller's terminal session
		process.Stdin(p.stdin()), // not the caller's input
		p.streams(),              // nor its output

		p.own(specs.MountNamespace, namespaces.EnterMounts(p.PID, target)),    // its files; now no path leads to the host
		p.own(specs.UTSNamespace, namespaces.EnterUTS(p.PID, target)),         // its name
		p.own(specs.IPCNamespace, namespaces.EnterIPC(p.PID, target)),         // its shared memory
		p.own(specs.NetworkNamespace, namespaces.EnterNetwork(p.PID, target)), // its interfaces
		p.own(specs.CgroupNamespace, namespaces.EnterCgroup(p.PID, target)),   // its view of the groups

		terminal.Make(p.Terminal),                       // -t: one more of the container's terminals
		terminal.Take(p.Terminal, pid),                  // whose other end is tutor's
		terminal.Console(p.Terminal, s.User.UID, false), // and which is the command's input and output

		process.Workdir(s.Cwd, false), // where it starts

		process.Umask(),           // the usual mask, and not the caller's
		process.Limits(s.Rlimits), // the container's --ulimit
		p.bounding(),              // no more power than the container has
		filter,                    // nor more of the kernel
		privileges.User(s.User),   // who it is
		privileges.Capabilities(s.Capabilities, s.User.UID), // and what it holds until then
		privileges.NoNewPrivileges(s.NoNewPrivileges),       // as the container's first process
		process.Exec(s.Args, s.Env),                         // never returns, or it failed
	)
	return list.Without(p.Without)
}

// own is the Op if the container has a namespace of that type for itself.
func (p ExecPlan) own(kind specs.LinuxNamespaceType, op program.Op) program.Op {
	if slices.Contains(p.Own, kind) {
		return op
	}
	return op.Leave("the container shares the host's " + string(kind) + " namespace")
}

// born is the descriptor of the group that the child is born into: only cgroup v2 can do that.
func (p ExecPlan) born() *sys.Result {
	if p.Group.Layout.Unified == "" || slices.Contains(p.Without, "cgroup") {
		return nil
	}
	return &sys.Result{Name: "group"}
}

func (p ExecPlan) stdin() string {
	if p.Terminal.Wanted {
		return "-t: it comes from the terminal"
	}
	if p.Interactive {
		return "-i: it comes out of tutor's pipe"
	}
	return ""
}

// streams keeps the caller's own files out of the container: whoever has a descriptor can open the file behind it
// anew, by /proc/self/fd, and read where it was only to write.
func (p ExecPlan) streams() program.Op {
	none := ""
	if p.Terminal.Wanted {
		none = "-t: the terminal carries all three"
	}
	op := process.Streams(p.Pipes, p.Interactive, none)
	op.Why = "the caller's terminal or file would be open inside, and could be opened there anew: to read what is typed, to write what was only to be read"
	return op
}

func (p ExecPlan) bounding() program.Op {
	if p.Process.Capabilities == nil { // labs 1 to 3
		return privileges.Bounding(nil).Leave("no capabilities in the spec")
	}
	return privileges.Bounding(p.Process.Capabilities.Bounding)
}
