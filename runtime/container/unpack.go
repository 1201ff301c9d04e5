package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/image"
	"tutor/runtime/layers"
)

// Unpack sees to it that the image's layers lie unpacked below the home, each once for all images that begin
// with the same layers, and returns them, topmost first. A layer appears under its name only when it is
// complete and its digest and diff ID are right.
func (h Home) Unpack(ctx context.Context, store *image.Store, img image.Image) (layers.Stack, error) {
	dir := filepath.Join(h.Root, "layers")
	var stack layers.Stack
	chains := img.ChainIDs()
	for i, l := range img.Layers {
		name := filepath.Join(dir, layerName(chains[i]))
		if _, err := os.Lstat(name); err != nil {
			if err := unpack(ctx, store, l, name, stack); err != nil {
				return nil, fmt.Errorf("unpacking layer %s of %s: %w", short(l.Digest), img.ID, err)
			}
		}
		stack = append(layers.Stack{name}, stack...)
	}
	if len(stack) > 0 {
		return stack, nil
	}
	empty := filepath.Join(dir, "empty") // overlayfs wants at least one layer; an image may have none
	return layers.Stack{empty}, os.MkdirAll(empty, 0o755)
}

// layerName is the directory of a layer: 96 bits of its chain ID, because mount(2) takes one page of options,
// and 127 whole ones would not fit.
func layerName(chain string) string { return strings.TrimPrefix(chain, "sha256:")[:24] }

func short(digest string) string { return strings.TrimPrefix(digest, "sha256:")[:12] }

// unpack does one layer, under the lock of all unpacking, so that two starts of one image do the work once.
func unpack(ctx context.Context, store *image.Store, l image.Layer, name string, below layers.Stack) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := lockFile(filepath.Join(dir, "lock"), unix.F_SETLKW)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Lstat(name); err == nil {
		return nil // somebody else was first
	}
	unfinished := filepath.Join(dir, "new")
	if err := layers.RemoveAll(unfinished); err != nil { // a tutor that was killed here
		return err
	}
	if err := os.Mkdir(unfinished, 0o755); err != nil {
		return err
	}
	if err := readLayer(ctx, store, l, unfinished, below); err != nil {
		layers.RemoveAll(unfinished)
		return err
	}
	if err := unix.Syncfs(int(lock.Fd())); err != nil { // after a power cut nobody would look again into a layer that has its name
		return os.NewSyscallError("syncfs", err)
	}
	return os.Rename(unfinished, name)
}

func readLayer(ctx context.Context, store *image.Store, l image.Layer, dir string, below layers.Stack) error {
	tar, err := store.Open(l)
	if err != nil {
		return err
	}
	defer tar.Close()
	if err := layers.Unpack(ctx, tar, dir, below); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, tar) // to the end, where the digests are compared
	return err
}

// Free removes the unpacked layers that no image of the store and no container stands on, and returns the bytes
// that their files had on disk.
func (h Home) Free(store *image.Store) (freed int64, err error) {
	dir := filepath.Join(h.Root, "layers")
	lock, err := lockFile(filepath.Join(dir, "lock"), unix.F_SETLKW)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // nothing has ever been unpacked
	}
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	freeing, err := lockFile(filepath.Join(dir, freeingName), unix.F_SETLKW)
	if err != nil {
		return 0, err
	}
	defer freeing.Close()
	used, err := h.used(store)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.IsDir() && !used[e.Name()] {
			name := filepath.Join(dir, e.Name())
			freed += diskUsage(name)
			err = errors.Join(err, layers.RemoveAll(name))
		}
	}
	return freed, err
}

// freeingName is the lock of whoever removes layers.
const freeingName = "freeing"

// stands says if the container's layers are not there. It is asked once the container is on disk, where Free sees it: who has
// looked before that has the lock until the layers are gone.
func (h Home) stands(s State) error {
	dir := filepath.Join(h.Root, "layers")
	if len(s.Layers) == 0 {
		return nil
	}
	freeing, err := lockFile(filepath.Join(dir, freeingName), unix.F_SETLKW)
	if err != nil {
		return err
	}
	defer freeing.Close()
	for _, name := range h.standsOn(s) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			return Hint(fmt.Errorf("the image %s was removed at this moment", s.Image), "pull it again, or tutor run once more")
		}
	}
	return nil
}

// diskUsage is what the files below dir take on disk, in bytes. A hard link is counted once.
func diskUsage(dir string) (bytes int64) {
	seen := map[uint64]bool{}
	filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var stat unix.Stat_t
		if err == nil && unix.Lstat(path, &stat) == nil && !seen[stat.Ino] {
			seen[stat.Ino] = true
			bytes += stat.Blocks * 512 // whatever the file system's own blocks are (stat(2))
		}
		return nil
	})
	return bytes
}

// LayerDirs are the directories of the image's layers that lie unpacked, topmost first.
func (h Home) LayerDirs(img image.Image) []string {
	var dirs []string
	for _, chain := range img.ChainIDs() {
		dir := filepath.Join(h.Root, "layers", layerName(chain))
		if _, err := os.Lstat(dir); err == nil {
			dirs = append([]string{dir}, dirs...)
		}
	}
	return dirs
}

// used is the names of all layers that somebody stands on.
func (h Home) used(store *image.Store) (map[string]bool, error) {
	used := map[string]bool{}
	images, err := store.List()
	if err != nil {
		return nil, err
	}
	for _, img := range images {
		for _, chain := range img.ChainIDs() {
			used[layerName(chain)] = true
		}
	}
	states, err := h.List()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		for _, l := range h.standsOn(s) {
			used[l] = true
		}
	}
	return used, nil
}

// standsOn are the layers that the container needs: its image's, and with --init that of the program that is PID 1.
func (h Home) standsOn(s State) []string {
	r, err := h.recipe(s.ID)
	if err != nil || r.Toolbox == "" {
		return s.Layers
	}
	within, _ := filepath.Rel(filepath.Join(h.Root, "layers"), r.Toolbox)
	layer, _, _ := strings.Cut(within, "/")
	return append(slices.Clone(s.Layers), layer)
}
