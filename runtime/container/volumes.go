package container

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
	"tutor/runtime/volumes"
)

// A VolumeUse is one volume in one container.
type VolumeUse struct {
	Name        string            `json:"name"` // in what the command line says empty for an anonymous one
	Destination string            `json:"destination"`
	RW          bool              `json:"rw"`
	Anonymous   bool              `json:"anonymous,omitempty"` // it goes with the container (--rm, rm -v)
	NoCopy      bool              `json:"noCopy,omitempty"`    // it is not filled from the image
	Labels      map[string]string `json:"labels,omitempty"`    // for when it is made
}

// Volumes is where volumes are kept.
func (h Home) Volumes() volumes.Store {
	return volumes.Store{Dir: filepath.Join(h.Root, "volumes")}
}

// withVolumes gives names to the anonymous volumes, and adds those that the image's config asks for where nothing
// else is mounted. With its own answer it gives the same again.
func (o Options) withVolumes(image Image) (Options, error) {
	if o.bare() {
		o.Volumes = nil
		return o, nil
	}
	o.Volumes = slices.Clone(o.Volumes)
	more, err := o.imageVolumes(image.Config)
	if err != nil {
		return o, err
	}
	o.Volumes = append(o.Volumes, more...)
	for i := range o.Volumes {
		if v := &o.Volumes[i]; v.Name == "" {
			v.Name, v.Anonymous = NewID(), true
		}
	}
	return o, nil
}

// volumesLimit is how many volumes an image may ask for: each is a directory, a copy and a mount.
const volumesLimit = 100

// imageVolumes are those of the image's config. An enemy may have written it: its ".." end at the root, where the
// path's symlinks lead is found out inside the image, and a place that is not to be mounted on is refused.
func (o Options) imageVolumes(config v1.Config) ([]VolumeUse, error) {
	if len(config.Volumes) > volumesLimit {
		return nil, fmt.Errorf("the image asks for %d volumes: %d are enough for anybody", len(config.Volumes), volumesLimit)
	}
	var found []VolumeUse
	for written := range config.Volumes {
		target := path.Clean("/" + written)
		if len(target) >= unix.PathMax || strings.ContainsFunc(target, unicode.IsControl) {
			return nil, fmt.Errorf("the image's volume %.80q is no path", written)
		}
		if o.Mounted(target) || slices.ContainsFunc(found, func(v VolumeUse) bool { return v.Destination == target }) {
			continue
		}
		if err := CheckTarget(target); err != nil {
			return nil, err
		}
		found = append(found, VolumeUse{Destination: target, RW: true})
	}
	slices.SortFunc(found, func(a, b VolumeUse) int { return strings.Compare(a.Destination, b.Destination) })
	return found, nil
}

// configVolumes are the image's, and the anonymous ones of the command line: an image that is committed of the
// container asks for them too, as in Docker.
func (o Options) configVolumes(image v1.Config) map[string]struct{} {
	all := maps.Clone(image.Volumes)
	for _, v := range o.Volumes {
		asked := func(written string) bool { return path.Clean("/"+written) == v.Destination }
		if !v.Anonymous || slices.ContainsFunc(slices.Collect(maps.Keys(all)), asked) {
			continue
		}
		if all == nil {
			all = map[string]struct{}{}
		}
		all[v.Destination] = struct{}{}
	}
	return all
}

// Mounted tells if the command line puts something in that place.
func (o Options) Mounted(target string) bool {
	return slices.ContainsFunc(o.Mounts, func(m specs.Mount) bool { return path.Clean(m.Destination) == target }) ||
		slices.ContainsFunc(o.Volumes, func(v VolumeUse) bool { return v.Destination == target })
}

// bound has the volumes as what they are to the kernel: directories of the host.
func (h Home) bound(o Options) Options {
	o.Mounts = slices.Clone(o.Mounts)
	for _, v := range o.Volumes {
		options := []string{"rbind", "rw"}
		if !v.RW {
			options = append(options, "ro")
		}
		o.Mounts = append(o.Mounts, specs.Mount{Type: "bind", Source: h.Volumes().Data(v.Name), Destination: v.Destination, Options: options})
	}
	return o
}

// makeVolumes makes what the container's binds point to. Its state names the volumes by now, so nobody removes
// them meanwhile. Ctrl-C ends it between two reads.
func (c *Container) makeVolumes() error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	if err := c.Options.makeHostDirs(); err != nil {
		return err
	}
	store, image := c.home.Volumes(), layers.Stack{}
	for _, name := range c.State.Layers {
		image = append(image, filepath.Join(c.home.Root, "layers", name))
	}
	for _, v := range c.State.Volumes {
		labels := v.Labels
		if v.Anonymous {
			labels = map[string]string{volumes.AnonymousLabel: ""}
		}
		if _, err := store.Create(ctx, v.Name, labels); err != nil {
			return err
		}
		if v.NoCopy {
			continue
		}
		if err := store.Fill(ctx, v.Name, image, v.Destination); err != nil {
			return err
		}
	}
	return nil
}

// makeHostDirs makes the directories of the host that -v names, as Docker does.
func (o Options) makeHostDirs() error {
	for _, dir := range o.HostDirs {
		if _, err := os.Stat(dir); err == nil {
			continue // a file will do too
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("error while creating mount source path '%s': %w", dir, err)
		}
	}
	return nil
}

// VolumeUsers tells which containers use which volume, running or not.
func (h Home) VolumeUsers() (map[string][]string, error) {
	states, err := h.List()
	if err != nil {
		return nil, err
	}
	users := map[string][]string{}
	for _, s := range states {
		for _, v := range s.Volumes {
			if !slices.Contains(users[v.Name], s.ID) {
				users[v.Name] = append(users[v.Name], s.ID)
			}
		}
	}
	return users, nil
}

// RemoveAnonymous removes the volumes that go with a container, while its state is still there. One that another
// container has taken by its name stays.
func (h Home) RemoveAnonymous(s State) error {
	mine := map[string]bool{}
	for _, v := range s.Volumes {
		if v.Anonymous {
			mine[v.Name] = true
		}
	}
	if len(mine) == 0 {
		return nil
	}
	_, err := h.Volumes().Prune(context.Background(), func(v volumes.Volume) bool { return mine[v.Name] }, func() (map[string][]string, error) {
		users, err := h.VolumeUsers()
		for name, ids := range users {
			users[name] = slices.DeleteFunc(ids, func(id string) bool { return id == s.ID })
		}
		return users, err
	})
	return err
}
