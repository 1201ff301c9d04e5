package cgroups

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Before is what an update finds, looked up before the first write: what it needs to know to take everything back.
type Before struct {
	Values map[string]string // what the files of limits hold: path → value
	Dirs   []string          // the groups that the container has
	PIDs   []string          // its processes, as the host sees them
	From   map[string]string // tree of version 1 → the group that they are in there, which is not the container's
}

// Update changes the limits of a container that runs. Each entry takes itself back when a later one fails, in
// reverse order, so that either all of the new limits hold or all of the old ones. r has the limits that change,
// and with a limit of memory that of swap, and the other way round: one cannot be more than the other.
func Update(g Group, r specs.LinuxResources, b Before) program.Program {
	g.before = &b
	memory, swap := Memory(g, r.Memory), Swap(g, r.Memory)
	if g.raises(r.Memory) {
		memory, swap = swap, memory // version 1 refuses, at each moment, less of both than of memory alone: EINVAL
	}
	return program.Of(
		Extend(g),    // the files for limits that it had none of
		memory, swap, // bytes
		CPUs(g, r.CPU),      // processor time
		Shares(g, r.CPU),    // its weight, when time is scarce
		CPUSet(g, r.CPU),    // which processors
		Pids(g, r.Pids),     // processes
		Enter(g, b.PIDs...), // version 1: it was in no group of that tree
	)
}

// Late is the end of an Update once more, for those processes who were born meanwhile.
func Late(g Group, b Before) program.Program {
	g.before = &b
	return program.Of(Enter(g, b.PIDs...))
}

// raises tells if the limit of memory will be more than what memory and swap may be now. Only version 1 has that.
func (g Group) raises(m *specs.LinuxMemory) bool {
	dir, v2 := g.dir("memory")
	both := g.before.Values[path.Join(dir, "memory.memsw.limit_in_bytes")]
	return !v2 && m != nil && m.Limit != nil && both != "" && less(both, *m.Limit)
}

// less compares a limit as the kernel writes it; no limit is a very large number, or "-1".
func less(text string, limit int64) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n >= 0 && n < limit
}

// Extend gives the group what a new limit needs. In version 2 a controller is switched on for the whole tree, and
// stays on: other groups may use it by the time that this could be taken back. In version 1 the container gets a
// group in one more tree.
func Extend(g Group) program.Op {
	op := program.Op{Name: "cgroup", Lab: 3, By: program.Host, Man: "cgroups(7)",
		Why: "a limit needs a group that has the file for it, and the container was started without that limit"}
	var shell []string
	if g.limited() {
		calls, line := g.handDown()
		op.Calls, shell = calls, []string{strings.TrimSuffix(line, "; ")}
	}
	for _, dir := range g.missing() {
		op.Calls = append(op.Calls, sys.Mkdir(dir, 0o755))
		op.Undo = append(op.Undo, sys.Rmdir(dir))
		shell = append(shell, "mkdir "+dir)
		if path.Dir(dir) == g.Layout.V1["cpuset"] {
			op.Calls = append(op.Calls, g.inherit()...)
		}
	}
	op.Shell = strings.Join(shell, "; ")
	if len(op.Calls) == 0 {
		return op.Leave("the container has a group for all of these limits")
	}
	return op
}

// missing are the groups that the container has not got yet.
func (g Group) missing() []string {
	return slices.DeleteFunc(g.Dirs(), func(dir string) bool { return slices.Contains(g.before.Dirs, dir) })
}

// Enter moves processes into the groups that are new: a limit binds only who is inside, and memory that a process
// has touched before stays charged to where it was (cgroup-v1/memory.rst, "Move charges at task migration"). One
// that has ended meanwhile (ESRCH) needs no moving; one that is born meanwhile is where its parent is.
func Enter(g Group, pids ...string) program.Op {
	op := program.Op{Name: "join", Lab: 3, By: program.Host, Man: "cgroups(7)",
		Why: "limits bind only the processes in the group, and these were in none of that tree"}
	var shell []string
	for _, dir := range g.missing() {
		op.Calls = append(op.Calls, enter(dir, pids)...)
		op.Undo = append(op.Undo, enter(path.Join(path.Dir(dir), g.before.From[path.Dir(dir)]), pids)...)
		shell = append(shell, "for pid in "+strings.Join(pids, " ")+"; do echo $pid > "+dir+"/cgroup.procs; done")
	}
	op.Shell = strings.Join(shell, "; ")
	if len(op.Calls) == 0 {
		return op.Leave("the processes are in their groups already")
	}
	return op
}

func enter(dir string, pids []string) []sys.Call {
	fd := &sys.Result{Name: "fd"}
	calls := []sys.Call{sys.Open(path.Join(dir, "cgroup.procs"), unix.O_WRONLY|unix.O_CLOEXEC, fd)}
	for _, pid := range pids {
		calls = append(calls, sys.Write(fd, pid).Tolerate(unix.ESRCH))
	}
	return append(calls, sys.Close(fd))
}

// usual is what the files hold of a group that has just got them: version 2 makes them for a group that is there.
var usual = map[string]string{
	"memory.max":      "max",
	"memory.swap.max": "max",
	"cpu.max":         "max 100000",
	"cpu.weight":      "100",
	"cpuset.cpus":     "\n", // all that the parent has; an empty write would not reach the file
	"pids.max":        "max",
}

// LimitFiles are the files whose content an update can take back: path.Base of every file that a limit of Update is.
var LimitFiles = append(slices.Sorted(maps.Keys(usual)), "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
	"cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares")

// back writes what the file holds now. A group that is new needs no such thing: it is removed.
func (g Group) back(file string) []sys.Call {
	if g.before == nil || !slices.Contains(g.before.Dirs, path.Dir(file)) {
		return nil
	}
	value := g.before.Values[file]
	if value == "" {
		value = usual[path.Base(file)]
	}
	return sys.WriteFile(file, value)
}
