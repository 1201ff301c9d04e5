package cgroups

import (
	"path"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Version 1 has a tree of groups for each controller, and a process is in one group of every tree. What
// follows is all that differs from the version that the lab teaches; cgroup-v1/*.rst in the kernel's tree.

// v1Controllers are the ones that limits of ours may need, and one that only groups ("pids" is everywhere).
var v1Controllers = []string{"pids", "memory", "cpu", "cpuset", "blkio", "freezer"}

// v1Name is what version 1 calls the controller.
func v1Name(controller string) string {
	if controller == "io" {
		return "blkio"
	}
	return controller
}

// v1 is the trees of version 1 that the group must be in: those of its limits; and where there is no cgroup2
// at all, the pids tree as its home.
func (g Group) v1() []string {
	var trees []string
	if g.Layout.Unified == "" && g.Layout.V1["pids"] != "" {
		trees = append(trees, "pids")
	}
	for _, controller := range g.Needs {
		if _, v2 := g.dir(controller); !v2 && g.Layout.V1[v1Name(controller)] != "" {
			trees = append(trees, v1Name(controller))
		}
	}
	return trees
}

// inherit fills in what version 1 wants in a new cpuset group before a process may enter: ENOSPC otherwise.
func (g Group) inherit() []sys.Call {
	if !slices.Contains(g.v1(), "cpuset") {
		return nil
	}
	dir := path.Join(g.Layout.V1["cpuset"], g.Name)
	return slices.Concat(
		sys.WriteFile(path.Join(dir, "cpuset.cpus"), g.Layout.CPUs),
		sys.WriteFile(path.Join(dir, "cpuset.mems"), g.Layout.Mems))
}

// Join moves the child into its groups of version 1, in which nobody can be born. "0" is the writer itself.
func Join(g Group) program.Op {
	op := program.Op{
		Name:  "join",
		Lab:   3,
		By:    program.Child,
		Why:   "limits bind only the processes in the group, and the child was born outside",
		Shell: "echo 0 > …/" + g.Name + "/cgroup.procs",
		Man:   "cgroups(7)",
	}
	for _, dir := range g.Dirs() {
		if path.Dir(dir) != g.Layout.Top() {
			op.Calls = append(op.Calls, sys.WriteFile(path.Join(dir, "cgroup.procs"), "0")...)
		}
	}
	if len(op.Calls) == 0 {
		return op.Leave("not needed with cgroup v2: clone3 put the child into its group")
	}
	return op
}

// v1Quota writes what version 2 has in cpu.max: two files there, both in µs.
func v1Quota(dir string, quota int64, period uint64) []sys.Call {
	return slices.Concat(
		sys.WriteFile(path.Join(dir, "cpu.cfs_period_us"), strconv.FormatUint(period, 10)),
		sys.WriteFile(path.Join(dir, "cpu.cfs_quota_us"), strconv.FormatInt(quota, 10)))
}

// v1Mount mounts what the container sees at /sys/fs/cgroup: a small directory with its own trees.
func (g Group) v1Mount(flags uint64) []sys.Call {
	calls := []sys.Call{sys.Mount("tmpfs", "/sys/fs/cgroup", "tmpfs", flags&^unix.MS_RDONLY, "mode=755,size=64k")}
	for _, tree := range g.v1() {
		dir := "/sys/fs/cgroup/" + tree
		calls = append(calls, sys.Mkdir(dir, 0o755), sys.Mount("cgroup", dir, "cgroup", flags, tree))
	}
	if g.Layout.Unified != "" {
		dir := "/sys/fs/cgroup/unified"
		calls = append(calls, sys.Mkdir(dir, 0o755), sys.Mount("cgroup2", dir, "cgroup2", flags, ""))
	}
	return append(calls, sys.Mount("", "/sys/fs/cgroup", "", flags|unix.MS_REMOUNT|unix.MS_BIND, ""))
}
