package explain

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// Look sees the process pid from the host and from inside: the same thing, two answers. It reads /proc, and
// for the host name asks the kernel from inside. The process must stand still.
func Look(pid int, groups []string) []View {
	self := os.Getpid()
	all, inside := processes(self, pid)
	views := []View{
		{"PID", fmt.Sprint(pid), fmt.Sprint(Inside(pid))},
		{"processes", fmt.Sprint(all), fmt.Sprint(inside)},
		{"hostname", hostname(self), hostname(pid)},
		{"root", root(self), root(pid)},
		{"mounts", fmt.Sprint(mounts(self)), fmt.Sprint(mounts(pid))},
		{"network", interfaces(self), interfaces(pid)},
		{"user", user(self), user(pid)},
		{"cgroup", cgroup(pid), ownCgroup(pid)},
	}
	for _, l := range limits(groups) {
		views = append(views, View{l.file, "-", l.value})
	}
	return views
}

// Inside is the PID that the process has for itself: the last of NSpid in proc_pid_status(5).
func Inside(pid int) int {
	fields := strings.Fields(status(pid, "NSpid"))
	if len(fields) == 0 {
		return pid
	}
	var inside int
	fmt.Sscan(fields[len(fields)-1], &inside)
	return inside
}

func status(pid int, key string) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, line := range strings.Split(string(content), "\n") {
		if value, found := strings.CutPrefix(line, key+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func namespace(pid int, kind string) string {
	link, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	return link
}

// processes counts all that can be seen here, and those of pid's PID namespace: all of them, if it is this one.
func processes(self, pid int) (all, inside int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	in := namespace(pid, "pid")
	if in == namespace(self, "pid") {
		return len(dirs), len(dirs)
	}
	for _, dir := range dirs {
		if link, err := os.Readlink(dir + "/ns/pid"); err == nil && link == in {
			inside++
		}
	}
	return len(dirs), inside
}

// within runs ask inside one of the process's namespaces, on a thread that is thrown away after: a thread that
// has changed its namespace must not be anybody else's.
func within(pid int, kind string, flag int, ask func() string) string {
	answer := make(chan string)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			answer <- "?"
			return
		}
		defer unix.Close(fd)
		if unix.Setns(fd, flag) != nil {
			answer <- "?"
			return
		}
		answer <- ask()
	}()
	return <-answer
}

// hostname asks uname(2): the answer depends on who asks.
func hostname(pid int) string {
	return within(pid, "uts", unix.CLONE_NEWUTS, func() string {
		var u unix.Utsname
		if unix.Uname(&u) != nil {
			return "?"
		}
		return unix.ByteSliceToString(u.Nodename[:])
	})
}

// ownCgroup is the process's group as it sees it itself.
func ownCgroup(pid int) string {
	return within(pid, "cgroup", unix.CLONE_NEWCGROUP, func() string { return cgroup(pid) })
}

// root is the file system that the process has as "/": type and source, proc_pid_mountinfo(5).
func root(pid int) string {
	content, _ := os.ReadFile(mountinfo(pid))
	answer := "?"
	for _, line := range strings.Split(string(content), "\n") {
		before, after, _ := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) > 4 && fields[4] == "/" && len(rest) > 1 {
			answer = rest[0] + " " + rest[1]
		}
	}
	return answer
}

// mountinfo is the table of the process; of tutor itself that of the thread that asks, which may have left the
// host's for a stand-in.
func mountinfo(pid int) string {
	if pid == os.Getpid() {
		return "/proc/thread-self/mountinfo"
	}
	return fmt.Sprintf("/proc/%d/mountinfo", pid)
}

func mounts(pid int) int {
	content, _ := os.ReadFile(mountinfo(pid))
	return strings.Count(string(content), "\n")
}

// interfaces are the network interfaces of the process's namespace.
func interfaces(pid int) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	return loopbackFirst(string(content))
}

// loopbackFirst are the names in /proc/PID/net/dev: lo, which every network has, and the others in their order. Of a host
// with many bridges the text shows only the beginning.
func loopbackFirst(content string) string {
	var names []string
	for _, line := range strings.Split(content, "\n") {
		if name, _, found := strings.Cut(line, ":"); found {
			names = append(names, strings.TrimSpace(name))
		}
	}
	sort.Strings(names)
	if at := slices.Index(names, "lo"); at >= 0 {
		names = slices.Insert(slices.Delete(names, at, at+1), 0, "lo")
	}
	return strings.Join(names, " ")
}

func user(pid int) string {
	uids, gids := strings.Fields(status(pid, "Uid")), strings.Fields(status(pid, "Gid"))
	if len(uids) < 2 || len(gids) < 2 {
		return "?"
	}
	powers := strings.TrimLeft(status(pid, "CapEff"), "0")
	return fmt.Sprintf("uid %s, gid %s, capabilities %s", uids[1], gids[1], cmp.Or(powers, "none"))
}

// cgroup is the group in cgroup2's tree, or in the pids tree of version 1.
func cgroup(pid int) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	answer := "?"
	for _, line := range strings.Split(string(content), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) == 3 && (parts[0] == "0" || (answer == "?" && parts[1] == "pids")) {
			answer = parts[2]
		}
	}
	return answer
}

type limit struct{ file, value string }

// limits are the files of the groups that hold a limit.
func limits(groups []string) []limit {
	var found []limit
	for _, dir := range groups {
		for _, file := range limitFiles {
			content, err := os.ReadFile(filepath.Join(dir, file))
			value := strings.TrimSpace(string(content))
			if err != nil || value == "" || unlimited[value] || strings.HasPrefix(value, "max ") {
				continue
			}
			found = append(found, limit{file, value})
		}
	}
	return found
}

var limitFiles = []string{
	"memory.max", "memory.limit_in_bytes", // bytes
	"cpu.max",          // µs of every period
	"cpu.cfs_quota_us", // the same in version 1
	"cpuset.cpus",      // processors
	"pids.max",         // processes and threads
	"io.max",           // bytes a second
}

var unlimited = map[string]bool{
	"max":                 true,
	"-1":                  true,
	"9223372036854771712": true, // memory.limit_in_bytes without a limit
}
