// Package image is lab 5: how files travel. An image is a manifest (a list of layers), a config (what to start)
// and the layers themselves, each a file named after its own SHA-256. Names are the only thing that changes.
//
// The store on disk is an OCI image layout (image-spec, image-layout.md): skopeo and umoci read it as it is.
package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tutor/runtime/flock"
)

// A Store is the directory with all images:
//
//	oci-layout              {"imageLayoutVersion": "1.0.0"}
//	index.json              the names: each points to a manifest
//	blobs/sha256/HEX        manifests, configs and layers, each under its own digest
//	tmp/                    downloads that are not finished; not part of the layout
//	lock                    held while index.json changes
type Store struct{ dir string }

// Sizes past which a document is no honest manifest or config. Registries refuse larger manifests too
// (distribution-spec: 4 MiB).
const (
	manifestLimit = 4 << 20
	configLimit   = 8 << 20
	indexLimit    = 64 << 20 // our own index.json
)

// OpenStore opens the store at dir, and makes it on first use. The directory is 0700: layers hold files that
// are setuid root inside an image, and no user of the host shall reach one (CVE-2021-41091).
func OpenStore(dir string) (*Store, error) {
	for _, d := range []string{dir, filepath.Join(dir, "blobs", "sha256"), filepath.Join(dir, "tmp")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	s := &Store{dir: dir}
	if _, err := os.Stat(s.path("oci-layout")); err == nil {
		return s, nil
	}
	return s, s.locked(func() error {
		if _, err := os.Stat(s.path("index.json")); errors.Is(err, fs.ErrNotExist) {
			if err := s.writeIndex(&v1.IndexManifest{}); err != nil {
				return err
			}
		}
		return s.replace("oci-layout", []byte(`{"imageLayoutVersion": "1.0.0"}`))
	})
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// blobPath is where a blob lies. The hash was checked when it was parsed: 64 hexadecimal digits.
func (s *Store) blobPath(h v1.Hash) string { return filepath.Join(s.dir, "blobs", h.Algorithm, h.Hex) }

// locked runs change while no other tutor changes the index. Without it two pulls that end together would each
// write the index they had read, and one image would be lost. flock(2) ends with the process, however it ends.
func (s *Store) locked(change func() error) error {
	f, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := flock.Wait(context.Background(), f, flock.Alone); err != nil {
		return err
	}
	return change()
}

// replace changes a file of the store all at once: after a power cut there is the old one or the new one, and
// never half of either. The fsync comes before the rename, or the name could reach the disk before the bytes. It runs under the lock:
// what one who was killed here has left is the next one's to write over.
func (s *Store) replace(name string, data []byte) error {
	f, err := os.OpenFile(s.path("."+name+".new"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
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
	if err := os.Rename(f.Name(), s.path(name)); err != nil {
		return err
	}
	return syncDir(s.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// readFile reads a whole file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}
