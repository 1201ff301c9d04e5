package container

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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
	return 0, Hint(fmt.Errorf("Invalid signal: %s", text), "a name or a number: SIGTERM, HUP, 9; signal(7) has all")
}

// Kill sends a signal to the container's first process; ErrNotRunning if there is none.
func (h Home) Kill(id string, s unix.Signal) error {
	live, runs := h.alive(id)
	if !runs {
		return ErrNotRunning
	}
	pidfd, err := unix.PidfdOpen(live.PID, 0)
	if err != nil {
		return ErrNotRunning
	}
	defer unix.Close(pidfd)
	if born(live.PID) != live.Born { // the number was another's already when we opened it
		return ErrNotRunning
	}
	err = unix.PidfdSendSignal(pidfd, s, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return ErrNotRunning
	}
	if err == nil && s == unix.SIGKILL { // a frozen process of cgroup v1 does not even die
		h.thaw(id)
	}
	return err
}

// stopTimeout is how long a container has to end by itself.
const stopTimeout = 10 * time.Second

// Stop ends a container: with its own signal, and with SIGKILL after the time. timeout below 0 is the container's
// own. That it does not run is no error.
func (h Home) Stop(ctx context.Context, s State, signal string, timeout time.Duration) error {
	sig := unix.SIGTERM
	if name := first(signal, s.Config.StopSignal); name != "" {
		var err error
		if sig, err = SignalOf(name); err != nil {
			return err
		}
	}
	if timeout < 0 {
		timeout = stopTimeout
		if s.StopTimeout > 0 {
			timeout = time.Duration(s.StopTimeout) * time.Second
		}
	}
	if err := h.Kill(s.ID, sig); err != nil {
		return h.goneOr(s.ID, err)
	}
	h.thaw(s.ID) // one that is paused could not hear it
	if h.waitEnded(ctx, s.ID, timeout) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := h.Kill(s.ID, unix.SIGKILL); err != nil {
		return h.goneOr(s.ID, err)
	}
	if !h.waitEnded(ctx, s.ID, 30*time.Second) {
		return fmt.Errorf("container %.12s does not end, not even by SIGKILL", s.ID)
	}
	return nil
}

// goneOr makes nothing of ErrNotRunning, once its monitor has said so on disk.
func (h Home) goneOr(id string, err error) error {
	if !errors.Is(err, ErrNotRunning) {
		return err
	}
	h.waitEnded(context.Background(), id, 10*time.Second)
	return h.Settle()
}

// waitEnded waits until nobody looks after the container any more: its state on disk is the last word then.
func (h Home) waitEnded(ctx context.Context, id string, timeout time.Duration) bool {
	deadline := time.Now().Add(timeout)
	for h.Runs(id) {
		if time.Now().After(deadline) || pause(ctx) != nil {
			return false
		}
	}
	return true
}
