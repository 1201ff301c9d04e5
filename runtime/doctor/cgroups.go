package doctor

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"tutor/runtime/cgroups"
	"tutor/runtime/namespaces"
	"tutor/runtime/process"
	"tutor/runtime/sys"
)

// version says how groups are mounted. With version 1 everything works, but it is not what the lab shows.
func version(m Machine) answer {
	layout := cgroups.Read(m.Files)
	if layout.Version() == "none" {
		return answer{found: "none", fails: true, mend: mountGroups}
	}
	return answer{found: layout.Version(), remark: layout.Version() != "v2"}
}

// controller looks where a limit would be written. Version 2 needs one thing more: the top group hands a
// controller down only if it is the real top, or has no processes of its own (cgroups(7), "no internal
// processes"). In a container it is neither, and the limit would fail with EBUSY.
func controller(name string) func(Machine) answer {
	return func(m Machine) answer {
		layout := cgroups.Read(m.Files)
		if layout.Unified != "" && slices.Contains(layout.Controllers, name) {
			if m.busy(layout.Unified, name) {
				return answer{found: "v2, not handed down: EBUSY", fails: true, mend: privileged}
			}
			return answer{found: "v2"}
		}
		inV1 := name
		if name == "io" {
			inV1 = "blkio"
		}
		if layout.V1[inV1] != "" {
			return answer{found: "v1, " + layout.V1[inV1]}
		}
		return answer{found: "not there", fails: true, mend: m.granted()}
	}
}

// busy tells if the group mounted at top can not switch the controller on for the groups below it.
func (m Machine) busy(top, controller string) bool {
	in := strings.TrimPrefix(top, "/")
	on := strings.Fields(m.read(path.Join(in, "cgroup.subtree_control")))
	realTop := m.read(path.Join(in, "cgroup.type")) == "" // only groups below the real top have the file
	return !realTop && !slices.Contains(on, controller) && m.read(path.Join(in, "cgroup.procs")) != ""
}

// group puts a child into a group of its own, in version 1 into one of every tree; each is removed again. No
// controller is switched on for it: that would stay. Where no groups are mounted a container starts without.
func group(m Machine) answer {
	layout := cgroups.Read(m.Files)
	g := cgroups.Group{Name: fmt.Sprintf("doctor-of-tutor-%d", os.Getpid())}
	for _, name := range []string{"memory", "cpu", "pids", "io"} { // a v1 cpuset without processors takes nobody in
		if !slices.Contains(layout.Controllers, name) {
			g.Needs = append(g.Needs, name)
		}
	}
	layout.Controllers = nil
	g.Layout = layout
	if len(g.Dirs()) == 0 {
		return answer{found: "none mounted", remark: true, mend: mountGroups}
	}
	var opened *sys.Result
	if layout.Unified != "" {
		opened = &sys.Result{Name: "group"}
	}
	return m.outcome("works", half(nothing, cgroups.Create(g, opened), process.Clone(opened, pid()), cgroups.Join(g), namespaces.Cgroup()))
}
