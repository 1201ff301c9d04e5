package grader

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What the kernel tells of a process, in the host's /proc.

// A Process is one of the sandbox's, by its PID on the host.
type Process int

func (p Process) path(name string) string { return fmt.Sprintf("/proc/%d/%s", int(p), name) }

func (p Process) read(name string) string {
	content, _ := os.ReadFile(p.path(name))
	return string(content)
}

// NS is the namespace of that kind: "pid:[4026531836]".
func (p Process) NS(kind string) string {
	link, _ := os.Readlink(p.path("ns/" + kind))
	return link
}

// Status is a field of /proc/PID/status, its words joined by single spaces.
func (p Process) Status(field string) string {
	for _, line := range strings.Split(p.read("status"), "\n") {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}

// PIDs are the numbers that the process has, in the sandbox and in the namespaces below.
func (p Process) PIDs() []string {
	if all := strings.Fields(p.Status("NSpid")); len(all) > 1 {
		return all[1:]
	}
	return nil
}

// Args is the argument vector.
func (p Process) Args() []string {
	return strings.Split(strings.TrimSuffix(p.read("cmdline"), "\x00"), "\x00")
}

func (p Process) Env() []string { return strings.Split(p.read("environ"), "\x00") }

func (p Process) Link(name string) string {
	link, _ := os.Readlink(p.path(name))
	return link
}

// Mounts are the mount points that the process sees.
func (p Process) Mounts() []string {
	var points []string
	for _, line := range strings.Split(p.read("mountinfo"), "\n") {
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, fields[4])
		}
	}
	return points
}

// says is the file in memory that bears the name, if a probe has come so far.
func (p Process) says(name string) (file string, so bool) {
	files, _ := os.ReadDir(p.path("fd"))
	for _, f := range files {
		if p.Link("fd/"+f.Name()) == memory(name) {
			return p.path("fd/" + f.Name()), true
		}
	}
	return "", false
}

// living are the processes in the sandbox's group, and in the groups that box has made below it. PID 1 is not one.
func (s *Sandbox) living() []Process {
	var found []Process
	home := s.group.Dirs()[0]
	for _, below := range append([]string{""}, tree(home)...) {
		procs, _ := os.ReadFile(home + below + "/cgroup.procs")
		for _, line := range strings.Fields(string(procs)) {
			if pid, err := strconv.Atoi(line); err == nil && pid != s.PID {
				found = append(found, Process(pid))
			}
		}
	}
	return found
}

// family are all processes of the sandbox but its PID 1: the descendants of that and of every box. Zombies are
// among them; it takes a look at every process of the host.
func (s *Sandbox) family() []Process {
	parents := map[int][]int{}
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		if pid, err := strconv.Atoi(d.Name()); err == nil {
			if fields := stat(pid); len(fields) > 1 {
				parent, _ := strconv.Atoi(fields[1])
				parents[parent] = append(parents[parent], pid)
			}
		}
	}
	var found []Process
	next := append([]int{}, parents[s.PID]...)
	for _, b := range s.boxes {
		if !b.Ended() {
			next = append(next, b.PID)
		}
	}
	for len(next) > 0 {
		pid := next[0]
		next = append(next[1:], parents[pid]...)
		found = append(found, Process(pid))
	}
	return found
}

// stat are the fields of /proc/PID/stat after the name, which may hold anything: state, PPID …
func stat(pid int) []string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
}

// State is the letter that ps shows: "Z" is a zombie.
func (p Process) State() string {
	if fields := stat(int(p)); len(fields) > 0 {
		return fields[0]
	}
	return ""
}

// Command waits until a probe that this box has started stands where its words have led it. Other boxes may run.
func (b *Box) Command() (Process, error) { return b.command(ready) }

func (b *Box) command(name string) (Process, error) {
	var found Process
	var other error // somebody else says so
	b.sandbox.until(func() bool {
		ended := b.Ended()
		for _, p := range b.sandbox.living() {
			file, so := p.says(name)
			if owner := b.sandbox.commands[p]; !so || owner != nil && owner != b {
				continue
			}
			other = b.pretends(p)
			wasSeen(file, name)
			if other == nil {
				found = p
				b.sandbox.commands[p] = b
				return true
			}
		}
		return ended
	})
	if found != 0 || other != nil {
		return found, other
	}
	if b.Ended() {
		time.Sleep(time.Millisecond) // its last words
		return 0, wrong("COMMAND to run", "box ended first: "+b.Status(), "look at what box says on stderr", "type the command line yourself", "")
	}
	return 0, wrong("COMMAND to run", fmt.Sprintf("no process of box's became it in %v", b.sandbox.patience),
		"does box come to its execve at all?", "strace -f shows where it stands still", "")
}

// wasSeen lets a probe go on that would end at once. What lies behind the descriptor may be another file by now, and an enemy's: a
// pipe that nobody reads, or something that is not his to write. So it is opened without waiting, and looked at as our own.
func wasSeen(file, name string) {
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if is, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); is == memory(name) {
		unix.Write(fd, []byte{'!'})
	}
}

// memory is how a file in memory is called in /proc/PID/fd (memfd_create(2)).
func memory(name string) string { return "/memfd:" + name + " (deleted)" }

// pretends tells how a process is not the COMMAND that box was given, but only behaves so.
func (b *Box) pretends(p Process) error {
	if i := slices.Index(b.args, "--"); i >= 0 { // else the image has the arguments
		asked, got := b.args[i+1:], p.Args()
		if first := len(got) - len(asked) + 1; first < 0 || !slices.Equal(asked[1:], got[first:]) {
			return same("COMMAND's arguments", shellWords(asked), shellWords(got))
		}
	}
	own, err := sameContent(p.path("exe"), filepath.Join(b.sandbox.tools, "tutor"))
	if err != nil {
		return wrong("COMMAND to run", "it has ended: "+err.Error())
	}
	if !own {
		return wrong("COMMAND to run", "another program pretends to be it: "+p.Link("exe"), "execve COMMAND itself: nothing can stand for it", "", "")
	}
	return nil
}

// sameContent compares two files.
func sameContent(one, other string) (bool, error) {
	var files [2]*bufio.Reader
	for i, path := range []string{one, other} {
		f, err := os.Open(path)
		if err != nil {
			return false, err
		}
		defer f.Close()
		files[i] = bufio.NewReaderSize(f, 256<<10)
	}
	for {
		piece, err := files[0].Peek(256 << 10)
		if err != nil && err != io.EOF {
			return false, err
		}
		match, err := files[1].Peek(256 << 10)
		if err != nil && err != io.EOF {
			return false, err
		}
		if !bytes.Equal(piece, match) || len(piece) == 0 {
			return len(piece) == 0 && len(match) == 0, nil
		}
		files[0].Discard(len(piece))
		files[1].Discard(len(match))
	}
}

// ticks is the processor time that the process has used, in hundredths of a second.
func (p Process) ticks() int {
	fields := stat(int(p))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}
