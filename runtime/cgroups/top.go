package cgroups

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/sys"
)

// Top is the directory in which version 2 has the groups of all containers. It is one below the root, because the
// root's cgroup.subtree_control is systemd's as well: it takes a controller away that no unit of its own wants, and our
// limits would be gone without a word. The kernel refuses that (EBUSY) while a group below hands the controller on
// (cgroup-v2.rst, "Top-down Constraint"), and tutor's does. docs/decisions/groups-beside-systemd.md. In hybrid mode
// version 2 has nothing of what we limit to hand on.
func (l Layout) Top() string {
	if !l.Limits() {
		return l.Unified
	}
	return path.Join(l.Unified, "tutor")
}

// Limits tells if it is version 2 that limits here: in hybrid mode the kernel leaves to it what version 1 has not mounted.
func (l Layout) Limits() bool {
	return slices.ContainsFunc(counting, func(controller string) bool { return slices.Contains(l.Controllers, controller) })
}

// counting are the controllers whose counters `stats` reads, limit or no limit.
var counting = []string{"memory", "pids", "io"}

// handDown makes Top, and has the controllers of the limits, and those that count, go from the root to there and on
// to the group. It is not taken back: other containers may need it by then.
func (g Group) handDown() (calls []sys.Call, shell string) {
	words := g.controllers()
	if words == "" {
		return nil, ""
	}
	top := g.Layout.Top()
	calls = []sys.Call{sys.Mkdir(top, 0o755).Tolerate(unix.EEXIST)}
	shell = "mkdir -p " + top + "; "
	for _, dir := range []string{g.Layout.Unified, top} {
		file := path.Join(dir, "cgroup.subtree_control")
		write := sys.WriteFile(file, words)
		if !g.limited() { // a root with processes in it, as in a container, hands nothing on: then nothing is counted
			write[1] = write[1].Tolerate(unix.EBUSY, unix.EOPNOTSUPP, unix.ENOENT)
		}
		calls = append(calls, write...)
		shell += "echo " + words + " > " + file + "; "
	}
	return calls, shell
}

// controllers is what is written to cgroup.subtree_control; "" without version 2.
func (g Group) controllers() string {
	var words []string
	for _, controller := range slices.Concat(g.Needs, counting) {
		if _, v2 := g.dir(controller); v2 && !slices.Contains(words, "+"+controller) {
			words = append(words, "+"+controller)
		}
	}
	return strings.Join(words, " ")
}

// limited tells if a limit needs a controller of version 2.
func (g Group) limited() bool {
	return slices.ContainsFunc(g.Needs, func(controller string) bool { _, v2 := g.dir(controller); return v2 })
}
