package container

import (
	"context"
	"errors"
	"slices"
	"time"

	"tutor/runtime/networks"
)

// finish writes down how it ended, or with --rm removes the container; one that never ran stays as it was created.
func (c *Container) finish(status int, failed error, made Made) error {
	var err error
	if c.replugged() {
		err = c.home.retract(c.State.ID, c.live.Ports) // those of the start are undone
	}
	err = errors.Join(err, c.home.leave(context.Background(), c.State.ID, made))
	stays, saved := !c.State.Remove, error(nil)
	err = errors.Join(err, c.home.alone(func() error {
		var now State
		if now, saved = c.home.Load(c.State.ID); saved == nil {
			stays = stays || !c.State.Started.IsZero() && now.Restarted.Equal(c.State.Started)
			save := c.home.save
			if !c.State.Started.IsZero() {
				save = c.home.saveEnd
			}
			saved = save(c.ended(now, status, failed))
		}
		return nil
	}))
	if stays && (!c.State.Started.IsZero() || failed == nil) { // else the first reason is enough
		err = errors.Join(err, saved)
	}
	if stays {
		c.claim.release()
		return err
	}
	return errors.Join(err, c.home.vanish(c.State.ID, func() error {
		defer c.claim.release() // last: until then whoever finds us killed removes it
		return c.home.alone(func() error { return c.home.hide(c.State.ID, true) })
	}))
}

// replugged tells if the container has other addresses than at its start.
func (c *Container) replugged() bool {
	now, err := c.home.Networks().Of(c.State.ID)
	return err == nil && len(c.live.Ports) > 0 && !slices.EqualFunc(now, c.leases, func(a, b networks.Lease) bool { return a.Network == b.Network && a.Address == b.Address })
}

// ended is what is on disk, where it may have another name and other networks since, with how it ended.
func (c *Container) ended(now State, status int, failed error) State {
	now.ExitCode, now.Error = status, ""
	if failed != nil {
		now.Error = failed.Error()
	}
	if !c.State.Started.IsZero() {
		now.Status, now.OOMKilled, now.Started, now.Finished = "exited", c.State.OOMKilled, c.State.Started, time.Now()
	}
	return now
}
