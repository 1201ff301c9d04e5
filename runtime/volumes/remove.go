package volumes

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

// Remove takes a volume away with all that is in it. One that a container uses stays, running or not: the
// container would find it empty.
func (s Store) Remove(ctx context.Context, name string, users Users) error {
	if _, err := s.Find(name); errors.Is(err, ErrNotFound) { // one whose volume.json is spoilt can be removed
		return err
	}
	lock, err := s.alone(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	used, err := users()
	if err != nil {
		return err
	}
	if _, err := s.Find(name); errors.Is(err, ErrNotFound) {
		return err // somebody else was first
	}
	if ids := used[name]; len(ids) > 0 {
		return fmt.Errorf("remove %s: %w - [%s]", name, ErrInUse, strings.Join(ids, ", "))
	}
	return s.remove(name)
}

// Pruned is what Prune came to.
type Pruned struct {
	Names []string
	Bytes int64
}

// Prune removes the chosen volumes that no container uses.
func (s Store) Prune(ctx context.Context, chosen func(Volume) bool, users Users) (gone Pruned, err error) {
	lock, err := s.alone(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return gone, nil // there has never been a volume
	}
	if err != nil {
		return gone, err
	}
	defer lock.Close()
	used, err := users()
	if err != nil {
		return gone, err
	}
	all, err := s.List()
	if err != nil {
		return gone, err
	}
	for _, v := range all {
		if len(used[v.Name]) > 0 || !chosen(v) {
			continue
		}
		bytes := s.Size(v.Name)
		if err := s.remove(v.Name); err != nil {
			return gone, err
		}
		gone.Names, gone.Bytes = append(gone.Names, v.Name), gone.Bytes+bytes
	}
	return gone, nil
}

// remove needs the lock.
func (s Store) remove(name string) error {
	going, err := os.MkdirTemp(s.Dir, ".gone-")
	if err != nil {
		return err
	}
	err = os.Rename(filepath.Join(s.Dir, name), filepath.Join(going, "volume"))
	return errors.Join(err, layers.RemoveAll(going))
}

// Size is what Docker counts: the bytes of all files, a hard link once, directories not at all.
func (s Store) Size(name string) (bytes int64) {
	seen := map[uint64]bool{}
	filepath.WalkDir(s.Data(name), func(path string, _ fs.DirEntry, err error) error {
		var stat unix.Stat_t
		if err != nil || unix.Lstat(path, &stat) != nil || stat.Mode&unix.S_IFMT == unix.S_IFDIR || seen[stat.Ino] {
			return nil
		}
		seen[stat.Ino] = true
		bytes += stat.Size
		return nil
	})
	return bytes
}
