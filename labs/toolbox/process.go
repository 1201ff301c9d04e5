package toolbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ticks is how /proc counts CPU time: USER_HZ, 100 a second on every architecture that we know.
const ticks = 100

// A process is one directory of /proc. What /proc shows is decided by the PID namespace that it was mounted from,
// not by the one of the process that looks: without a /proc of its own a container sees the host's.
type process struct {
	pid, ppid, pgid, sid, uid, threads, nice int
	tty                                      int
	foreground                               int
	cpu, start                               uint64 // in ticks; start since boot
	vsz, rss                                 uint64 // bytes
	state, comm, args                        string
}

func processes() ([]process, error) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, d := range list {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			all = append(all, p) // one that ended between the two looks is left out
		}
	}
	// ReadDir sorts by text
	sortBy(all, func(a, b process) bool { return a.pid < b.pid })
	return all, nil
}

func readProcess(pid int) (process, bool) {
	dir := fmt.Sprintf("/proc/%d", pid)
	content, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return process{}, false
	}
	// The name is in parentheses and may hold anything, blanks and parentheses too: the last one ends it (proc(5)).
	text := string(content)
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return process{}, false
	}
	f := strings.Fields(text[to+1:])
	if len(f) < 22 {
		return process{}, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(f[i]); return v }
	u := func(i int) uint64 { v, _ := strconv.ParseUint(f[i], 10, 64); return v }
	p := process{
		pid: pid, comm: text[from+1 : to], state: f[0], ppid: n(1), pgid: n(2), sid: n(3), tty: n(4), foreground: n(5),
		cpu: u(11) + u(12), nice: n(16), threads: n(17), start: u(19), vsz: u(20), rss: u(21) * uint64(os.Getpagesize()),
	}
	var s unix.Stat_t
	if unix.Stat(dir, &s) == nil {
		p.uid = int(s.Uid)
	}
	line, _ := os.ReadFile(dir + "/cmdline")
	p.args = strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " ")
	if p.args == "" {
		p.args = "[" + p.comm + "]" // a kernel thread, or a zombie: what it ran is gone
	}
	return p, true
}

// stat is the state with its marks: s leads a session, l has threads, + is in the foreground, < and N are nice.
func (p process) stat() string {
	s := p.state
	for _, mark := range []struct {
		on     bool
		letter string
	}{{p.nice < 0, "<"}, {p.nice > 0, "N"}, {p.sid == p.pid, "s"}, {p.threads > 1, "l"}, {p.foreground == p.pgid && p.tty != 0, "+"}} {
		if mark.on {
			s += mark.letter
		}
	}
	return s
}

// terminal is pts/0, tty1, or ? without one.
func (p process) terminal() string {
	major, minor := p.tty>>8&0xfff, p.tty&0xff|p.tty>>12&0xfff00
	switch {
	case p.tty == 0:
		return "?"
	case major >= 136 && major <= 143:
		return fmt.Sprintf("pts/%d", (major-136)<<8+minor)
	case major == 4 && minor < 64:
		return fmt.Sprintf("tty%d", minor)
	case major == 4:
		return fmt.Sprintf("ttyS%d", minor-64)
	case major == 5 && minor == 1:
		return "console"
	}
	return fmt.Sprintf("%d:%d", major, minor)
}

// uptime is the time since boot, which is what process starts are counted from.
func uptime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// age is how long ago the process began.
func (p process) age(up time.Duration) time.Duration {
	return max(0, up-time.Duration(p.start)*time.Second/ticks)
}
