package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/flock"
)

// A Room is where one lab runs: a root and a run directory of its own, so that its containers never meet the
// user's, and a directory to work in. Whatever is made in it goes when the lab ends; when tutor is killed, as soon
// as the next `tutor lab` looks.
type Room struct {
	Home container.Home // TUTOR_ROOT and TUTOR_RUN of everything that runs in here
	Dir  string         // where commands start

	program string // what `tutor` means in there
	lock    *os.File
}

// marker is the variable by which a process is known to belong to a room, whatever group, session or namespace it
// has gone to: its environment goes with it, and /proc shows it (proc_pid_environ(5)).
const marker = "TUTOR_LAB_ROOM"

// ErrOpen is for a lab that somebody else is just doing.
var ErrOpen = errors.New("this lab is open elsewhere")

// OpenRoom takes the room of a lab and makes it empty.
func OpenRoom(home container.Home, name, program string) (*Room, error) {
	r := room(home, name)
	r.program = program
	if err := os.MkdirAll(filepath.Dir(r.Home.Run), 0o755); err != nil {
		return nil, err
	}
	if err := r.take(); err != nil {
		return nil, err
	}
	if err := r.Restore(); err != nil {
		return nil, errors.Join(err, r.Leave())
	}
	return r, nil
}

func room(home container.Home, name string) *Room {
	root := filepath.Join(home.Root, "labs", name)
	return &Room{Home: container.Home{Root: root, Run: filepath.Join(home.Run, "labs", name)}, Dir: filepath.Join(root, "here")}
}

// take locks the room. The kernel gives the lock back when its holder dies, however it dies.
func (r *Room) take() error {
	path := r.Home.Run + ".lock"
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := flock.Try(file, flock.Alone); err != nil {
			file.Close()
			return ErrOpen
		}
		ours, err := file.Stat()
		if err != nil {
			file.Close()
			return err
		}
		if now, err := os.Stat(path); err == nil && os.SameFile(ours, now) {
			r.lock = file
			return nil
		}
		file.Close() // somebody has left between our open and our lock, and removed the file
	}
}

// Restore makes the room as it was when it was opened: empty.
func (r *Room) Restore() error { return r.furnish(r.program) }

func (r *Room) furnish(program string) error {
	if err := r.clear(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return err
	}
	bin := filepath.Join(r.Home.Root, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	return os.Symlink(program, filepath.Join(bin, "tutor"))
}

// Leave clears the room and gives it up.
func (r *Room) Leave() error {
	err := r.clear()
	if err == nil {
		err = os.Remove(r.lock.Name())
		for _, dir := range []string{filepath.Dir(r.Home.Root), filepath.Dir(r.Home.Run)} {
			os.Remove(dir) // the last one turns off the light
		}
	}
	return errors.Join(err, r.lock.Close())
}

// Sweep clears the rooms of labs whose tutor was killed.
func Sweep(home container.Home) error {
	var errs []error
	for _, l := range append([]Lab{Own}, Labs...) {
		r := room(home, l.Name)
		if !exists(r.Home.Root) && !exists(r.Home.Run) && !exists(r.Home.Run+".lock") {
			continue
		}
		err := os.MkdirAll(filepath.Dir(r.Home.Run), 0o755)
		if err == nil {
			err = r.take()
		}
		if errors.Is(err, ErrOpen) {
			continue
		}
		if err == nil {
			err = r.Leave()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Environ is the environment of everything that runs in the room. Words are English there, as the lesson's are,
// and nothing that the user's shell reads on its own is read.
func (r *Room) Environ(more ...string) []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !slices.Contains([]string{"BASH_ENV", "ENV", "LANGUAGE", "CDPATH", "TUTOR_EXPLAIN_TO", "TUTOR_EXPLAIN_MARK", "TUTOR_STEP"}, name) {
			env = append(env, pair)
		}
	}
	path := filepath.Join(r.Home.Root, "bin") + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"
	env = append(env, "PATH="+path, "TUTOR_ROOT="+r.Home.Root, "TUTOR_RUN="+r.Home.Run, "LC_ALL=C.UTF-8", "NO_COLOR=1", marker+"="+r.Home.Root)
	return append(env, more...)
}

// clear ends what runs in the room and removes what is in it. A directory is removed only when nothing is mounted
// below it: what is mounted there may be the host's.
func (r *Room) clear() error {
	if err := r.end(); err != nil {
		return err
	}
	if err := r.removeContainers(); err != nil {
		return err
	}
	if err := r.end(); err != nil { // what the containers' monitors have started meanwhile
		return err
	}
	if _, err := r.Home.NetworkPrune(context.Background(), nil); err != nil {
		return err
	}
	if err := unmountBelow(r.Home.Root, r.Home.Run); err != nil {
		return err
	}
	return errors.Join(removeMade(filepath.Base(r.Home.Root)[:1]), os.RemoveAll(r.Home.Root), os.RemoveAll(r.Home.Run))
}

// end kills every process that carries the room's name, until there is none.
func (r *Room) end() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		pids := r.processes()
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v of the lab do not end", pids)
		}
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}

// processes are those that carry the room's name, zombies aside: those have no environment any more.
func (r *Room) processes() []int {
	mine := "\x00" + marker + "=" + r.Home.Root + "\x00"
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, dir := range dirs {
		environ, err := os.ReadFile(dir + "/environ")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if err == nil && pid != os.Getpid() && strings.Contains("\x00"+string(environ), mine) {
			found = append(found, pid)
		}
	}
	return found
}

func (r *Room) removeContainers() error {
	if !exists(r.Home.Root) {
		return nil
	}
	all, err := r.Home.Statuses()
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := r.Home.End(c.State); err != nil {
			return err
		}
		if err := r.Home.Remove(c.ID, true); err != nil && exists(r.Home.Dir(c.ID)) {
			return err
		}
	}
	return nil
}
