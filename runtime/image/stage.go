package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

// A stage is where a pull keeps its blobs until all of them are there and right. Only then do they get their
// names in the store, so a pull that fails or is killed leaves nothing that anybody sees.
type stage struct {
	store *Store
	dir   string
	lock  *os.File // tmp/, shared: somebody is pulling
}

// newStage makes one. What pulls that were killed left in tmp/ goes first, unless another pull is going on: that
// one holds the lock, and who can have it alone is alone.
func (s *Store) newStage() (*stage, error) {
	lock, err := os.Open(s.path("tmp"))
	if err != nil {
		return nil, err
	}
	if flock(lock, unix.LOCK_EX|unix.LOCK_NB) == nil {
		s.sweep()
	}
	if err := flock(lock, unix.LOCK_SH); err != nil {
		lock.Close()
		return nil, fmt.Errorf("flock(%s) = %w", lock.Name(), err)
	}
	dir, err := os.MkdirTemp(s.path("tmp"), "pull-")
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &stage{store: s, dir: dir, lock: lock}, nil
}

func (s *Store) sweep() {
	left, _ := filepath.Glob(s.path("tmp/*"))
	for _, dir := range left {
		os.RemoveAll(dir)
	}
}

func (t *stage) close() {
	os.RemoveAll(t.dir)
	t.lock.Close()
}

func (t *stage) path(h v1.Hash) string { return filepath.Join(t.dir, h.Hex) }

// has tells if a blob of the right size is on the stage or in the store. Its digest was right when it came.
func (t *stage) has(h v1.Hash, size int64) bool {
	for _, path := range []string{t.path(h), t.store.blobPath(h)} {
		if info, err := os.Stat(path); err == nil && info.Size() == size {
			return true
		}
	}
	return false
}

// open opens a blob wherever it is.
func (t *stage) open(h v1.Hash) (*os.File, error) {
	f, err := os.Open(t.path(h))
	if errors.Is(err, os.ErrNotExist) {
		return os.Open(t.store.blobPath(h))
	}
	return f, err
}

// add puts a blob on the stage whose bytes are at hand.
func (t *stage) add(h v1.Hash, r io.Reader) error {
	return t.write(h, func(f *os.File) error {
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(f, sum), r); err != nil {
			return err
		}
		return sameDigest(h, sum.Sum(nil))
	})
}

// addBytes is add for a document in memory.
func (t *stage) addBytes(h v1.Hash, data []byte) error { return t.add(h, bytes.NewReader(data)) }

// write makes a blob's file with fill, which also checks the digest: a file under a digest's name is right.
func (t *stage) write(h v1.Hash, fill func(*os.File) error) error {
	f, err := os.CreateTemp(t.dir, "part-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := fill(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), t.path(h))
}

func sameDigest(want v1.Hash, sum []byte) error {
	if got := fmt.Sprintf("sha256:%x", sum); got != want.String() {
		return fmt.Errorf("blob %s: its bytes have digest %s", want, got)
	}
	return nil
}

// unpackedSize reads a layer through, and so checks its diff ID and its honesty about size.
func (t *stage) unpackedSize(ctx context.Context, l Layer) (int64, error) {
	digest, err := parseDigest(l.Digest)
	if err != nil {
		return 0, err
	}
	f, err := t.open(digest)
	if err != nil {
		return 0, err
	}
	v, err := verify(f, l, "")
	if err != nil {
		f.Close()
		return 0, err
	}
	defer v.Close()
	if _, err := io.Copy(io.Discard, interruptible{ctx, v}); err != nil {
		return 0, err
	}
	return v.count, nil
}

// interruptible ends a long read when the context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// errGone says that another tutor removed a blob between our look and our commit.
var errGone = errors.New("a layer was removed by another tutor at the same time")

// commit moves the blobs into the store and then sets the name, all under the lock: whoever sees the name sees
// every blob. Blobs are on the disk before the index names them.
func (t *stage) commit(blobs []v1.Descriptor, entry v1.Descriptor) error {
	return t.store.locked(func() error {
		for _, d := range blobs {
			err := os.Rename(t.path(d.Digest), t.store.blobPath(d.Digest))
			if errors.Is(err, os.ErrNotExist) && t.has(d.Digest, d.Size) {
				continue
			}
			if errors.Is(err, os.ErrNotExist) {
				return errGone
			}
			if err != nil {
				return err
			}
		}
		if err := syncDir(filepath.Dir(t.store.blobPath(entry.Digest))); err != nil {
			return err
		}
		return t.store.name(entry)
	})
}

// name points a name at a manifest. The image that had the name before keeps its entry, nameless, as in Docker:
// a container may still be using it.
func (s *Store) name(entry v1.Descriptor) error {
	index, err := s.index()
	if err != nil {
		return err
	}
	kept := []v1.Descriptor{entry}
	for _, old := range index.Manifests {
		if old.Annotations[annotationName] == entry.Annotations[annotationName] {
			delete(old.Annotations, annotationName)
		}
		if old.Annotations[annotationName] != "" || !mentions(append(kept, index.Manifests...), old) {
			kept = append(kept, old)
		}
	}
	index.Manifests = kept
	return s.writeIndex(index)
}

// mentions tells if a named entry points to the same manifest: then a nameless one is not needed.
func mentions(entries []v1.Descriptor, nameless v1.Descriptor) bool {
	for _, e := range entries {
		if e.Digest == nameless.Digest && e.Annotations[annotationName] != "" {
			return true
		}
	}
	return false
}
