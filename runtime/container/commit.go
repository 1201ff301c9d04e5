package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tutor/runtime/image"
	"tutor/runtime/layers"
)

// A Commit is what `tutor commit` was told beside the container.
type Commit struct {
	Name    image.Reference // empty: the image gets none
	Author  string
	Message string
	Changes []string // Dockerfile instructions
	Pause   bool     // no process of the container runs while its changes are read
}

// places are where the start of a container makes a file or directory to mount on, where the image has none.
// Docker makes them, and these only, in a layer under the container's own.
var places = []string{"/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"}

// Delta is what the container has changed.
func (h Home) Delta(s State) (layers.Delta, error) {
	if len(s.Layers) == 0 {
		return layers.Delta{}, Hint(fmt.Errorf("container %.12s has no layers", s.ID), "labs 1 to 3 know no images yet: it runs on the host's own files")
	}
	d := layers.Delta{Upper: filepath.Join(h.Dir(s.ID), "upper"), Own: places}
	for _, name := range s.Layers {
		d.Below = append(d.Below, filepath.Join(h.Root, "layers", name))
	}
	return d, nil
}

// Diff lists what the container has changed. It does not stand still meanwhile.
func (h Home) Diff(ctx context.Context, s State, each func(layers.Change) error) error {
	d, err := h.Delta(s)
	if err != nil {
		return err
	}
	return d.Changes(ctx, each)
}

// Commit makes an image of a container: its image's layers, and one more of what it has changed.
func (h Home) Commit(ctx context.Context, store *image.Store, s State, o Commit) (image.Image, error) {
	d, err := h.Delta(s)
	if err != nil {
		return image.Image{}, err
	}
	parent, err := store.Find(s.ImageID)
	if errors.Is(err, image.ErrNotFound) {
		return parent, Hint(fmt.Errorf("the image of container %.12s is gone: %w", s.ID, err), "its layers would be the lower ones of the new image: pull or make it again")
	}
	if err != nil {
		return parent, err
	}
	config, err := s.committed(o.Changes)
	if err != nil {
		return image.Image{}, err
	}
	return store.Commit(o.Name, image.Commit{
		Parent: parent, Config: config, Author: o.Author, Comment: o.Message, By: strings.Join(s.Config.Cmd, " "),
		Pack: func(w io.Writer) (int, error) { return h.pack(ctx, s, o, d, w) },
	})
}

// committed is the container's config with the changes. What they emptied is the container's again, as in Docker.
func (s State) committed(changes []string) (v1.Config, error) {
	config := *s.Config.DeepCopy()
	if err := image.Changes(&config, changes); err != nil {
		return config, err
	}
	if len(config.Entrypoint) == 0 {
		if len(config.Cmd) == 0 {
			config.Cmd = s.Config.Cmd
		}
		config.Entrypoint = s.Config.Entrypoint
	}
	return config, nil
}

// pack writes the layer while nothing in the container moves.
func (h Home) pack(ctx context.Context, s State, o Commit, d layers.Delta, w io.Writer) (entries int, err error) {
	if o.Pause {
		thaw, cannot := h.freeze(ctx, s)
		if cannot != nil {
			return 0, cannot
		}
		defer func() { err = errors.Join(err, thaw()) }()
	}
	_, ran := h.alive(s.ID)
	entries, err = d.Pack(ctx, w)
	if _, runs := h.alive(s.ID); s.Remove && ran && !runs {
		return 0, fmt.Errorf("container %.12s ended while its changes were read, and was to be removed then (--rm)", s.ID)
	}
	if _, gone := h.Load(s.ID); errors.Is(gone, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: it was removed while its changes were read", noSuch(s.ID[:12]))
	}
	return entries, err
}
