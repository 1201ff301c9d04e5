package container

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// A Process is one of a container's, as the host's /proc has it (proc_pid_stat(5), proc_pid_status(5)).
type Process struct {
	PID       int // as the host sees it
	Inside    int // as it sees itself
	Parent    int // as the host sees it; of a command by `tutor exec` that is tutor
	Depth     int // how many of its ancestors are in the container too
	UID       uint32
	Group     int // process group
	Session   int
	TTY       int // device number of its terminal; 0: none
	InFront   int // the terminal's foreground process group
	State     string
	Nice      int
	Threads   int
	CPU       time.Duration // user and system time
	Started   time.Duration // since boot
	Virtual   int64         // bytes
	Resident  int64         // bytes
	Name      string        // what the kernel calls it: at most 15 bytes
	Arguments []string      // as it was started, or as it has overwritten them since; none: a zombie
}

// Command is the arguments in one line, or the name in brackets where there are none. Both are the container's own
// words: a control character in them could type into the terminal of whoever looks.
func (p Process) Command() string {
	text := strings.Join(p.Arguments, " ")
	if text == "" {
		text = "[" + p.Name + "]"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, text)
}

// Processes are all processes of a running container as a tree: each below its parent, those of one parent by PID.
// What is in the container is what is in its group; none of its files, and no program of its, has a say in it.
func (h Home) Processes(s State) ([]Process, error) {
	live, runs := h.alive(s.ID)
	if !runs {
		return nil, notRunning(s)
	}
	dirs := existingGroup(s.ID).Dirs()
	if len(dirs) == 0 {
		return nil, Hint(fmt.Errorf("container %.12s has no group", s.ID), "no cgroup file system is mounted on this host")
	}
	procs, err := os.ReadFile(filepath.Join(dirs[0], "cgroup.procs"))
	if errors.Is(err, fs.ErrNotExist) && h.same(s, live) == nil {
		return nil, Hint(fmt.Errorf("container %.12s has no group of its own", s.ID), "it was started without one: --without cgroup, or a lab before the third")
	}
	if err != nil {
		return nil, fmt.Errorf("processes of container %.12s: %w", s.ID, err)
	}
	found := []Process{}
	for _, line := range strings.Fields(string(procs)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dirs[0], "cgroup.procs"), err)
		}
		if p, there := readProcess(pid); there {
			found = append(found, p) // else it has ended between the two looks
		}
	}
	return tree(found), h.same(s, live)
}

// tree puts each process below its parent. Whoever's parent is outside is a root.
func tree(all []Process) []Process {
	slices.SortFunc(all, func(a, b Process) int { return cmp.Compare(a.PID, b.PID) })
	here := map[int]bool{}
	children := map[int][]Process{}
	for _, p := range all {
		here[p.PID] = true
	}
	for _, p := range all {
		parent := p.Parent
		if !here[parent] {
			parent = 0
		}
		children[parent] = append(children[parent], p)
	}
	ordered := make([]Process, 0, len(all))
	var below func(pid, depth int)
	below = func(pid, depth int) {
		for _, p := range children[pid] {
			p.Depth = depth
			ordered = append(ordered, p)
			below(p.PID, depth+1)
		}
	}
	below(0, 0)
	return ordered
}

// userHZ is how /proc counts time: 100 ticks a second on every machine that tutor runs on.
const userHZ = 100

// argumentsLimit is how much of a process's arguments is read: a thousand processes may have megabytes each.
const argumentsLimit = 4 << 10

// readProcess reads one directory of /proc; false: there is none any more.
func readProcess(pid int) (Process, bool) {
	dir := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Process{}, false
	}
	text := string(stat) // the name stands in parentheses and may hold anything: the last one ends it
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return Process{}, false
	}
	f := strings.Fields(text[to+1:])
	if len(f) < 22 {
		return Process{}, false
	}
	n := func(i int) int64 { v, _ := strconv.ParseInt(f[i], 10, 64); return v }
	ticks := func(count int64) time.Duration { return time.Duration(count) * time.Second / userHZ }
	p := Process{PID: pid, Inside: insidePID(pid), Name: text[from+1 : to], State: f[0], Parent: int(n(1)), Group: int(n(2)), Session: int(n(3)),
		TTY: int(n(4)), InFront: int(n(5)), CPU: ticks(n(11) + n(12)), Nice: int(n(16)), Threads: int(n(17)), Started: ticks(n(19)),
		Virtual: n(20), Resident: n(21) * int64(os.Getpagesize())}
	var owner unix.Stat_t
	if err := unix.Stat(dir, &owner); err != nil {
		return Process{}, false
	}
	p.UID = owner.Uid
	line := head(filepath.Join(dir, "cmdline"), argumentsLimit)
	if words := strings.TrimRight(string(line), "\x00"); words != "" {
		p.Arguments = strings.Split(words, "\x00")
	}
	return p, true
}
