package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tutor/runtime/flock"
	"tutor/runtime/sys"
)

// A stage is where the blobs of one image wait until all of them are there and right. Only then do they get their
// names in the store, so a pull that fails or is killed leaves nothing that anybody sees.
//
// All stages share one directory, tmp/, in which a blob has the name of its digest: HEX when it is complete and
// right, HEX.part while it comes in, locked by whoever brings it. So two pulls of one image bring each blob once,
// and a pull after one that failed goes on where that one was cut off.
type stage struct {
	store *Store
	lock  *os.File // tmp/, shared: somebody is at work
	mutex sync.Mutex
	added []v1.Hash // by this stage, for discard
}

// Left blobs are worth keeping for a while: the line that was cut in the lesson is back after it.
const keepUnfinished = 24 * time.Hour

// newStage makes one. What nobody came back for goes first, unless somebody is at work: who can have the lock
// alone is alone.
func (s *Store) newStage(ctx context.Context) (*stage, error) {
	lock, err := os.Open(s.path("tmp"))
	if err != nil {
		return nil, err
	}
	if flock.Try(lock, flock.Alone) == nil {
		s.sweep(keepUnfinished)
	}
	if err := flock.Wait(ctx, lock, flock.Shared); err != nil {
		lock.Close()
		return nil, err
	}
	return &stage{store: s, lock: lock}, nil
}

// sweep removes from tmp/ what nobody can go on with, and blobs that nobody has touched for the given time. It
// returns the bytes.
func (s *Store) sweep(untouched time.Duration) int64 {
	freed := int64(0)
	entries, _ := os.ReadDir(s.path("tmp"))
	for _, e := range entries {
		info, err := e.Info()
		hex, _ := strings.CutSuffix(e.Name(), ".part")
		blob := len(hex) == 64 && isHex(hex)
		if err != nil || (blob && time.Since(info.ModTime()) < untouched) {
			continue
		}
		name := s.path("tmp/" + e.Name())
		filepath.WalkDir(name, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // somebody else has removed it
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				freed += info.Size()
			}
			return nil
		})
		os.RemoveAll(name)
	}
	return freed
}

func (t *stage) close() { t.lock.Close() }

// discard removes what this stage has brought: it was no image, and nobody will come back for it. While others are at work it
// stays, for they may count on it already; prune, or the next who is alone, removes it. Afterwards the stage is one of many again:
// a pull goes on with the next server.
func (t *stage) discard(ctx context.Context) {
	if flock.Try(t.lock, flock.Alone) == nil {
		for _, h := range t.added {
			os.Remove(t.path(h))
		}
	}
	t.added = nil
	flock.Wait(ctx, t.lock, flock.Shared) // who asked in vain to be alone may have lost that too
}

func (t *stage) path(h v1.Hash) string { return t.store.path("tmp/" + h.Hex) }

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
func (t *stage) add(ctx context.Context, h v1.Hash, r io.Reader) error {
	return t.write(ctx, h, func(f *os.File) error {
		if err := f.Truncate(0); err != nil {
			return err
		}
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(f, sum), interruptible{ctx, r}); err != nil {
			return err
		}
		return sameDigest(h, sum.Sum(nil))
	})
}

// addBytes is add for a document in memory.
func (t *stage) addBytes(h v1.Hash, data []byte) error {
	return t.add(context.Background(), h, bytes.NewReader(data))
}

// write makes a blob's file with fill, which begins with what an earlier one has left, and checks the digest: a
// file under a digest's name is right. It waits while another tutor brings the same blob, and then takes that.
func (t *stage) write(ctx context.Context, h v1.Hash, fill func(*os.File) error) error {
	f, waited, err := lockPart(ctx, t.path(h)+".part")
	if err != nil {
		return err
	}
	defer f.Close()
	if waited && t.brought(h) {
		return os.Remove(f.Name())
	}
	if err := fill(f); err != nil {
		if size, _ := f.Seek(0, io.SeekEnd); size == 0 || isWrong(err) || sys.Full(err) {
			os.Remove(f.Name()) // more of these bytes would not make it better; or room is needed more than half of a blob
		}
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	t.mutex.Lock()
	t.added = append(t.added, h)
	t.mutex.Unlock()
	return os.Rename(f.Name(), t.path(h))
}

// brought tells if somebody else has just finished the blob, or has put it into the store already.
func (t *stage) brought(h v1.Hash) bool {
	f, err := t.open(h)
	if err != nil {
		return false
	}
	f.Close()
	return true
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
