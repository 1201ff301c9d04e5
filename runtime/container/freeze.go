package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/flock"
)

// freeze makes every process of the container stand still, until thaw is called. Without it a database would be
// read while it writes, and the image would hold half of a transaction. A container that does not run, or that
// somebody has frozen before, is left as it is.
//
// A frozen container whose tutor is gone would never move again. So a second process, the guard, waits for our
// end, however we end: kill -9 too. Then it thaws.
func (h Home) freeze(ctx context.Context, s State) (thaw func() error, err error) {
	turn, err := h.turn(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	if _, runs := h.alive(s.ID); !runs {
		return turn.Close, nil
	}
	f, err := freezerOf(HostLayout(), s.ID)
	if err != nil {
		turn.Close()
		return nil, err
	}
	if f.frozen() {
		return turn.Close, nil
	}
	watch, err := newGuard(s.ID, turn)
	if err != nil {
		turn.Close()
		return nil, err
	}
	thaw = func() error {
		defer turn.Close()
		defer watch.dismiss() // last: until then it would thaw if we were killed
		return f.thaw()
	}
	if err := f.freeze(ctx); err != nil {
		thaw()
		return nil, err
	}
	return thaw, nil
}

// turn waits until no other tutor freezes this container, mounts its files or changes what it is to be: of two that freeze, the first
// to end would thaw it for both.
func (h Home) turn(ctx context.Context, id string) (*os.File, error) {
	return flock.Open(ctx, h.Dir(id))
}

// pause lets some time pass before the next look.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * time.Millisecond):
		return nil
	}
}

// alive reads what lives of a container, and tells if it does: its tutor may be gone, and its first process not.
func (h Home) alive(id string) (live Live, runs bool) {
	content, err := os.ReadFile(filepath.Join(h.live(), id))
	if err != nil {
		return live, false
	}
	json.NewDecoder(bytes.NewReader(content)).Decode(&live) // empty: not born yet
	return live, live.PID > 0 && born(live.PID) == live.Born
}

// A freezer is the container's group in the tree that can freeze: cgroup v2's own, or version 1's tree of that
// name, in which containers have no group until then.
type freezer struct {
	dir  string // the group that freezes
	home string // version 1: the group that has the container's processes; "": the same
}

func freezerOf(layout cgroups.Layout, id string) (freezer, error) {
	if dir := filepath.Join(layout.Top(), groupName(id)); layout.Unified != "" && exists(dir) {
		return freezer{dir: dir}, nil
	}
	home := filepath.Join(layout.V1["pids"], groupName(id))
	if layout.V1["freezer"] != "" && layout.V1["pids"] != "" && exists(home) {
		return freezer{dir: filepath.Join(layout.V1["freezer"], groupName(id)), home: home}, nil
	}
	return freezer{}, Hint(fmt.Errorf("cannot pause container %.12s: it has no group of its own that could be frozen", id),
		"--pause=false reads it while it runs")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// frozen tells if no process of the group runs (cgroup-v2.rst, "frozen"; cgroup-v1/freezer-subsystem.rst).
func (f freezer) frozen() bool {
	if f.home != "" {
		return readTrimmed(filepath.Join(f.dir, "freezer.state")) == "FROZEN"
	}
	return strings.Contains(readTrimmed(filepath.Join(f.dir, "cgroup.events")), "frozen 1")
}

// freezeTimeout is for a process that waits for a disk, and stands still only after that.
const freezeTimeout = 10 * time.Second

func (f freezer) freeze(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, freezeTimeout)
	defer cancel()
	for {
		if err := f.write("1", "FROZEN"); err != nil {
			return err
		}
		if f.frozen() {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("pausing: %s: not frozen: %w", f.dir, err)
		}
	}
}

func (f freezer) thaw() error {
	err := f.write("0", "THAWED")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil // the container has ended
	}
	if f.home == "" || err != nil {
		return err
	}
	if err := move(f.dir, filepath.Dir(f.dir)); err != nil {
		return err
	}
	return os.Remove(f.dir)
}

// write sets the state: in version 1 after the container's processes have been moved into the group.
func (f freezer) write(v2, v1 string) error {
	if f.home == "" {
		return os.WriteFile(filepath.Join(f.dir, "cgroup.freeze"), []byte(v2), 0)
	}
	if v1 == "FROZEN" {
		if err := os.Mkdir(f.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := move(f.home, f.dir); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(f.dir, "freezer.state"), []byte(v1), 0)
}

// move puts all processes of a group into another, of another tree perhaps. Whoever is born meanwhile is born
// where its parent is; it goes on until all of them are there.
func move(from, to string) error {
	done := map[string]bool{}
	for again := true; again; {
		again = false
		for _, pid := range strings.Fields(readTrimmed(filepath.Join(from, "cgroup.procs"))) {
			if done[pid] {
				continue
			}
			done[pid], again = true, true
			err := os.WriteFile(filepath.Join(to, "cgroup.procs"), []byte(pid), 0)
			if err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
				return err
			}
		}
	}
	return nil
}
