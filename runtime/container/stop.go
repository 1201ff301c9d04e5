package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// SignalOf reads a signal as Docker does: "SIGTERM", "term", "15".
func SignalOf(text string) (unix.Signal, error) {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 64 {
		return unix.Signal(n), nil
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if s := unix.SignalNum(name); s != 0 {
		return s, nil
	}
	for _, end := range []struct {
		name, way string
		number    int
	}{{"SIGRTMIN", "+", 34}, {"SIGRTMAX", "-", 64}} { // as the C library counts them, signal(7): 32 and 33 are its own
		way, found := strings.CutPrefix(name, end.name)
		n, err := strconv.Atoi(cmp.Or(way, "0"))
		if s := end.number + n; found && err == nil && (way == "" || strings.HasPrefix(way, end.way)) && s >= 34 && s <= 64 {
			return unix.Signal(s), nil
		}
	}
	return 0, Hint(fmt.Errorf("Invalid signal: %s", text), "a name or a number: SIGTERM, HUP, 9; signal(7) has all")
}

// stopTimeout is how long a container has to end by itself, in seconds.
const stopTimeout = 10

// PlanStop is the end of a container: by its own signal, or another, and SIGKILL after the time; nil is the container's
// own. ErrNotRunning if it has ended.
func (h Home) PlanStop(s State, signal string, seconds *int) (StopPlan, error) {
	p := StopPlan{Signal: unix.SIGTERM, Seconds: stopTimeout}
	if its, err := SignalOf(s.Config.StopSignal); err == nil { // an image may name anything
		p.Signal = its
	}
	if signal != "" {
		var err error
		if p.Signal, err = SignalOf(signal); err != nil {
			return p, err
		}
	}
	if s.StopTimeout != nil {
		p.Seconds = *s.StopTimeout
	}
	if seconds != nil {
		p.Seconds = *seconds
	}
	return h.planned(s, p)
}

// PlanKill is one signal.
func (h Home) PlanKill(s State, signal unix.Signal) (StopPlan, error) {
	return h.planned(s, StopPlan{Signal: signal, Once: true})
}

// planned adds what is true of the container now. One that is just starting is waited for: before its command runs
// nothing in there could handle a signal.
func (h Home) planned(s State, p StopPlan) (StopPlan, error) {
	live, runs := h.alive(s.ID)
	for deadline := time.Now().Add(startingTime); h.Runs(s.ID) && live.Started.IsZero() && time.Now().Before(deadline); {
		pause(context.Background())
		live, runs = h.alive(s.ID)
	}
	if !runs {
		return p, ErrNotRunning
	}
	p.Process, p.Inside, p.Command = live, insidePID(live.PID), strings.Join(s.Command, " ")
	p.Frozen, p.ended = frozen(s.ID), &sys.Result{Name: "ended"}
	return p, nil
}

// frozen is what stands still of a container; nothing, if it is not paused.
func frozen(id string) cgroups.Frozen {
	f, err := freezerOf(HostLayout(), id)
	if err != nil || !f.frozen() {
		return cgroups.Frozen{}
	}
	if f.home == "" {
		return cgroups.Frozen{Dir: f.dir}
	}
	return cgroups.Frozen{Dir: f.dir, Home: filepath.Dir(f.dir), PIDs: members(f.dir)}
}

// Ran is told of the end of a container, when it is carried out: never by two at once.
type Ran = func(StopPlan, program.Program, *process.Running)

// Stop ends containers, and returns when all that belonged to them is cleared: how it went with each. That one does not run
// is no error. They have their time side by side: ten that do not listen take no longer than one.
func (h Home) Stop(states []State, signal string, seconds *int, ran Ran) []error {
	errs := make([]error, len(states))
	var waits sync.WaitGroup
	var alone sync.Mutex
	for i, s := range states {
		p, err := h.PlanStop(s, signal, seconds)
		if err != nil {
			errs[i] = err
			continue
		}
		waits.Go(func() {
			errs[i] = h.carryOut(s, p, func(p StopPlan, list program.Program, r *process.Running) {
				alone.Lock()
				defer alone.Unlock()
				if ran != nil {
					ran(p, list, r)
				}
			})
		})
	}
	waits.Wait()
	for i, s := range states { // one after the other: a lock is the process's, and two of its hands would not keep each other out
		if errs[i] == nil || errors.Is(errs[i], ErrNotRunning) {
			errs[i] = h.gone(s.ID)
		}
	}
	return errs
}

// Restart is Stop and Start, with what each of them tells. With --rm too: this end is not the one that removes it.
func (h Home) Restart(s State, signal string, seconds *int, ran Ran, trace *Trace) (a *Attachment, err error) {
	if s.Remove {
		if live, err := h.started(s); err == nil {
			if err := h.restarting(s.ID, live.Started); err != nil {
				return nil, err
			}
		}
	}
	if err := h.Stop([]State{s}, signal, seconds, ran)[0]; err != nil {
		return nil, err
	}
	return h.Start(s.ID, Hello{}, trace)
}

// restarting writes down which life it is whose end is not the last.
func (h Home) restarting(id string, life time.Time) error {
	return h.changing(func() error {
		now, err := h.Load(id)
		if err != nil {
			return noSuch(id)
		}
		now.Restarted = life
		return h.save(now)
	})
}

// Kill sends a signal to the container's first process; ErrNotRunning if there is none. After SIGKILL it returns when all that
// belonged to the container is cleared, as Docker does.
func (h Home) Kill(s State, signal unix.Signal, ran Ran) error {
	p, err := h.PlanKill(s, signal)
	if err == nil {
		err = h.carryOut(s, p, ran)
	}
	if err != nil || signal != unix.SIGKILL {
		return err
	}
	return h.gone(s.ID)
}

// End kills a container, and returns when all that belonged to it is cleared. That it does not run is no error.
func (h Home) End(s State) error {
	err := h.Kill(s, unix.SIGKILL, nil)
	if errors.Is(err, ErrNotRunning) {
		return h.gone(s.ID)
	}
	return err
}

// errEnded says that the rest of a Program has become needless.
var errEnded = errors.New("the container has ended")

// carryOut does what the plan says. After the wait it looks whether there is anybody left to be killed.
func (h Home) carryOut(s State, p StopPlan, ran Ran) error {
	list := p.Program()
	running, err := process.Start(list, process.Hooks{
		Stops: func(op int) bool { return list[op].Name == "signal" || list[op].Name == "kill" },
		Pause: func(r *process.Running, op int) error {
			if list[op].Name == "signal" { // is it still the process that was meant, now that it is held?
				return h.same(s, p.Process)
			}
			if ended, _ := r.Answer(p.ended); ended > 0 {
				return errEnded
			}
			return nil
		},
	})
	if running == nil {
		return err
	}
	defer running.Close()
	err = errors.Join(err, running.Undo())
	if errors.Is(err, errEnded) {
		list[4], err = list[4].Leave(p.lasts()), nil
	}
	if ran != nil {
		ran(p, list, running)
	}
	if errors.Is(err, unix.ESRCH) {
		return ErrNotRunning
	}
	return err
}

// goneTime is more than the kernel needs to end the processes of a container, and its monitor to clear it.
const goneTime = 30 * time.Second

// gone waits until nobody looks after the container any more: its state on disk is the last word then.
func (h Home) gone(id string) error {
	for deadline := time.Now().Add(goneTime); h.Runs(id); pause(context.Background()) {
		if time.Now().After(deadline) {
			return Hint(fmt.Errorf("container %.12s does not end, not even by SIGKILL", id),
				"its processes wait for a disk or a network that does not answer, or somebody has paused it: tutor unpause")
		}
	}
	return h.Settle()
}
