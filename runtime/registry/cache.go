package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"tutor/runtime/flock"
	"tutor/runtime/image"
)

// A Cache is what was fetched from upstream, kept for the next client and the next day:
//
//	blobs/HEX       layers, configs, manifests, whole and right: each under its own SHA-256
//	partial/HEX     downloads under way, or broken off; taken up again when somebody asks
//	tags.json       what each tag stood for, and when that was asked
//	lock            held while somebody serves
//
// A file comes into blobs/ by rename, after its digest was seen to be right: kill us at any time, and nothing
// half-made is ever served.
type Cache struct {
	dir       string
	name      string // ours, in the Via header of what we ask
	config    image.Config
	journal   *Journal
	lock      *os.File
	ctx       context.Context // a download's: it outlives the request that began it
	end       context.CancelFunc
	running   sync.WaitGroup // downloads
	slots     chan struct{}  // one for each download that may ask upstream now
	documents flights[[]byte]
	digests   flights[string]

	mutex     sync.Mutex // around what follows, and around the renames into blobs/
	tags      map[string]tag
	downloads map[string]*download     // by digest
	remotes   map[string]*image.Remote // by repository
	silent    map[string]silence       // by tag
}

// parallel downloads: what two clients ask for at a time. More would share the same line.
const parallel = 6

// OpenCache opens the cache at dir, for one server at a time, and makes it on first use.
func OpenCache(dir string, config image.Config, journal *Journal) (*Cache, error) {
	for _, d := range []string{dir, filepath.Join(dir, "blobs"), filepath.Join(dir, "partial")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	lock, err := lockCache(dir)
	if err != nil {
		return nil, err
	}
	c := &Cache{dir: dir, name: "tutor-" + strings.ToLower(rand.Text()), config: config, journal: journal, lock: lock,
		slots: make(chan struct{}, parallel), downloads: map[string]*download{}, remotes: map[string]*image.Remote{},
		silent: map[string]silence{}}
	c.sweep()
	if c.tags, err = readTags(c.path("tags.json")); err != nil {
		lock.Close()
		return nil, err
	}
	c.ctx, c.end = context.WithCancel(context.Background())
	return c, nil
}

// sweep removes what a killed server was writing when it had not yet its name.
func (c *Cache) sweep() {
	for _, pattern := range []string{c.path(".new-*"), c.path("blobs", ".new-*")} {
		left, _ := filepath.Glob(pattern)
		for _, file := range left {
			os.Remove(file)
		}
	}
}

// lockCache refuses a second server: each would fetch what the other is fetching, into the same file. flock(2)
// ends with the process, however it ends.
func lockCache(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = flock.Try(lock, flock.Alone)
	if err == nil {
		return lock, nil
	}
	lock.Close()
	if !errors.Is(err, flock.ErrHeld) {
		return nil, err
	}
	return nil, &image.Error{Op: "registry", Msg: "the cache " + dir + " is in use by another 'tutor registry serve'", Err: err,
		Hint: "end that one with Ctrl-C, or give this one a TUTOR_ROOT of its own"}
}

// Close breaks downloads off where they are and frees the cache for the next.
func (c *Cache) Close() {
	c.end()
	c.running.Wait()
	c.lock.Close()
}

// Prune empties the cache at dir and returns the bytes that came free.
func Prune(dir string) (int64, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	lock, err := lockCache(dir)
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	_, size, err := Usage(dir)
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"tags.json", "blobs", "partial"} { // the names first: none is left without its blob
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// Usage is how many files the cache at dir holds, downloads that broke off included, and how many bytes.
func Usage(dir string) (files int, bytes int64, err error) {
	for _, sub := range []string{"blobs", "partial"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, 0, err
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				files, bytes = files+1, bytes+info.Size()
			}
		}
	}
	return files, bytes, nil
}

func (c *Cache) path(words ...string) string {
	return filepath.Join(append([]string{c.dir}, words...)...)
}

// blobPath and partialPath take a digest that image.Parse has let through: 64 hexadecimal digits.
func (c *Cache) blobPath(digest string) string {
	return c.path("blobs", strings.TrimPrefix(digest, "sha256:"))
}

func (c *Cache) partialPath(digest string) string {
	return c.path("partial", strings.TrimPrefix(digest, "sha256:"))
}

// document reads a manifest from the cache. One that the disk has spoilt is removed, and fetched again.
func (c *Cache) document(digest string) ([]byte, bool) {
	f, err := os.Open(c.blobPath(digest))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, ok := readDocument(f)
	if ok && digestOf(data) == digest {
		return data, true
	}
	if ok {
		os.Remove(c.blobPath(digest))
	}
	return nil, false
}

// putDocument keeps a manifest whose digest is known to be right.
func (c *Cache) putDocument(digest string, data []byte) error {
	return replace(c.blobPath(digest), data)
}

// replace writes a file all at once: there is the old one or the new one, and never half of either.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
