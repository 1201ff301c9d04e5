package container

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"tutor/runtime/image"
)

// A Disk is what a home takes on disk, in bytes, measured now.
type Disk struct {
	Images     []ImageDisk
	Total      int64 // of all images: their blobs, and their layers unpacked, each once
	Free       int64 // the part of that which no container stands on
	Containers []ContainerDisk
	Volumes    []VolumeDisk
}

// An ImageDisk is one image. What it shares with others is there once.
type ImageDisk struct {
	Image        image.Image
	Size, Shared int64
	Containers   int
}

// A ContainerDisk is what a container has written into its own layer.
type ContainerDisk struct {
	Status  Status
	Size    int64
	Volumes int
}

// A VolumeDisk is a directory that outlives the containers that use it.
type VolumeDisk struct {
	Name  string
	Size  int64
	Links int // containers that have it, running or not
}

// Disk measures all that lies below Root, but what does not belong to images, containers or volumes.
func (h Home) Disk(store *image.Store) (d Disk, err error) {
	statuses, err := h.Statuses()
	if err != nil {
		return d, err
	}
	var states []State
	for _, s := range statuses {
		states = append(states, s.State)
		d.Containers = append(d.Containers, ContainerDisk{Status: s, Size: h.Size(s.ID), Volumes: len(s.Volumes)})
	}
	d.Volumes = h.volumeDisks(states)
	return d, h.imageDisks(store, states, &d)
}

// imageDisks takes every image apart, into blobs and unpacked layers. A part that two images have is counted once.
func (h Home) imageDisks(store *image.Store, states []State, d *Disk) error {
	parts, err := store.Blobs()
	if err != nil {
		return err
	}
	layers, _ := filepath.Glob(filepath.Join(h.Root, "layers", "*"))
	for _, dir := range layers {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() {
			parts[filepath.Base(dir)] = diskUsage(dir)
		}
	}
	images, err := store.List()
	if err != nil {
		return err
	}
	owners, used := map[string]int{}, map[string]bool{}
	for _, img := range images {
		containers := len(slices.DeleteFunc(slices.Clone(states), func(s State) bool { return s.ImageID != img.ID }))
		d.Images = append(d.Images, ImageDisk{Image: img, Containers: containers})
		for _, part := range partsOf(img) {
			owners[part]++
			used[part] = used[part] || containers > 0
		}
	}
	for _, s := range states {
		for _, layer := range s.Layers {
			used[layer] = true // its image may be gone
		}
	}
	for i, one := range d.Images {
		for _, part := range partsOf(one.Image) {
			d.Images[i].Size += parts[part]
			if owners[part] > 1 {
				d.Images[i].Shared += parts[part]
			}
		}
	}
	for part, size := range parts {
		d.Total += size
		if !used[part] {
			d.Free += size
		}
	}
	return nil
}

// partsOf are the blobs and the layer directories of an image, each once: two layers may be the same bytes.
func partsOf(img image.Image) []string {
	parts := []string{img.Manifest, img.ID}
	for _, l := range img.Layers {
		parts = append(parts, l.Digest)
	}
	for _, chain := range img.ChainIDs() {
		parts = append(parts, layerName(chain))
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// volumeDisks are the directories below volumes, each with its files in _data, as Docker has them.
func (h Home) volumeDisks(states []State) (all []VolumeDisk) {
	dirs, _ := os.ReadDir(filepath.Join(h.Root, "volumes"))
	for _, e := range dirs {
		if !e.IsDir() {
			continue
		}
		v := VolumeDisk{Name: e.Name(), Size: written(filepath.Join(h.Root, "volumes", e.Name(), "_data"))}
		for _, s := range states {
			if usesVolume(s, v.Name) {
				v.Links++
			}
		}
		all = append(all, v)
	}
	return all
}

// usesVolume tells if one of the container's volumes has that name.
func usesVolume(s State, name string) bool {
	return slices.ContainsFunc(s.Volumes, func(v VolumeUse) bool { return v.Name == name })
}

// written is what lies in a directory that a container writes into; the directory itself came before. What is a
// directory now may be a link to the host's root a moment later: os.Root does not follow it out.
func written(dir string) (bytes int64) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0
	}
	defer root.Close()
	seen := map[uint64]bool{}
	fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return nil // it is gone already
		}
		info, err := root.Lstat(path)
		if err != nil {
			return nil
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && !seen[stat.Ino] {
			seen[stat.Ino] = true
			bytes += stat.Blocks * 512
		}
		return nil
	})
	return bytes
}
