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

// removeAll is rm -r, one directory at a time by its descriptor.
func removeAll(parent int, name string) error {
	err := unix.Unlinkat(parent, name, 0)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if !isDirectory(parent, name) {
		return fmt.Errorf("unlinkat = %w", err)
	}
	for {
		fd, err := openDirectory(parent, name)
		if err != nil {
			return fmt.Errorf("openat = %w", err)
		}
		if err := empty(fd, fd, deepest); err != nil {
			return err
		}
		err = unix.Unlinkat(parent, name, unix.AT_REMOVEDIR)
		if !errors.Is(err, unix.ENOTEMPTY) { // else what was moved up is there now
			return named("unlinkat", err)
		}
	}
}

// empty removes what is in a directory, and closes it. Directories that are more than levels below it go up to top.
func empty(fd, top, levels int) error {
	dir := os.NewFile(uintptr(fd), "directory")
	defer dir.Close()
	return eachName(dir, func(name string) error {
		err := unix.Unlinkat(fd, name, 0)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !isDirectory(fd, name) {
			return fmt.Errorf("unlinkat = %w", err)
		}
		if levels == 0 {
			return named("renameat", unix.Renameat(fd, name, top, ".deep-"+rand.Text()))
		}
		below, err := openDirectory(fd, name)
		if err != nil {
			return fmt.Errorf("openat = %w", err)
		}
		if err := empty(below, top, levels-1); err != nil {
			return err
		}
		err = unix.Unlinkat(fd, name, unix.AT_REMOVEDIR)
		if errors.Is(err, unix.ENOTEMPTY) {
			return nil // somebody still writes there: the next pass
		}
		return named("unlinkat", err)
	})
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
