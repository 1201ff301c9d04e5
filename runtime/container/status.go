package container

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tutor/runtime/ports"
)

// A Status is a container with what is true of it now.
type Status struct {
	State
	Word    string // "created", "running", "paused" or "exited"
	PID     int    // of its first process on the host; 0: none
	Monitor int    // the process that looks after it; 0: none
	Ports   []ports.Port
}

// Statuses are all containers, newest first, after what is on disk was brought up to what is true.
func (h Home) Statuses() ([]Status, error) {
	if err := h.Settle(); err != nil {
		return nil, err
	}
	states, err := h.List()
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(states))
	for i, s := range states {
		all[i] = h.Status(s)
	}
	slices.SortFunc(all, func(a, b Status) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Status is what is true of a container now.
func (h Home) Status(s State) Status {
	status := Status{State: s, Word: s.Status}
	if !h.Runs(s.ID) {
		return status
	}
	live, alive := h.alive(s.ID)
	if !alive && !live.Started.IsZero() { // it has just ended: in a moment it is written down how
		for deadline := time.Now().Add(startingTime); h.Runs(s.ID) && time.Now().Before(deadline); {
			pause(context.Background())
		}
		if now, err := h.Load(s.ID); err == nil {
			status.State, status.Word = now, now.Status
		}
		return status
	}
	if live.Started.IsZero() {
		return status // it is just starting
	}
	status.Word, status.PID, status.Monitor, status.Started = "running", live.PID, live.Monitor, live.Started
	if len(live.Ports) > 0 {
		if ipv4, _, err := h.found(s.ID); err == nil && ipv4.IsValid() {
			status.Ports = live.Ports // else it is on no network any more that leads anywhere
		}
	}
	status.Finished, status.ExitCode = time.Time{}, 0
	if h.Paused(s.ID) {
		status.Word = "paused"
	}
	return status
}
