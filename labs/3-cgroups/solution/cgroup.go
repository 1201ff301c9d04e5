//go:build box

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var (
	memory = flag.Int64("memory", 0, "most memory, in bytes")
	cpus   = flag.Float64("cpus", 0, "most processor time, in processors")
	pids   = flag.Int("pids", 0, "most processes and threads")
)

const (
	groups        = "/sys/fs/cgroup"
	groupVariable = "BOX_GROUP" // tells the child which group is its own
)

// limits are the files that hold them. A group is one directory in version 2, and one in each controller's tree in 1.
func limits() []struct{ controller, v2, v1, value string } {
	return []struct{ controller, v2, v1, value string }{
		{"memory", "memory.max", "memory.limit_in_bytes", positive(*memory)},
		{"pids", "pids.max", "pids.max", positive(int64(*pids))},
		{"cpu", "cpu.max", "cpu.cfs_quota_us", positive(int64(*cpus * 100000))}, // of a period of 100000 µs, the default
	}
}

// positive is "" for a limit that was not given.
func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func unified() bool {
	_, err := os.Stat(groups + "/cgroup.controllers")
	return err == nil
}

func groupDir(controller, name string) string {
	if unified() {
		return filepath.Join(groups, name)
	}
	return filepath.Join(groups, controller, name)
}

// makeGroup makes a group with its limits. Its name tells which box it belongs to, so that the next one can remove
// what a box left that was killed.
func makeGroup() (string, error) {
	name := fmt.Sprintf("box-%d", os.Getpid())
	if unified() {
		os.WriteFile(groups+"/cgroup.subtree_control", []byte("+memory +pids +cpu"), 0)
	}
	for _, l := range limits() {
		stale, _ := filepath.Glob(groupDir(l.controller, "box-*"))
		for _, dir := range stale {
			if _, err := os.Stat("/proc/" + strings.TrimPrefix(filepath.Base(dir), "box-")); err != nil {
				os.Remove(dir)
			}
		}
		dir, file := groupDir(l.controller, name), l.v1
		if unified() {
			file = l.v2
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return name, err
		}
		if l.value == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(l.value), 0); err != nil {
			return name, err
		}
	}
	return name, nil
}

// joinGroup moves the process itself: that is what "0" means.
func joinGroup() error {
	for _, l := range limits() {
		if err := os.WriteFile(groupDir(l.controller, os.Getenv(groupVariable))+"/cgroup.procs", []byte("0"), 0); err != nil {
			return err
		}
	}
	return os.Unsetenv(groupVariable)
}

func removeGroup(name string) {
	for _, l := range limits() {
		os.Remove(groupDir(l.controller, name))
	}
}
