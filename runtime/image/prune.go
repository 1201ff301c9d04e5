package image

import (
	"errors"
	"os"
	"time"

	"tutor/runtime/filters"
	"tutor/runtime/flock"
)

// Prune removes the images that no container uses: of those that fit the filters the dangling ones, or all. Then
// it frees what failed pulls have left. A name that is refused stays; the others go.
func (s *Store) Prune(all bool, f filters.Filters, inUse InUse) (gone Removed, err error) {
	images, err := s.List()
	if err != nil {
		return gone, err
	}
	images, err = s.Choose(images, f, time.Now())
	if err != nil {
		return gone, err
	}
	for _, img := range images {
		if _, used := inUse(img.ID); used || (!all && !img.Dangling()) {
			continue
		}
		one, err := s.Remove(img.ID, true, inUse)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return gone, err
		}
		gone.Untagged, gone.Deleted = append(gone.Untagged, one.Untagged...), append(gone.Deleted, one.Deleted...)
		gone.Bytes += one.Bytes
	}
	left, err := s.Collect()
	gone.Bytes += left
	return gone, err
}

// Collect frees what a crash or a failed pull has left: everything in tmp/, and blobs that no name leads to. It
// returns the bytes. While somebody pulls it does nothing: his blobs have no name yet.
func (s *Store) Collect() (freed int64, err error) {
	lock, err := os.Open(s.path("tmp"))
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	if err := flock.Try(lock, flock.Alone); err != nil {
		return 0, nil
	}
	freed = s.sweep(0)
	err = s.locked(func() error {
		index, err := s.index()
		if err != nil {
			return err
		}
		needed, _, err := s.needed(index.Manifests)
		if err != nil {
			return err // rather too much than too little stays
		}
		blobs, err := os.ReadDir(s.path("blobs/sha256"))
		for _, b := range blobs {
			freed += s.unlink("sha256:"+b.Name(), needed)
		}
		return err
	})
	return freed, err
}
