package container

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Usage is what a container had used of the machine at one moment. A number below zero, Unknown, is one that
// nobody has counted.
type Usage struct {
	System     time.Duration // of all processors together since the machine's start, idle too: what CPU is a part of
	Processors int           // how many those are
	CPU        time.Duration // processor time since the container's start
	Memory     int64         // bytes, without the cached files that the kernel would give up first
	Limit      int64         // bytes: the container's limit, or all that the machine has
	Received   int64         // bytes, over the interfaces of its own network, loopback left out
	Sent       int64
	Read       int64 // bytes, of disks
	Written    int64
	PIDs       int64 // processes and threads
	Pressure   Pressure
}

// Unknown stands for what has no counter: a wrong number would be worse.
const Unknown = -1

// Usage looks at the container's counters; false if it does not run. Most are files of its groups. Where version 1
// of cgroups has no group for it, because it was given no limit, its processes are added up instead (cgroup-v2.rst,
// cgroup-v1/memory.rst, proc_pid_io(5), proc_pid_smaps(5)).
func (h Home) Usage(s State) (Usage, bool) {
	live, runs := h.alive(s.ID)
	if !runs {
		return Usage{}, false
	}
	g := counters{dirs: groupDirs(s.ID)}
	u := Usage{CPU: g.cpu(), Memory: g.memory(), Limit: g.limit(), PIDs: g.pids(), Pressure: g.pressure()}
	u.System, u.Processors = systemTime()
	u.Read, u.Written = g.disks()
	u.Received, u.Sent = traffic(live.PID)
	_, runs = h.alive(s.ID)
	return u, runs
}

// Percent is how much of one processor the container had between two looks, in percent: two whole ones are 200.
func (u Usage) Percent(before Usage) float64 {
	system, own := u.System-before.System, u.CPU-before.CPU
	if system <= 0 || own <= 0 || before.CPU < 0 {
		return 0
	}
	return float64(own) / float64(system) * float64(u.Processors) * 100
}

// counters are the groups of a container, by their directories.
type counters struct{ dirs []string }

// read is the content of the first of the files that one of the groups has.
func (g counters) read(names ...string) (string, bool) {
	for _, name := range names {
		for _, dir := range g.dirs {
			if content, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				return strings.TrimSpace(string(content)), true
			}
		}
	}
	return "", false
}

// cpu is usage_usec of cpu.stat, which version 2 has in every group, whatever controllers it has.
func (g counters) cpu() time.Duration {
	for _, dir := range g.dirs {
		if µs := field(readTrimmed(filepath.Join(dir, "cpu.stat")), "usage_usec"); µs >= 0 {
			return time.Duration(µs) * time.Microsecond
		}
	}
	if ns, found := g.read("cpuacct.usage"); found {
		return time.Duration(numberIn(ns))
	}
	return g.cpuOfAll()
}

// memory is what the group holds without its inactive files, as Docker counts.
func (g counters) memory() int64 {
	if current, found := g.read("memory.current"); found {
		stat, _ := g.read("memory.stat")
		return less(numberIn(current), field(stat, "inactive_file"))
	}
	if usage, found := g.read("memory.usage_in_bytes"); found {
		stat, _ := g.read("memory.stat")
		held := g.sum("smaps_rollup", "Pss_Anon:", 1<<10) // and what was charged elsewhere, before `update` made this group
		return max(less(numberIn(usage), field(stat, "total_inactive_file")), held)
	}
	return g.sum("smaps_rollup", "Pss:", 1<<10)
}

func less(usage, inactive int64) int64 {
	if inactive < 0 || inactive > usage {
		return usage
	}
	return usage - inactive
}

// limit is the group's, or the machine's: no group can hold more.
func (g counters) limit() int64 {
	total := totalMemory()
	if text, found := g.read("memory.max", "memory.limit_in_bytes"); found && numberIn(text) >= 0 {
		return min(total, numberIn(text))
	}
	return total
}

// pids counts threads too, as pids.max does.
func (g counters) pids() int64 {
	if text, found := g.read("pids.current"); found {
		return numberIn(text)
	}
	if text, found := g.read("cgroup.threads", "tasks"); found {
		return int64(len(strings.Fields(text)))
	}
	return Unknown
}

// disks is how much was read from disks and written to them.
func (g counters) disks() (read, written int64) {
	if text, found := g.read("io.stat"); found { // 8:0 rbytes=1 wbytes=2 rios=3 …
		for _, word := range strings.Fields(text) {
			key, value, _ := strings.Cut(word, "=")
			switch key {
			case "rbytes":
				read += numberIn(value)
			case "wbytes":
				written += numberIn(value)
			}
		}
		return read, written
	}
	if text, found := g.read("blkio.throttle.io_service_bytes_recursive"); found { // 8:0 Read 1
		for line := range strings.Lines(text) {
			words := strings.Fields(line)
			if len(words) == 3 && words[1] == "Read" {
				read += numberIn(words[2])
			}
			if len(words) == 3 && words[1] == "Write" {
				written += numberIn(words[2])
			}
		}
		return read, written
	}
	return g.sum("io", "read_bytes:", 1), g.sum("io", "write_bytes:", 1)
}

// traffic counts what came and went over the interfaces of the process's own network. In the host's network
// nobody knows which bytes were the container's.
func traffic(pid int) (received, sent int64) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	own, err := os.Readlink(filepath.Join(proc, "ns/net"))
	hosts, _ := os.Readlink("/proc/self/ns/net")
	dev, devErr := os.ReadFile(filepath.Join(proc, "net/dev"))
	if err != nil || devErr != nil || own == hosts {
		return Unknown, Unknown
	}
	for line := range strings.Lines(string(dev)) {
		name, counts, found := strings.Cut(line, ":")
		words := strings.Fields(counts)
		if !found || len(words) < 9 || strings.TrimSpace(name) == "lo" {
			continue
		}
		received, sent = received+numberIn(words[0]), sent+numberIn(words[8]) // proc_pid_net(5)
	}
	return received, sent
}

// field is the number that follows a key on its line; Unknown without it.
func field(text, key string) int64 {
	words := strings.Fields(text)
	if at := slices.Index(words, key); at >= 0 && at+1 < len(words) {
		return numberIn(words[at+1])
	}
	return Unknown
}

// numberIn reads a counter; what is none, such as "max", is Unknown.
func numberIn(text string) int64 {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return Unknown
	}
	return int64(n)
}
