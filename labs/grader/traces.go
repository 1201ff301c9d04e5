package grader

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The leak audit: what there is in the sandbox before the first box, and what more there is after the last.

// traces are all that a box could leave behind, each as one line.
type traces []string

func (s *Sandbox) traces() (traces, error) {
	init := Process(s.PID)
	mountinfo := init.read("mountinfo")
	if mountinfo == "" {
		return nil, fmt.Errorf("the sandbox's PID 1 is gone: %w", os.ErrProcessDone)
	}
	var found traces
	for _, point := range init.Mounts() {
		found = append(found, "mount "+point)
	}
	for _, dir := range s.group.Dirs() {
		for _, below := range tree(dir) {
			found = append(found, "cgroup "+below)
		}
	}
	found = append(found, init.interfaces()...)
	for _, rule := range init.rules() {
		found = append(found, "rule "+rule)
	}
	for _, p := range s.family() {
		found = append(found, p.trace())
	}
	return found, nil
}

// interfaces are the links that the process sees.
func (p Process) interfaces() (found traces) {
	for _, line := range strings.Split(p.read("net/dev"), "\n") {
		if name, _, is := strings.Cut(line, ":"); is {
			found = append(found, "link "+strings.TrimSpace(name))
		}
	}
	return found
}

func (p Process) trace() string {
	name := strings.TrimSpace(p.read("comm"))
	if p.State() == "Z" {
		return "zombie " + name
	}
	return "process " + name
}

// tree are the groups below a group, as paths from there.
func tree(dir string) []string {
	var found []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != dir {
			found = append(found, strings.TrimPrefix(path, dir))
		}
		return nil
	})
	return found
}

// Left is what box has left behind. While a process lives that may clear up yet, it gets some time; and so does the kernel,
// which takes a network down a while after its last process has ended.
func (s *Sandbox) Left() []string {
	deadline := time.Now().Add(s.patience / 8)
	for len(s.living()) > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	s.until(func() bool { return len(s.more(Process(s.PID).interfaces())) == 0 })
	return s.leftNow()
}

// leftNow is what there is more than at the beginning.
func (s *Sandbox) leftNow() []string {
	now, err := s.traces()
	if err != nil {
		return []string{err.Error()}
	}
	return s.more(now)
}

// more is what of these traces was not there at the beginning.
func (s *Sandbox) more(now traces) []string {
	before := slices.Clone(s.before)
	var left []string
	for _, trace := range now {
		if i := slices.Index(before, trace); i >= 0 {
			before = slices.Delete(before, i, i+1)
			continue
		}
		left = append(left, trace)
	}
	return left
}
