package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/cgroups"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// Update changes the limits of a container: at once if it runs, and for its next start. r has those that change.
// ran is told of each Program that was carried out, also of one that failed and took back what it had done. After an
// error the old limits hold, all of them.
func (h Home) Update(ctx context.Context, s State, r specs.LinuxResources, ran func(program.Program, *process.Running)) error {
	turn, err := h.turn(ctx, s.ID)
	if err != nil {
		return err
	}
	defer turn.Close()
	old, err := h.resources(s.ID)
	if err != nil {
		return err
	}
	if err := CheckMemory(old.Memory, r.Memory); err != nil {
		return err
	}
	if err := h.change(s, old, r, ran); err != nil {
		return fmt.Errorf("Cannot update container %s: %w", s.ID, err)
	}
	return nil
}

func (h Home) change(s State, old, r specs.LinuxResources, ran func(program.Program, *process.Running)) (err error) {
	if r.Memory, err = settled(old.Memory, r.Memory); err != nil {
		return err
	}
	undo := func() error { return nil }
	r.CPU = WholeCPU(old.CPU, r.CPU)
	if _, runs := h.alive(s.ID); runs {
		if err := h.holds(s, r.Memory); err != nil {
			return err
		}
		if undo, err = h.limit(s, r, ran); err != nil {
			return err
		}
	}
	if err := h.keepResources(s.ID, together(old, r)); err != nil {
		return errors.Join(err, undo())
	}
	return nil
}

// holds refuses a limit below what is held already. Version 2 of cgroups would take it, and kill for it; a group of
// version 1 that is new would not count what the container has, and let it have the limit once more.
func (h Home) holds(s State, m *specs.LinuxMemory) error {
	if m == nil || m.Limit == nil {
		return nil
	}
	if usage, _ := h.Usage(s); usage.Memory > *m.Limit {
		return Hint(fmt.Errorf("unable to set memory limit to %d (current usage: %d)", *m.Limit, usage.Memory),
			"tutor stats shows what it uses; to start it again frees all of that")
	}
	return nil
}

// limit makes the new limits hold in the kernel, and returns how to go back.
func (h Home) limit(s State, r specs.LinuxResources, ran func(program.Program, *process.Running)) (undo func() error, err error) {
	g := cgroupsGroup(HostLayout(), s.ID, Options{Resources: r})
	before := presentState(g, s.ID)
	if _, runs := h.alive(s.ID); runs && len(before.PIDs) == 0 {
		return nil, Hint(errors.New("it has no control group that could be limited"), "labs 1 and 2 know none yet, and --without cgroup leaves it out")
	}
	var done []*process.Running
	undo = func() (err error) {
		for _, one := range slices.Backward(done) {
			err = errors.Join(err, one.Undo())
		}
		return err
	}
	tried := before.PIDs
	for list := cgroups.Update(g, r, before); list != nil && err == nil; list = late(g, before, &tried) {
		var running *process.Running
		running, err = process.Start(list, process.Hooks{})
		if running != nil {
			done = append(done, running)
			ran(list, running)
		}
	}
	if _, runs := h.alive(s.ID); !runs { // it has ended meanwhile: its next start will have the limits
		return func() error { return nil }, removeGroups(s.ID, dying)
	}
	if err != nil {
		err = errors.Join(err, undo())
	}
	return undo, err
}

// late moves those into the new groups who were born while their parents were being moved; nil: there are none. Nobody
// is tried twice: a process whose first thread has ended is listed where it was for as long as another one lives.
func late(g cgroups.Group, before cgroups.Before, tried *[]string) program.Program {
	dirs := g.Dirs()
	before.PIDs = nil
	for _, pid := range members(dirs[0]) {
		outside := func(dir string) bool {
			return !slices.Contains(before.Dirs, dir) && !slices.Contains(members(dir), pid)
		}
		if !slices.Contains(*tried, pid) && slices.ContainsFunc(dirs[1:], outside) {
			before.PIDs = append(before.PIDs, pid)
		}
	}
	if len(before.PIDs) == 0 {
		return nil
	}
	*tried = append(*tried, before.PIDs...)
	return cgroups.Late(g, before)
}

// members are the processes of a group, as the host sees them.
func members(dir string) []string {
	return strings.Fields(readTrimmed(filepath.Join(dir, "cgroup.procs")))
}

// presentState looks at what is, for Update to know the way back.
func presentState(g cgroups.Group, id string) cgroups.Before {
	b := cgroups.Before{Values: map[string]string{}, Dirs: groupDirs(id), From: map[string]string{}}
	for _, dir := range b.Dirs {
		for _, file := range cgroups.LimitFiles {
			if content, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
				b.Values[filepath.Join(dir, file)] = strings.TrimSpace(string(content))
			}
		}
	}
	if home := g.Dirs(); len(home) > 0 {
		b.PIDs = members(home[0])
	}
	if len(b.PIDs) == 0 {
		return b
	}
	for line := range strings.Lines(readTrimmed(filepath.Join("/proc", b.PIDs[0], "cgroup"))) { // 4:memory:/user.slice
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		for _, controller := range strings.Split(controllers, ",") {
			if mount := g.Layout.V1[controller]; mount != "" {
				b.From[mount] = group
			}
		}
	}
	return b
}
