package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A recipe is what a container is made of, each time that it starts: create.json in its directory. The image's
// own name may mean another image by then, so its config is kept here, and its layers by their directories.
type recipe struct {
	Options Options   `json:"options"`
	ImageID string    `json:"imageId,omitempty"`
	Config  v1.Config `json:"imageConfig"`
	Layers  []string  `json:"layers,omitempty"` // topmost first
	Toolbox string    `json:"toolbox,omitempty"`
}

// write keeps the recipe, and the directory in which the container will write.
func (c *Container) write() error {
	r := recipe{Options: c.Options, ImageID: c.State.ImageID, Config: c.image.Config, Layers: c.State.Layers, Toolbox: c.image.Toolbox}
	if err := writeJSON(filepath.Join(c.home.Dir(c.State.ID), "create.json"), r); err != nil {
		return err
	}
	if c.Options.bare() {
		return nil
	}
	if err := c.keepSpec(); err != nil {
		return err
	}
	for _, d := range []string{"upper", "work", "rootfs"} {
		if err := os.Mkdir(filepath.Join(c.home.Dir(c.State.ID), d), 0o755); err != nil {
			return err
		}
	}
	return rootLike(filepath.Join(c.home.Dir(c.State.ID), "upper"), filepath.Join(c.home.Root, "layers", c.State.Layers[0]))
}

// recipe reads what the container is made of.
func (h Home) recipe(id string) (r recipe, err error) {
	path := filepath.Join(h.Dir(id), "create.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (h Home) keepRecipe(s State, r recipe) error {
	return errors.Join(writeJSON(filepath.Join(h.Dir(s.ID), "create.json"), r), h.changing(func() error {
		now, err := h.Load(s.ID)
		if err != nil {
			return err
		}
		now.Network, now.Networks = r.Options.Network, r.Options.networkNames()
		return h.save(now)
	}))
}
