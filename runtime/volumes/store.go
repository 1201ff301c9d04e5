// Package volumes keeps directories that outlive containers: TUTOR_ROOT/volumes/NAME/_data, and beside it
// volume.json, which says what the volume is. It knows nothing of containers but the names of those that use it.
package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/flock"
	"tutor/runtime/layers"
)

// A Store is a directory of volumes.
//
// A volume appears under its name whole, and goes whole: what is being made is called .new, what is being removed
// .gone-…, and no volume's name begins with a dot. Who makes or removes holds a lock on the directory (flock(2)),
// which ends with its holder; what a killed one has left, the next one clears. Reading needs no lock.
type Store struct{ Dir string }

// A Volume is what volume.json says.
type Volume struct {
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels,omitempty"`
	Created time.Time         `json:"created"`
}

// AnonymousLabel marks a volume that nobody gave a name: Docker's own mark, by which prune chooses.
const AnonymousLabel = "com.docker.volume.anonymous"

// Anonymous tells if nobody gave the volume a name.
func (v Volume) Anonymous() bool {
	_, marked := v.Labels[AnonymousLabel]
	return marked
}

// Users tells which containers use which volume: IDs by the volume's name.
type Users func() (map[string][]string, error)

// Data is the directory that containers see.
func (s Store) Data(name string) string { return filepath.Join(s.Dir, name, "_data") }

// Find looks a volume up by its whole name. ErrNotFound when there is none.
func (s Store) Find(name string) (Volume, error) {
	if CheckName(name) != nil {
		return Volume{}, notFound(name)
	}
	content, err := os.ReadFile(filepath.Join(s.Dir, name, "volume.json"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENAMETOOLONG) {
		return Volume{}, notFound(name)
	}
	if err != nil {
		return Volume{}, err
	}
	var v Volume
	if err := json.Unmarshal(content, &v); err != nil {
		return v, fmt.Errorf("volume %s: its volume.json cannot be read: %w", name, err)
	}
	v.Name = name
	return v, nil
}

// List is every volume, by name.
func (s Store) List() ([]Volume, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []Volume
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		v, err := s.Find(e.Name())
		if errors.Is(err, ErrNotFound) {
			continue // it has just been removed
		}
		if err != nil && !e.IsDir() {
			continue
		}
		v.Name = e.Name() // without more, if its volume.json is spoilt: it is there, and can be removed
		found = append(found, v)
	}
	return found, nil
}

// Create makes a volume, or finds the one that has the name: then its labels stay as they are, as in Docker.
func (s Store) Create(ctx context.Context, name string, labels map[string]string) (Volume, error) {
	if err := CheckName(name); err != nil {
		return Volume{}, err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return Volume{}, err
	}
	lock, err := s.alone(ctx)
	if err != nil {
		return Volume{}, err
	}
	defer lock.Close()
	if v, err := s.Find(name); !errors.Is(err, ErrNotFound) {
		return v, err
	}
	v := Volume{Name: name, Labels: labels, Created: time.Now()}
	unfinished := filepath.Join(s.Dir, ".new")
	err = v.write(unfinished)
	if err == nil {
		err = os.Rename(unfinished, filepath.Join(s.Dir, name))
	}
	if err != nil {
		layers.RemoveAll(unfinished)
		return Volume{}, fmt.Errorf("create %s: %w", name, err)
	}
	return v, lock.Sync()
}

// write makes the volume's directory and what is in it, down to the disk.
func (v Volume) write(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	data := filepath.Join(dir, "_data")
	if err := errors.Join(os.Mkdir(data, 0o755), os.Chmod(data, 0o755)); err != nil { // whatever the caller's umask is
		return err
	}
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "volume.json"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(content, '\n'))
	return errors.Join(err, f.Sync(), f.Close(), syncDir(dir))
}

// syncDir makes the names in a directory last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// alone locks the store, and clears what a killed tutor has left in it.
func (s Store) alone(ctx context.Context) (*os.File, error) {
	lock, err := flock.Open(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	left, _ := filepath.Glob(filepath.Join(s.Dir, ".gone-*"))
	for _, l := range append(left, filepath.Join(s.Dir, ".new")) {
		layers.RemoveAll(l) // what cannot be removed is not in the way of another volume, or Create says so
	}
	return lock, nil
}
