package cgroups

import (
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Open takes hold of a group that is there, so that one more child can be born inside. Without it the newcomer would
// live under the limits of whoever typed the command: free of the container's, and not killed with it.
func Open(g Group, opened *sys.Result) program.Op {
	op := program.Op{
		Name: "cgroup",
		Lab:  3,
		By:   program.Host,
		Why:  "the command would not share the container's limits, nor be counted and killed with it",
		Man:  "cgroups(7)",
	}
	if g.Layout.Unified == "" {
		return op.Leave("cgroup v1: nobody can be born into a group")
	}
	dir := g.Dirs()[0]
	op.Shell = "exec 3< " + dir
	op.Calls = []sys.Call{sys.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, opened)}
	op.Undo = []sys.Call{sys.Close(opened).Tolerate(unix.EBADF)} // it was never opened
	return op
}
