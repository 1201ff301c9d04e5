package grader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/process"
)

// A Sandbox is where one check runs: namespaces, groups and files of its own, and PID 1, which waits. Its values are
// random, its deadlines measured on this machine.
type Sandbox struct {
	random
	PID      int    // of its PID 1, as the host sees it
	Hostname string // of the sandbox: what box takes for the host's

	bench        *Bench
	files, tools string        // on the host: what was handed in, and a copy of tutor
	beside       string        // the folder of which files is a part; "": files is all
	lent         []string      // more of the host's directories that can be read in there
	dir          string        // on the host, its own
	name         string        // how the student called box
	patience     time.Duration // how long a box may take for what takes a good one no time
	group        cgroups.Group
	running      *process.Running
	stdin        *os.File // PID 1 ends when it closes
	tracing      bool     // box is started by strace
	boxes        []*Box
	commands     map[Process]*Box // whose COMMAND it is
	before       traces
	ran          []string // the command lines, as they can be typed
}

// newSandbox starts one. An error is the environment's.
func (b *Bench) newSandbox(r random) (*Sandbox, error) {
	s := &Sandbox{random: r, bench: b, files: b.files, beside: b.beside, tools: b.tools(), lent: b.lent, name: b.name, patience: b.patience,
		Hostname: "host-" + r.Word(), commands: map[Process]*Box{}}
	b.sandboxes++
	s.dir = filepath.Join(b.dir, fmt.Sprint(b.sandboxes))
	s.group = cgroups.Group{Layout: cgroups.Read(os.DirFS("/")), Name: fmt.Sprintf("%s-%d", b.group, b.sandboxes), Needs: []string{"memory", "pids", "cpu"}}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(s.mountpoint(), 0o755); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox did not start: %w", err), layers.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *Sandbox) mountpoint() string { return filepath.Join(s.dir, "root") }

func (s *Sandbox) start() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	pipes := process.NewPipes()
	pipes.In.Give(int(in.Fd()))
	pipes.Out.Give(int(null.Fd()))
	pipes.Err.Give(int(null.Fd()))
	s.stdin = out
	if s.running, err = launch(s.plan(pipes)); err != nil {
		out.Close()
		return err
	}
	s.PID = s.running.PID
	s.bench.held = s.fence()
	for _, f := range etc {
		if err := os.WriteFile(s.host(f.path), []byte(f.content), 0o644); err != nil {
			return errors.Join(err, s.close())
		}
	}
	copyFile("/etc/ld.so.cache", s.host("/etc/ld.so.cache")) // without it only what lies in /lib and /usr/lib is found
	if s.before, err = s.traces(); err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// etc are the files that programs look for.
var etc = []struct{ path, content string }{
	{"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
	{"/etc/group", "root:x:0:\nnogroup:x:65534:\n"},
	{"/etc/hosts", "127.0.0.1\tlocalhost\n"},
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}

// host is the path by which the host reaches a file of the sandbox. Only before box has run may the grader write there:
// afterwards any link may lead anywhere.
func (s *Sandbox) host(path string) string { return fmt.Sprintf("/proc/%d/root%s", s.PID, path) }

// close kills everything in the sandbox and takes it away. The kernel kills a PID namespace whole when its PID 1
// ends, and nobody in there can leave it.
func (s *Sandbox) close() error {
	unix.Kill(s.PID, unix.SIGKILL)
	s.stdin.Close()
	unix.Wait4(s.PID, nil, 0, nil)
	var errs []error
	for _, b := range s.boxes {
		errs = append(errs, b.reap())
	}
	for _, dir := range s.group.Dirs() {
		errs = append(errs, removeTree(dir))
	}
	s.running.Undo() // the groups are gone already
	s.running.Close()
	return errors.Join(append(errs, layers.RemoveAll(s.dir))...)
}

// removeTree removes a group and all groups below it. What was killed leaves its group a little later.
func removeTree(dir string) error {
	for _, below := range subgroups(dir) {
		if err := removeTree(below); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := os.Remove(dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func subgroups(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(dir, e.Name()))
		}
	}
	return dirs
}

// until waits for a condition, for as long as the sandbox's patience lasts. It rests as long as a look takes, so that whoever is
// looked at gets on.
func (s *Sandbox) until(holds func() bool) bool {
	deadline := time.Now().Add(s.patience)
	for pause := 200 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		began := time.Now()
		if holds() {
			return true
		}
		if began.After(deadline) || s.bench.stopped() {
			return false
		}
		time.Sleep(max(pause, time.Since(began)))
	}
}
