package grader

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What the kernel tells of control groups, in the host's view of them.

// group is the directory, on the host, of the group in which the controller counts the process; v2 is its version. ""
// if this host has no such controller.
func (s *Sandbox) groupOf(p Process, controller string) (dir string, v2 bool) {
	layout := s.group.Layout
	v2 = layout.Unified != "" && slices.Contains(layout.Controllers, controller)
	for _, line := range strings.Split(p.read("cgroup"), "\n") {
		parts := strings.SplitN(line, ":", 3) // hierarchy:controllers:path, cgroups(7)
		if len(parts) != 3 {
			continue
		}
		if v2 && parts[1] == "" {
			return filepath.Join(layout.Unified, parts[2]), true
		}
		if !v2 && layout.V1[controller] != "" && slices.Contains(strings.Split(parts[1], ","), controller) {
			return filepath.Join(layout.V1[controller], parts[2]), false
		}
	}
	return "", v2
}

// given tells if that is a group which box was put into, and not one that box has made.
func (s *Sandbox) given(dir string) bool {
	name := filepath.Base(dir)
	return name == s.group.Name || name == filepath.Base(s.inner().Name)
}

// limits are the values of a file in the process's group and in those above it that box has made, innermost first: a
// limit holds wherever on the way it is set.
func (s *Sandbox) limits(p Process, controller, v2file, v1file string) []string {
	dir, v2 := s.groupOf(p, controller)
	file := v1file
	if v2 {
		file = v2file
	}
	var values []string
	for ; len(dir) > 1 && !s.given(dir); dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			break
		}
		values = append(values, strings.TrimSpace(string(content)))
	}
	return values
}

// counter reads a number from a file of lines "name number"; "" if it is not there.
func counter(dir, file, name string) string {
	content, _ := os.ReadFile(filepath.Join(dir, file))
	for _, line := range strings.Split(string(content), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == name {
			return fields[1]
		}
	}
	return ""
}
