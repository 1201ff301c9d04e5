package layers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// RemoveAll removes what a container or an image has made. It follows no symlink, and goes as deep as need be: directories may
// lie in one another deeper than this process may open files (os.RemoveAll holds each open). What is not there is no error.
func RemoveAll(path string) error {
	parent, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err == nil {
		defer unix.Close(parent)
		err = removeAll(parent, filepath.Base(path))
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}

// deepest is how many directories are open at a time; what lies deeper is moved up first.
const deepest = 200

// removeAll is rm -r, one directory at a time by its descriptor. Another tutor may be at the same: what is gone is gone.
func removeAll(parent int, name string) error {
	for {
		err := remove(parent, name, -1, deepest)
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.ENOTEMPTY) { // else what was moved up is there now, or somebody still writes there
			return err
		}
	}
}

// remove removes one name, and what is below it. Directories that are more than levels below it go up to top; below 0 that
// is the one that is removed.
func remove(parent int, name string, top, levels int) error {
	err := unix.Unlinkat(parent, name, 0)
	if !errors.Is(err, unix.EISDIR) {
		return named("unlinkat", err)
	}
	if levels == 0 {
		return named("renameat", unix.Renameat(parent, name, top, ".deep-"+rand.Text()))
	}
	fd, err := openDirectory(parent, name)
	if err != nil {
		return named("openat", err)
	}
	if top < 0 {
		top = fd
	}
	if err := empty(fd, top, levels); err != nil {
		return err
	}
	return named("unlinkat", unix.Unlinkat(parent, name, unix.AT_REMOVEDIR))
}

// empty removes what is in a directory, and closes it.
func empty(fd, top, levels int) error {
	dir := os.NewFile(uintptr(fd), "directory")
	defer dir.Close()
	err := eachName(dir, func(name string) error {
		err := remove(fd, name, top, levels-1)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTEMPTY) {
			return nil // gone by another's hand, or the next pass
		}
		return err
	})
	if errors.Is(err, unix.ENOENT) { // the directory itself
		return nil
	}
	return err
}

// eachName calls do, which may remove it, with every name in a directory. A stranger's may have millions, so a
// thousand are held at a time.
func eachName(dir *os.File, do func(name string) error) error {
	for {
		names, err := dir.Readdirnames(1000)
		for _, name := range names {
			if err := do(name); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
