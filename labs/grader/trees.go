package grader

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"golang.org/x/sys/unix"
)

// Directories that box gets as layers.

// A tree is made by the grader, before any box has run in the sandbox. A name that ends in "/" is a directory; the
// content whiteout is a character device 0:0, and a directory's content opaque hides what is below it (overlayfs.rst).
type treeFiles map[string]string

const (
	whiteout = "\x00whiteout"
	opaque   = "\x00opaque"
)

// plant makes the tree in the sandbox, at a path where nothing is.
func (s *Sandbox) plant(path string, files treeFiles) error {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		at := filepath.Join(s.host(path), name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := plantOne(at, name[len(name)-1] == '/', files[name]); err != nil {
			return fmt.Errorf("layer %s: %s: %w", path, name, err)
		}
	}
	return nil
}

func plantOne(at string, dir bool, content string) error {
	if content == whiteout {
		return unix.Mknod(at, unix.S_IFCHR, 0)
	}
	if !dir {
		return os.WriteFile(at, []byte(content), 0o755)
	}
	if err := os.MkdirAll(at, 0o755); err != nil || content != opaque {
		return err
	}
	return unix.Setxattr(at, "trusted.overlay.opaque", []byte("y"), 0)
}

// base is the lowest layer of every check: the probe, and mount points. The probe is a copy: box could write to it.
func (s *Sandbox) base(path string, files treeFiles) error {
	files["proc/"], files["tmp/"], files["etc/"] = "", "", ""
	probe, err := os.ReadFile(filepath.Join(s.tools, "tutor"))
	if err != nil {
		return err
	}
	files["bin/tutor"] = string(probe)
	return s.plant(path, files)
}

// strangers is how a file is opened that box may have made or replaced: a FIFO must not be waited for.
const strangers = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// take reads such a file, and closes it: a regular one, and at most so many bytes of it. Box may make one of exabytes.
func take(f *os.File, most int64, to io.Writer) error {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no regular file, but %v", info.Mode().Type())
	}
	_, err = io.Copy(to, io.LimitReader(f, most))
	return err
}

// treeLimit is more than the largest file in a layer of the grader's: the probe.
const treeLimit = 128 << 20

// print is one line of every file of a tree: what must not change.
func (s *Sandbox) print(path string) (string, error) {
	var lines string
	root := s.host(path)
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sum := ""
		if info.Mode().IsRegular() {
			f, err := os.OpenFile(at, strangers|unix.O_NOFOLLOW, 0)
			if err != nil {
				return err
			}
			hash := sha256.New()
			if err := take(f, treeLimit, hash); err != nil {
				return err
			}
			sum = fmt.Sprintf("%x", hash.Sum(nil))
		}
		lines += fmt.Sprintf("%s %v %.12s\n", at[len(root):], info.Mode(), sum)
		return nil
	})
	return lines, err
}
