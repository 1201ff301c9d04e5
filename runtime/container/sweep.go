package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
)

// sweep clears every container whose owner has died without clearing it. The caller holds the lock over all.
func (h Home) sweep() error {
	entries, err := os.ReadDir(h.live())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || e.Name() == "lock" || strings.HasSuffix(e.Name(), ".sock") {
			continue
		}
		file, err := os.OpenFile(filepath.Join(h.live(), e.Name()), os.O_RDWR, 0)
		if err != nil {
			continue // its owner has just finished
		}
		if file, err = locked(file, unix.F_SETLK); err != nil {
			continue // it is being looked after
		}
		c := &Claim{home: h, id: e.Name(), file: file}
		if err := c.clear(); err != nil {
			file.Close()
			return fmt.Errorf("clearing container %.12s, whose tutor died: %w", c.id, err)
		}
	}
	return errors.Join(h.mend(), h.sweepFiles())
}

// clear ends whatever is left of the container and gives the claim up. It works from the ID alone, because it
// does not know how far the start had come.
func (c *Claim) clear() error {
	state, err := c.home.Load(c.id)
	known := err == nil
	var live Live
	json.NewDecoder(c.file).Decode(&live) // it may be empty: the start had not come so far
	if live.PID > 0 && born(live.PID) == live.Born {
		unix.Kill(live.PID, unix.SIGKILL)
	}
	if f, err := freezerOf(HostLayout(), c.id); err == nil {
		f.thaw() // in version 1 who stands still does not even hear of SIGKILL
	}
	patience := dying
	if live.Stuck {
		patience = 0
	}
	alive := removeGroups(c.id, patience)
	os.Remove(filepath.Join(c.home.live(), socketName(c.id)))
	if err := errors.Join(c.home.retract(c.id, live.Ports), c.home.leave(context.Background(), c.id, nil)); err != nil {
		return err
	}
	switch {
	case known && state.Remove && alive == nil && !(live.Stuck && !state.Started.IsZero() && state.Restarted.Equal(state.Started)):
		err = errors.Join(c.home.RemoveAnonymous(state), layers.RemoveAll(c.home.Dir(c.id)))
	case known && !live.Started.IsZero() && !state.Started.Equal(live.Started): // this life's end is not written down
		state.Status, state.ExitCode, state.Started, state.Finished = "exited", 137, live.Started, time.Now()
		state.Error = "its monitor was killed, so it was ended"
		err = c.home.save(state)
	default:
		err = nil // it never came to run, or had ended and said so
	}
	if err != nil {
		return err
	}
	c.release()
	return nil
}

// groupDirs are all groups that the container may have, of every tree.
func groupDirs(id string) []string {
	layout := HostLayout()
	var dirs []string
	mounts := []string{layout.Top()}
	for _, mount := range layout.V1 {
		mounts = append(mounts, mount)
	}
	for _, mount := range mounts {
		dir := filepath.Join(mount, groupName(id))
		if _, err := os.Stat(dir); mount != "" && err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func groupName(id string) string { return "tutor-" + id }

// HostLayout is how cgroups are mounted here. It is read once: a start asks for it again and again.
var HostLayout = sync.OnceValue(func() cgroups.Layout { return cgroups.Read(os.DirFS("/")) })

// dying is for how long a container's processes are waited for that were killed. One that waits for a disk may take longer.
const dying = 5 * time.Second

// removeGroups removes every group that the container has, and waits no longer for all together than for one.
func removeGroups(id string, patience time.Duration) (err error) {
	deadline := time.Now().Add(patience)
	for _, dir := range groupDirs(id) {
		err = errors.Join(err, removeGroup(dir, deadline))
	}
	return err
}

// removeGroup kills what is in the group and removes it. Killed processes leave it one by one: it waits for that.
func removeGroup(dir string, deadline time.Time) error {
	for {
		killGroup(dir)
		err := os.Remove(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w (its processes do not end)", err)
		}
		time.Sleep(time.Millisecond)
	}
}

// killGroup kills every process in the group: at one stroke with cgroup.kill (v2, Linux 5.14), else one by
// one, which is why the caller comes back until none is left.
func killGroup(dir string) {
	if os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0) == nil {
		return
	}
	procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, line := range strings.Fields(string(procs)) {
		if pid, err := strconv.Atoi(line); err == nil && pid > 0 {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// born is when the process started, in clock ticks since boot: field 22 of /proc/PID/stat; 0 if there is none.
func born(pid int) uint64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ") // a name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return 0
	}
	ticks, _ := strconv.ParseUint(fields[19], 10, 64)
	return ticks
}
