package grader

import (
	"errors"
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

// A Bench is where one submission is graded: a directory for what the sandboxes need, and how long things take here.
type Bench struct {
	Seed      uint64
	dir       string
	lent      []string // more of the host's directories, for the next sandbox
	files     string   // what was handed in, with an executable "box"
	beside    string   // the folder that it was made from, where files may lie that it reads
	name      string   // how the student calls it
	group     string
	patience  time.Duration
	sandboxes int
	hide      []string
	stop      <-chan struct{}
	held      []string // by what the sandboxes hold, beside namespaces and missing powers
	packed    *packed  // the lowest layer of lab 5's images
}

// Open prepares a bench below run, with a copy of this program for the sandboxes: box is root, and would else have
// the one on the host in its hands (CVE-2019-5736).
func Open(run string, seed uint64) (*Bench, error) {
	if err := os.MkdirAll(run, 0o711); err != nil {
		return nil, err
	}
	sweep(run)
	dir, err := os.MkdirTemp(run, fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	b := &Bench{Seed: seed, dir: dir, group: filepath.Base(dir)}
	if err := os.Mkdir(b.tools(), 0o755); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if err := copySelf(filepath.Join(b.tools(), "tutor")); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// prefix begins the name of everything that a grader makes on the host; its PID follows.
const prefix = "tutor-grade-"

func (b *Bench) tools() string { return filepath.Join(b.dir, "tools") }

// Close removes the directory.
func (b *Bench) Close() error { return os.RemoveAll(b.dir) }

func copySelf(to string) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// sweep removes what a grader has left that was killed. Its sandboxes die with it, because their PID 1 reads the end of
// its input; whoever still holds that is killed. It waits for nobody: what is not gone yet goes with the next sweep.
func sweep(run string) {
	dirs, _ := filepath.Glob(filepath.Join(run, prefix+"*"))
	groups, _ := filepath.Glob("/sys/fs/cgroup/" + prefix + "*")
	trees, _ := filepath.Glob("/sys/fs/cgroup/*/" + prefix + "*")
	for _, path := range slices.Concat(groups, trees) {
		if !alive(path) {
			clearGroup(path)
		}
	}
	for _, path := range dirs {
		if !alive(path) {
			os.RemoveAll(path)
		}
	}
}

// clearGroup kills what is in a group and the groups below it, and removes those that are empty by now.
func clearGroup(dir string) {
	for _, below := range subgroups(dir) {
		clearGroup(below)
	}
	content, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, line := range strings.Fields(string(content)) {
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 { // 0: of another PID namespace
			unix.Kill(pid, unix.SIGKILL)
		}
	}
	os.Remove(dir)
}

// alive tells if the grader that made this still runs.
func alive(path string) bool {
	pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), "-")
	_, err := os.Stat("/proc/" + pid)
	return err == nil
}

// Calibrate runs the probe alone, where box will run: it shows that the machine can do what the checks need, and how
// fast. An error is the environment's.
func (b *Bench) Calibrate() error {
	b.patience = 20 * time.Second
	began := time.Now()
	empty := filepath.Join(b.dir, "empty")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return err
	}
	files := b.files
	b.files = empty
	defer func() { b.files = files }()
	s, err := b.newSandbox(newRandom(b.Seed, "calibrate"))
	if err != nil {
		return err
	}
	if err := copyFile(filepath.Join(b.tools(), "tutor"), s.host(boxDir+"/box")); err != nil {
		return errors.Join(err, s.close())
	}
	if err := os.Chmod(s.host(boxDir+"/box"), 0o755); err != nil {
		return errors.Join(err, s.close())
	}
	err = s.control()
	if closed := s.close(); closed != nil {
		return closed
	}
	if err != nil {
		return fmt.Errorf("a program that is known to be good failed in the sandbox: %w", err)
	}
	b.patience = min(max(40*time.Since(began), 2*time.Second), 2*time.Minute)
	return nil
}

// control is a box that is right because it is the probe itself.
func (s *Sandbox) control() error {
	code := s.Code()
	box, err := s.Probe("trap", code)
	if err != nil {
		return err
	}
	if _, err := box.Command(); err != nil {
		return err
	}
	box.Signal(unix.SIGTERM)
	if err := box.Wait(); err != nil {
		return err
	}
	return same("exit code", code, box.Code())
}

// stopped tells if somebody wants the grading to end.
func (b *Bench) stopped() bool { return stopped(b.stop) }

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// Kernel is the release of the running one.
func Kernel() string {
	var name unix.Utsname
	unix.Uname(&name)
	return unix.ByteSliceToString(name.Release[:])
}
