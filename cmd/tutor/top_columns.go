//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/container"
)

// A column is one of ps's: its name in -o, its heading, and what it shows of a process.
type column struct {
	name, heading string
	show          func(container.Process, instant) string
}

// A instant is what a process's numbers are compared with.
type instant struct {
	now    time.Time
	up     time.Duration // since boot
	memory int64         // of the machine, in bytes
}

// psTable are the columns that there are (ps(1)).
var psTable = []column{
	{"pid", "PID", func(p container.Process, _ instant) string { return fmt.Sprint(p.PID) }},
	{"nspid", "NSPID", func(p container.Process, _ instant) string { return fmt.Sprint(p.Inside) }}, // ours: as the container sees it
	{"ppid", "PPID", func(p container.Process, _ instant) string { return fmt.Sprint(p.Parent) }},
	{"pgid", "PGID", func(p container.Process, _ instant) string { return fmt.Sprint(p.Group) }},
	{"sid", "SID", func(p container.Process, _ instant) string { return fmt.Sprint(p.Session) }},
	{"uid", "UID", func(p container.Process, _ instant) string { return fmt.Sprint(p.UID) }},
	{"user", "USER", func(p container.Process, _ instant) string { return userName(p.UID) }},
	{"c", "C", func(p container.Process, m instant) string { return fmt.Sprint(int(m.busy(p))) }},
	{"pcpu", "%CPU", func(p container.Process, m instant) string { return fmt.Sprintf("%.1f", m.busy(p)) }},
	{"pmem", "%MEM", func(p container.Process, m instant) string {
		return fmt.Sprintf("%.1f", 100*float64(p.Resident)/float64(m.memory))
	}},
	{"vsz", "VSZ", func(p container.Process, _ instant) string { return fmt.Sprint(p.Virtual >> 10) }},
	{"rss", "RSS", func(p container.Process, _ instant) string { return fmt.Sprint(p.Resident >> 10) }},
	{"tty", "TTY", func(p container.Process, _ instant) string { return terminalName(p.TTY) }},
	{"stat", "STAT", func(p container.Process, _ instant) string { return stateMarks(p) }},
	{"s", "S", func(p container.Process, _ instant) string { return p.State }},
	{"ni", "NI", func(p container.Process, _ instant) string { return fmt.Sprint(p.Nice) }},
	{"nlwp", "NLWP", func(p container.Process, _ instant) string { return fmt.Sprint(p.Threads) }},
	{"stime", "STIME", func(p container.Process, m instant) string { return m.began(p) }},
	{"etime", "ELAPSED", func(p container.Process, m instant) string { return elapsed(m.age(p)) }},
	{"time", "TIME", func(p container.Process, _ instant) string { return clock(p.CPU) }},
	{"comm", "COMMAND", func(p container.Process, _ instant) string { return strings.Map(printable, p.Name) }},
	{"args", "COMMAND", func(p container.Process, _ instant) string { return p.Command() }},
}

// psAliases are other names of the same.
var psAliases = map[string]string{
	"cmd": "args", "command": "args", "ucmd": "comm", "euser": "user", "uname": "user", "euid": "uid", "pgrp": "pgid", "sess": "sid", "session": "sid",
	"state": "s", "tt": "tty", "tname": "tty", "nice": "ni", "thcount": "nlwp", "%cpu": "pcpu", "%mem": "pmem", "rssize": "rss", "vsize": "vsz",
	"cputime": "time", "start_time": "stime", "start": "stime", "cp": "c",
}

func columnNames() []string {
	names := slices.Collect(maps.Keys(psAliases))
	for _, c := range psTable {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// columnsOf reads pid,args=WHAT: what follows "=" is another heading.
func columnsOf(layout string) ([]column, error) {
	var chosen []column
	for _, word := range strings.FieldsFunc(layout, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, heading, renamed := strings.Cut(word, "=")
		if other, known := psAliases[name]; known {
			name = other
		}
		at := slices.IndexFunc(psTable, func(c column) bool { return c.name == name })
		if at < 0 {
			return nil, container.Hint(fmt.Errorf("top: ps has no column %q here", name), "there are: "+strings.Join(columnNames(), " "))
		}
		c := psTable[at]
		if renamed {
			c.heading = heading
		}
		chosen = append(chosen, c)
	}
	if len(chosen) == 0 {
		return nil, container.Hint(fmt.Errorf("top: -o needs columns"), "tutor top CONTAINER -o pid,args")
	}
	return chosen, nil
}

func takeMoment() (instant, error) {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return instant{}, os.NewSyscallError("clock_gettime", err)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return instant{}, os.NewSyscallError("sysinfo", err)
	}
	return instant{time.Now(), time.Duration(up.Nano()), int64(info.Totalram) * int64(info.Unit)}, nil
}

func (m instant) age(p container.Process) time.Duration { return max(0, m.up-p.Started) }

// busy is the share of its life that a process has computed, in percent; of one processor.
func (m instant) busy(p container.Process) float64 {
	age := m.age(p)
	if age <= 0 {
		return 0
	}
	return 100 * p.CPU.Seconds() / age.Seconds()
}

// began is the time of day; the day, if that was not today; the year, if it was in another.
func (m instant) began(p container.Process) string {
	then := m.now.Add(-m.age(p))
	if then.Year() != m.now.Year() {
		return then.Format("2006")
	}
	if then.YearDay() != m.now.YearDay() {
		return then.Format("Jan02")
	}
	return then.Format("15:04")
}

// clock is [days-]hours:minutes:seconds.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	text := fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return fmt.Sprintf("%d-%s", days, text)
	}
	return text
}

// elapsed is the same, without hours that are none.
func elapsed(d time.Duration) string {
	if d < time.Hour {
		return clock(d)[3:]
	}
	return clock(d)
}

// userName is the host's name for the user, as ps on the host would say it: the number where there is none.
func userName(uid uint32) string {
	found, err := user.LookupId(fmt.Sprint(uid))
	if err != nil {
		return fmt.Sprint(uid)
	}
	return found.Username
}

// terminalName is pts/0, tty1, or ? without one. The number is the container's own: the host has another pts/0.
func terminalName(device int) string {
	major, minor := unix.Major(uint64(device)), unix.Minor(uint64(device))
	if device == 0 {
		return "?"
	}
	if major >= 136 && major <= 143 {
		return fmt.Sprintf("pts/%d", (major-136)<<8+minor)
	}
	if major == 4 && minor < 64 {
		return fmt.Sprintf("tty%d", minor)
	}
	return fmt.Sprintf("%d:%d", major, minor)
}

// stateMarks is the state with its marks: < and N are nice, s leads a session, l has threads, + is in the foreground.
func stateMarks(p container.Process) string {
	text := p.State
	for _, mark := range []struct {
		letter string
		on     bool
	}{{"<", p.Nice < 0}, {"N", p.Nice > 0}, {"s", p.Session == p.PID}, {"l", p.Threads > 1}, {"+", p.TTY != 0 && p.InFront == p.Group}} {
		if mark.on {
			text += mark.letter
		}
	}
	return text
}
