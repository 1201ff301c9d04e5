package container

import (
	"context"
	"fmt"
)

// Pause makes every process of a container stand still, until Unpause. The freezer, unlike SIGSTOP, is not seen
// from inside, and cannot be caught.
func (h Home) Pause(ctx context.Context, id string) error {
	return h.freezing(ctx, id, func(f freezer) error {
		if f.frozen() {
			return fmt.Errorf("Container %s is already paused", id)
		}
		if err := f.freeze(ctx); err != nil {
			f.thaw()
			return err
		}
		return nil
	})
}

// Unpause lets it go on.
func (h Home) Unpause(ctx context.Context, id string) error {
	return h.freezing(ctx, id, func(f freezer) error {
		if !f.frozen() {
			return fmt.Errorf("Container %s is not paused", id)
		}
		return f.thaw()
	})
}

// freezing waits until nobody else freezes or thaws this container.
func (h Home) freezing(ctx context.Context, id string, do func(freezer) error) error {
	turn, err := h.turn(ctx, id)
	if err != nil {
		return err
	}
	defer turn.Close()
	if _, runs := h.alive(id); !runs {
		return ErrNotRunning
	}
	f, err := freezerOf(HostLayout(), id)
	if err != nil {
		return err
	}
	return do(f)
}

// Paused tells if the container stands still.
func (h Home) Paused(id string) bool {
	f, err := freezerOf(HostLayout(), id)
	return err == nil && f.frozen()
}
