package cgroups

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Frozen is a group whose processes stand still. Nobody in there can be born or end, so the list of PIDs is true.
type Frozen struct {
	Dir  string   // "": nobody stands still
	Home string   // version 1: the tree's root, where the processes belong; "": version 2
	PIDs []string // version 1: who is in it
}

// Thaw lets the processes of a paused container go on. A signal waits in a frozen process until then; in version 1
// SIGKILL too. There the group exists for freezing only, so whoever leaves it is free, and it can go.
func Thaw(f Frozen) program.Op {
	op := program.Op{
		Name:  "thaw",
		Lab:   3,
		By:    program.Host,
		Why:   "a process that stands still hears no signal: it would get it when it is let go on, perhaps tomorrow",
		Shell: "echo 0 > " + path.Join(f.Dir, "cgroup.freeze"),
		Man:   "cgroups(7)",
		Calls: sys.WriteFile(path.Join(f.Dir, "cgroup.freeze"), "0"),
	}
	if f.Dir == "" {
		return op.Leave("the container is not paused")
	}
	if f.Home == "" {
		return op
	}
	op.Shell = fmt.Sprintf("for pid in %s; do echo $pid > %s/cgroup.procs; done; rmdir %s", strings.Join(f.PIDs, " "), f.Home, f.Dir)
	op.Calls = append(enter(f.Home, f.PIDs), sys.Rmdir(f.Dir).Tolerate(unix.ENOENT, unix.EBUSY))
	return op
}
