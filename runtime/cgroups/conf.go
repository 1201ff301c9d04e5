package cgroups

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Conf writes files of the group that no other limit writes, as the spec's "unified" has them. The one that is missed
// most is memory.oom.group: without it the kernel kills one process of a container that has too little memory, and what
// is left of it goes on, with half of its workers or without the one that answers (cgroup-v2.rst).
func Conf(g Group, unified map[string]string) program.Op {
	op := program.Op{Name: "cgroup-conf", Lab: 3, By: program.Host, Man: "cgroups(7)",
		Why: "version 2 has more to set than there are flags, and what nobody sets is as the kernel has it"}
	if len(unified) == 0 {
		return op.Leave("no --cgroup-conf given")
	}
	if !g.Layout.Limits() {
		return op.Leave("only cgroup v2 has such files")
	}
	var shell []string
	for _, name := range slices.Sorted(maps.Keys(unified)) {
		file := path.Join(g.Dirs()[0], name)
		op.Calls = append(op.Calls, sys.WriteFile(file, unified[name])...)
		shell = append(shell, fmt.Sprintf("echo %s > %s", unified[name], file))
	}
	op.Shell = strings.Join(shell, "; ")
	return op
}
