package volumes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tutor/runtime/flock"
	"tutor/runtime/layers"
)

// Fill gives an empty volume what the image shows at path, with the looks of that directory itself: without this
// a database would find its directory empty and owned by root. A volume that holds anything stays as it is, and
// so does one for whose path the image has nothing.
//
// It is done in a directory of its own, new, which becomes full by one rename when every byte is on the disk.
// Then the names in its tree move into _data one by one: a container that has _data mounted already sees them come, which it
// would not if _data itself were exchanged. Whoever is killed meanwhile leaves new, which the next one throws
// away, or full, which the next one goes on to move. So half a volume is never taken for a whole one.
func (s Store) Fill(ctx context.Context, name string, image layers.Stack, path string) error {
	dir := filepath.Join(s.Dir, name)
	lock, err := flock.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := s.move(name); err != nil {
		return err
	}
	held, err := os.ReadDir(s.Data(name))
	if err != nil || len(held) > 0 {
		return err
	}
	unfinished := filepath.Join(dir, "new")
	defer layers.RemoveAll(unfinished)
	err = copyOut(ctx, image, path, unfinished)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = unix.Syncfs(int(lock.Fd()))
	}
	if err != nil {
		return fmt.Errorf("filling volume %s: %w", name, err)
	}
	if err := os.Rename(unfinished, filepath.Join(dir, "full")); err != nil {
		return err
	}
	return errors.Join(lock.Sync(), s.move(name))
}

// copyOut makes dir with two directories in it: tree has the content, and looks only the owner, mode and times that
// the volume itself shall have, because those of tree change while it is emptied.
func copyOut(ctx context.Context, image layers.Stack, path, dir string) error {
	tree, looks := filepath.Join(dir, "tree"), filepath.Join(dir, "looks")
	if err := layers.RemoveAll(dir); err != nil { // a tutor that was killed here
		return err
	}
	for _, d := range []string{dir, tree, looks} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return err
		}
	}
	if err := image.CopyTo(ctx, path, tree); err != nil {
		return err
	}
	return layers.CopyLooks(tree, looks)
}

// move brings what is in full into _data, if there is something. A name that is there already is the user's, and
// wins (CVE-2020-1726).
func (s Store) move(name string) error {
	full := filepath.Join(s.Dir, name, "full")
	tree := filepath.Join(full, "tree")
	if _, err := os.Lstat(full); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	entries, err := os.ReadDir(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		err := unix.Renameat2(unix.AT_FDCWD, filepath.Join(tree, e.Name()), unix.AT_FDCWD, filepath.Join(s.Data(name), e.Name()), unix.RENAME_NOREPLACE)
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("filling volume %s: %q: %w", name, e.Name(), err)
		}
	}
	if err := layers.CopyLooks(filepath.Join(full, "looks"), s.Data(name)); err != nil {
		return fmt.Errorf("filling volume %s: %w", name, err)
	}
	done := filepath.Join(s.Dir, name, "new") // at one stroke: half of full would be taken for the whole
	return errors.Join(layers.RemoveAll(done), os.Rename(full, done), layers.RemoveAll(done))
}
