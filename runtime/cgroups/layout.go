package cgroups

import (
	"bufio"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Layout is how this host has mounted its cgroup file systems: version 2 in one tree, version 1 with a tree
// for each controller, or both (hybrid).
type Layout struct {
	Unified     string            // mount point of cgroup2, "" if there is none
	Controllers []string          // that cgroup2 offers: "memory", "pids" …; in hybrid mode usually none
	V1          map[string]string // controller → mount point, of version 1
	CPUs, Mems  string            // cpuset.cpus and cpuset.mems at the top of version 1's tree: "0-3", "0"
}

// Find reads the layout from /proc/self/mountinfo (proc_pid_mountinfo(5)). controllers is the content of
// cgroup.controllers at the root of cgroup2.
func Find(mountinfo, controllers string) Layout {
	l := Layout{V1: map[string]string{}, Controllers: strings.Fields(controllers)}
	scan := bufio.NewScanner(strings.NewReader(mountinfo))
	for scan.Scan() {
		before, after, _ := strings.Cut(scan.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(rest) < 3 {
			continue
		}
		if rest[0] == "cgroup2" && l.Unified == "" {
			l.Unified = fields[4]
		}
		if rest[0] != "cgroup" {
			continue
		}
		for _, option := range strings.Split(rest[2], ",") {
			if slices.Contains(v1Controllers, option) && l.V1[option] == "" {
				l.V1[option] = fields[4]
			}
		}
	}
	return l
}

// Read finds the layout of the host whose files these are, from "/". A host without /proc has none.
func Read(files fs.FS) Layout {
	mountinfo, err := fs.ReadFile(files, "proc/self/mountinfo")
	if err != nil {
		return Layout{}
	}
	layout := Find(string(mountinfo), "")
	read := func(mount, name string) string {
		if mount == "" {
			return ""
		}
		content, _ := fs.ReadFile(files, strings.TrimPrefix(path.Join(mount, name), "/"))
		return strings.TrimSpace(string(content))
	}
	layout.Controllers = strings.Fields(read(layout.Unified, "cgroup.controllers"))
	layout.CPUs, layout.Mems = read(layout.V1["cpuset"], "cpuset.cpus"), read(layout.V1["cpuset"], "cpuset.mems")
	return layout
}

// Version is what a student should hear. In hybrid mode it is version 1 that limits, whatever is left to 2.
func (l Layout) Version() string {
	if l.Unified != "" && len(l.V1) > 0 {
		return "v1 with v2 beside it (hybrid)"
	}
	if l.Unified != "" {
		return "v2"
	}
	if len(l.V1) > 0 {
		return "v1"
	}
	return "none"
}

// A Group is the control group of one container: a directory, or with version 1 one in each tree that is
// needed. Its name is the same everywhere, so that whoever knows the container finds all that it uses.
type Group struct {
	Layout Layout
	Name   string   // "tutor-" and the container's ID
	Needs  []string // controllers that a limit was given for
	before *Before  // of a container that runs; nil: the group is new, and what is in it goes with it
}

// Dirs are all directories of the group, the home first: the one that every process is in, and through which
// the container can be found and killed whatever else happened.
func (g Group) Dirs() []string {
	var dirs []string
	if g.Layout.Unified != "" {
		dirs = append(dirs, path.Join(g.Layout.Top(), g.Name))
	}
	for _, controller := range g.v1() {
		dir := path.Join(g.Layout.V1[controller], g.Name)
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// dir is the group's directory for a controller, and whether that is version 2; "" if the kernel has no such
// controller, or it is not mounted.
func (g Group) dir(controller string) (dir string, v2 bool) {
	if g.Layout.Unified != "" && slices.Contains(g.Layout.Controllers, controller) {
		return path.Join(g.Layout.Top(), g.Name), true
	}
	if mount := g.Layout.V1[v1Name(controller)]; mount != "" {
		return path.Join(mount, g.Name), false
	}
	return "", false
}
