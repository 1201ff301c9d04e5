package toolbox

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// top shows who uses the CPU. It counts what was used between two looks, so the first picture, which has nothing
// to compare with, comes after a tenth of a second.
func top(t *tool) error {
	o, err := parse("bn:d:", t.args)
	if err != nil {
		return err
	}
	times, err := o.number('n', -1)
	if err != nil {
		return err
	}
	delay, err := o.seconds('d', 3)
	if err != nil {
		return err
	}
	interactive := !o.has("b") && t.live && isTerminal(0)
	if interactive {
		restore, err := keyByKey(unix.ISIG)
		if err != nil {
			return err
		}
		defer restore()
	}
	t.diesOf(unix.SIGTERM, unix.SIGINT, unix.SIGHUP)
	return t.watch(times, time.Duration(delay*float64(time.Second)), interactive)
}

// watch prints a picture again and again: times times, or until q when that is negative.
func (t *tool) watch(times int, delay time.Duration, interactive bool) error {
	before, last := cpuTimes(), time.Now()
	wait := 100 * time.Millisecond
	for ; times != 0; times-- {
		if interactive && quitPressed(wait) {
			return nil
		}
		if !interactive {
			time.Sleep(wait)
		}
		wait = delay
		all, err := processes()
		if err != nil {
			return err
		}
		now := time.Now()
		if interactive {
			t.printf("\x1b[H\x1b[2J")
		}
		t.picture(all, before, now.Sub(last), interactive)
		last, before = now, map[int]uint64{}
		for _, p := range all {
			before[p.pid] = p.cpu
		}
	}
	return nil
}

func cpuTimes() map[int]uint64 {
	used := map[int]uint64{}
	all, _ := processes()
	for _, p := range all {
		used[p.pid] = p.cpu
	}
	return used
}

// picture prints one screen.
func (t *tool) picture(all []process, before map[int]uint64, span time.Duration, fit bool) {
	m, _ := meminfo()
	load, _ := os.ReadFile("/proc/loadavg")
	who := users()
	used := map[int]float64{}
	for _, p := range all {
		if was, ok := before[p.pid]; ok {
			used[p.pid] = 100 * float64(p.cpu-was) / ticks / span.Seconds()
		}
	}
	sortBy(all, func(a, b process) bool { return used[a.pid] > used[b.pid] })
	rows := [][]string{{"PID", "PPID", "USER", "STAT", "RSS", "%CPU", "TIME", "COMMAND"}}
	height, width := len(all), 1<<16
	if w, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ); err == nil && fit && w.Row > 5 {
		height, width = min(height, int(w.Row)-5), int(w.Col)
	}
	for _, p := range all[:height] {
		rows = append(rows, []string{fmt.Sprint(p.pid), fmt.Sprint(p.ppid), who.of(p.uid), p.stat(), human(p.rss),
			fmt.Sprintf("%.1f", used[p.pid]), minutes(p.cpu / ticks), p.args})
	}
	t.printf("Mem: %s used, %s free, %s available\n", human(m["MemTotal"]-m["MemAvailable"]), human(m["MemFree"]), human(m["MemAvailable"]))
	t.printf("Load average: %s\n", strings.TrimSpace(string(load)))
	for line := range strings.Lines(table(rows, ">><<>>><")) {
		if r := []rune(strings.TrimSuffix(line, "\n")); len(r) > width {
			line = string(r[:width]) + "\n"
		}
		t.out.WriteString(line)
	}
	t.out.Flush()
}

// keyByKey lets keys through one by one and unseen, and switches more of the terminal's services off (termios(3)); restore undoes it.
func keyByKey(more uint32) (restore func(), err error) {
	old, err := unix.IoctlGetTermios(0, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	modes := *old
	modes.Lflag &^= unix.ICANON | unix.ECHO | more
	modes.Cc[unix.VMIN], modes.Cc[unix.VTIME] = 1, 0
	return func() { unix.IoctlSetTermios(0, unix.TCSETS, old) }, unix.IoctlSetTermios(0, unix.TCSETS, &modes)
}

// quitPressed waits for q or Ctrl-C; any other key ends the wait.
func quitPressed(wait time.Duration) bool {
	fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
	if n, _ := unix.Poll(fds, int(wait.Milliseconds())); n < 1 {
		return false
	}
	var key [1]byte
	n, err := unix.Read(0, key[:])
	return err != nil || n == 0 || key[0] == 'q' || key[0] == 3
}
