package container

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tick is the unit of times in /proc: 1/100 s on every machine that Linux shows to programs (USER_HZ, time(7)).
const tick = 10 * time.Millisecond

// systemTime is the time of all processors since the machine's start: user, nice, system, idle, iowait, irq and
// softirq of /proc/stat, which are Docker's seven (proc_stat(5)); and how many processors it is of.
func systemTime() (sum time.Duration, processors int) {
	for line := range strings.Lines(readTrimmed("/proc/stat")) {
		words := strings.Fields(line)
		if len(words) < 8 || !strings.HasPrefix(words[0], "cpu") {
			continue
		}
		if words[0] != "cpu" { // which is the sum of the others
			processors++
			continue
		}
		for _, word := range words[1:8] {
			sum += time.Duration(numberIn(word)) * tick
		}
	}
	return sum, processors
}

// processes are the directories in /proc of all that is in the group; none if there is no group.
func (g counters) processes() []string {
	text, _ := g.read("cgroup.procs")
	var dirs []string
	for _, pid := range strings.Fields(text) {
		dirs = append(dirs, filepath.Join("/proc", pid))
	}
	return dirs
}

// cpuOfAll adds up the processes: each one's own time, and that of its children who have ended. A child that
// nobody has waited for yet is missing for that moment.
func (g counters) cpuOfAll() (sum time.Duration) {
	processes := g.processes()
	for _, dir := range processes {
		stat := readTrimmed(filepath.Join(dir, "stat"))
		words := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // a name may hold anything
		if len(words) < 15 {
			continue // it has ended
		}
		for _, word := range words[11:15] { // utime stime cutime cstime (proc_pid_stat(5), 14 to 17)
			sum += time.Duration(numberIn(word)) * tick
		}
	}
	if len(processes) == 0 {
		return Unknown
	}
	return sum
}

// sum adds up one number of a file of every process; Unknown if there is no process, or none has such a number.
func (g counters) sum(file, key string, unit int64) int64 {
	total, counted := int64(0), false
	for _, dir := range g.processes() {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			continue // it has ended
		}
		if n := field(string(content), key); n >= 0 {
			total, counted = total+n*unit, true
		}
	}
	if !counted {
		return Unknown
	}
	return total
}

// Machine is how many processors there are, and how much memory in bytes.
func Machine() (processors int, memory int64) {
	_, processors = systemTime()
	return processors, totalMemory()
}

func totalMemory() int64 { return field(readTrimmed("/proc/meminfo"), "MemTotal:") << 10 }
