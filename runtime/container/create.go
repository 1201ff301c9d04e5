package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

// Create gives the container its directory and its name. From now on it exists; it does not run. With claim this
// very process looks after it from the first moment, so that a `run --rm` that is killed leaves nothing.
func (c *Container) Create(claim bool) error {
	err := c.home.changing(func() error {
		states, err := c.home.List()
		if err != nil {
			return err
		}
		if c.State.Name == "" {
			c.State.Name = freeName(states)
			c.Options.Name = c.State.Name
		}
		if err := nameIsFree(states, c.State.Name); err != nil {
			return err
		}
		if claim {
			if c.claim, err = c.home.claim(c.State.ID); err != nil {
				return err
			}
		}
		dir := c.home.Dir(c.State.ID)
		err = os.Mkdir(dir, 0o710)
		if err == nil {
			if err = c.write(); err == nil {
				err = c.home.save(c.State) // last: with it the container is seen
			}
		}
		if err != nil {
			layers.RemoveAll(dir)
		}
		if err != nil && claim {
			c.claim.release()
		}
		return err
	})
	if err == nil {
		if err = c.home.stands(c.State); err != nil {
			if claim {
				c.claim.release()
			}
			return errors.Join(err, c.home.Remove(c.State.ID, true))
		}
	}
	if err == nil && !claim { // else the start does it, in a moment
		if err = c.makeVolumes(); err != nil {
			c.home.Remove(c.State.ID, true)
		}
	}
	return err
}

// Open makes the Program of a container that exists, to be started again.
func (h Home) Open(id string) (*Container, error) {
	state, err := h.Load(id)
	if err != nil {
		return nil, err
	}
	r, err := h.recipe(id)
	if err != nil {
		return nil, err
	}
	image := Image{ID: r.ImageID, Config: r.Config, Toolbox: r.Toolbox}
	for _, name := range r.Layers {
		image.Layers = append(image.Layers, filepath.Join(h.Root, "layers", name))
	}
	return h.make(state, r.Options, image)
}

// changing runs change while no other tutor changes what containers there are, after what dead owners have left
// was cleared.
func (h Home) changing(change func() error) error {
	if err := os.MkdirAll(filepath.Join(h.Root, "containers"), 0o700); err != nil {
		return Hint(err, "run as root, or set TUTOR_ROOT to a directory that can be written")
	}
	if err := os.MkdirAll(h.live(), 0o700); err != nil {
		return Hint(err, "run as root, or set TUTOR_RUN to a directory that can be written")
	}
	return h.alone(func() error {
		if err := h.sweep(); err != nil {
			return err
		}
		return change()
	})
}

// alone is changing without the clearing, for whoever looks after a container: by opening and closing its own claim's file,
// as the sweep does, it would give the lock away (fcntl_locking(2)).
func (h Home) alone(change func() error) error {
	all, err := lockFile(filepath.Join(h.live(), "lock"), unix.F_SETLKW)
	if err != nil {
		return err
	}
	defer all.Close()
	return change()
}

// Settle brings what is on disk up to what is true: a container whose monitor has died is ended, and shown so.
func (h Home) Settle() error { return h.changing(func() error { return nil }) }

func nameIsFree(states []State, name string) error {
	for _, s := range states {
		if s.Name == name {
			return Hint(fmt.Errorf("Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+name, s.ID),
				"tutor rm "+name+", or another --name")
		}
	}
	return nil
}

// Remove takes a container that does not run away: first out of sight, which is one rename, then its files; with
// volumes also those that nobody gave a name. ErrRunning if it runs.
func (h Home) Remove(id string, volumes bool) error {
	return h.vanish(id, func() error {
		return h.changing(func() error {
			if h.Runs(id) {
				return ErrRunning
			}
			return h.hide(id, volumes)
		})
	})
}

// vanish removes a container's files, which hide has taken out of sight.
func (h Home) vanish(id string, hide func() error) error {
	turn, err := h.turn(context.Background(), id) // nobody reads its files now
	if err == nil {
		defer turn.Close()
		err = hide()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else was first
	}
	if err != nil {
		return err
	}
	return layers.RemoveAll(h.hidden(id))
}

func (h Home) hidden(id string) string { return filepath.Join(h.Root, "containers", ".gone-"+id) }

func (h Home) hide(id string, volumes bool) error {
	state, err := h.Load(id)
	if err == nil && volumes {
		err = h.RemoveAnonymous(state)
	}
	return errors.Join(err, os.Rename(h.Dir(id), h.hidden(id)))
}

// ErrRunning says that what was asked for needs a container that does not run.
var ErrRunning = errors.New("the container is running")

// sweepFiles removes what a killed create or rm has left of directories.
func (h Home) sweepFiles() error {
	entries, err := os.ReadDir(filepath.Join(h.Root, "containers"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		dir := filepath.Join(h.Root, "containers", e.Name())
		_, missing := os.Lstat(filepath.Join(dir, "state.json"))
		if strings.HasPrefix(e.Name(), ".gone-") || errors.Is(missing, fs.ErrNotExist) {
			layers.RemoveAll(dir) // what cannot be removed, a file that was made immutable, is in nobody's way
		}
	}
	return nil
}

// Rename gives a container another name.
func (h Home) Rename(id, name string) error {
	return h.changing(func() error {
		states, err := h.List()
		if err != nil {
			return err
		}
		s, err := h.Load(id)
		if err != nil {
			return err
		}
		if s.Name == name {
			return Hint(errors.New("Renaming a container with the same name as its current name"), "tutor rename CONTAINER NEW_NAME")
		}
		if err := nameIsFree(states, name); err != nil {
			return err
		}
		s.Name = name
		if err := h.save(s); err != nil {
			return err
		}
		lock, err := h.Networks().Lock(context.Background())
		if err != nil {
			return err
		}
		defer lock.Close()
		return h.Networks().Rename(id, name)
	})
}

// Size is what a container has written, in bytes on disk.
func (h Home) Size(id string) int64 { return written(filepath.Join(h.Dir(id), "upper")) }
