package main_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

// walked lists all that can be known of every file below a directory, sorted by name.
func walked(t *testing.T, dir string) []string {
	t.Helper()
	lines, err := walk(dir)
	require.NoError(t, err)
	return lines
}

// overlaid lists layers as the kernel's overlayfs shows them. The mount is in the mount table of one thread, and
// gone with it: a goroutine that ends locked takes its thread along.
func overlaid(t *testing.T, stack layers.Stack) []string {
	t.Helper()
	target, empty := t.TempDir(), t.TempDir() // overlayfs wants two layers at least
	var lines []string
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			err = unix.Mount("overlay", target, "overlay", unix.MS_RDONLY, "lowerdir="+strings.Join(append(stack, empty), ":"))
		}
		if err == nil {
			lines, err = walk(target)
		}
		done <- err
	}()
	require.NoError(t, <-done)
	return lines
}

func walk(dir string) ([]string, error) {
	var lines []string
	var inodes []uint64
	names := map[uint64][]string{} // of one file
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		name := "/" + strings.TrimPrefix(strings.TrimPrefix(path, dir), "/")
		line, err := looksOf(path, stat)
		lines, inodes = append(lines, fmt.Sprintf("%q%s", name, line)), append(inodes, stat.Ino)
		if !d.IsDir() {
			names[stat.Ino] = append(names[stat.Ino], name)
		}
		return err
	})
	for i := range lines {
		lines[i] += fmt.Sprintf(" links=%q", names[inodes[i]])
	}
	slices.Sort(lines)
	return lines, err
}

// looksOf is all that can be known of a file but its names.
func looksOf(path string, stat unix.Stat_t) (string, error) {
	line := fmt.Sprintf(" %o %d:%d %d.%09d", stat.Mode, stat.Uid, stat.Gid, stat.Mtim.Sec, stat.Mtim.Nsec)
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		line += fmt.Sprintf(" -> %q", target)
	case unix.S_IFCHR, unix.S_IFBLK:
		line += fmt.Sprintf(" device %d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
	case unix.S_IFREG:
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		sum := sha256.New()
		if _, err = io.Copy(sum, f); err != nil {
			return "", err
		}
		line += fmt.Sprintf(" %d names %d bytes %x", stat.Nlink, stat.Size, sum.Sum(nil)[:8])
	}
	xattrs, err := xattrsOf(path)
	return line + xattrs, err
}

func xattrsOf(path string) (string, error) {
	list, value := make([]byte, 64<<10), make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, list)
	if err != nil {
		return "", err
	}
	line, keys := "", strings.FieldsFunc(string(list[:n]), func(r rune) bool { return r == 0 })
	slices.Sort(keys)
	for _, key := range keys {
		n, err := unix.Lgetxattr(path, key, value)
		if err != nil {
			return "", err
		}
		line += fmt.Sprintf(" %s=%q", key, value[:n])
	}
	return line, nil
}
