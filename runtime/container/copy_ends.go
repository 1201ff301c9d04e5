package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

// inside is a path of a container, which begins at its "/" whatever was typed.
func inside(typed string) string { return keepEnd(path.Join("/", typed), typed) }

// find opens (O_PATH) what a path of the container names. Symlinks on the way are followed, inside; one at the end
// only with follow, or if a slash after it asks for the directory.
func (v view) find(typed string, follow bool) (int, error) {
	flags, name := uint64(unix.O_PATH), inside(typed)
	if assertsDirectory(name) {
		flags |= unix.O_DIRECTORY
	} else if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := layers.OpenIn(v.root, name, flags)
	if err != nil {
		return -1, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return fd, nil
}

var errNoPath = Hint(errors.New("path cannot be empty"), "CONTAINER:/ is all of it")

// notThere says it in Docker's words.
func notThere(typed, container string, err error) error {
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("Could not find the file %s in container %s", typed, container)
	}
	return err
}

func modeOf(fd int) uint32 {
	var stat unix.Stat_t
	unix.Fstat(fd, &stat)
	return stat.Mode
}

func isDir(fd int) bool { return modeOf(fd)&unix.S_IFMT == unix.S_IFDIR }

// symlinkLimit is the kernel's own bound on symlinks in one lookup (path_resolution(7)).
const symlinkLimit = 40

// destination looks at the place in the container that a copy goes to. A symlink there is followed by name, one
// after the other, because the last may lead to a file that is still to be made.
func (v view) destination(typed string, o Copy) (copied, error) {
	to := copied{path: inside(typed)}
	if typed == "" {
		return to, errNoPath
	}
	for range symlinkLimit {
		fd, err := v.find(to.path, false)
		if err != nil {
			return to, nil // then the directory that it should be in has to be there
		}
		mode := modeOf(fd)
		target, err := readlinkFd(fd)
		unix.Close(fd)
		switch mode & unix.S_IFMT {
		case unix.S_IFLNK:
			if err != nil {
				return to, err
			}
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(to.path), target)
			}
			to.path = inside(target)
			continue
		case unix.S_IFCHR, unix.S_IFBLK:
			return to, fmt.Errorf("destination %q must be a directory or a regular file: got a device", o.Container+":"+typed)
		}
		to.exists, to.isDir = true, mode&unix.S_IFMT == unix.S_IFDIR
		return to, nil
	}
	return to, fmt.Errorf("too many symlinks in %s", typed)
}

func readlinkFd(fd int) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err != nil {
		return "", os.NewSyscallError("readlinkat", err)
	}
	return string(buffer[:n]), nil
}

// takes tells if a directory of the container can get files.
func (v view) takes(dir string, o Copy) error {
	fd, err := layers.OpenIn(v.root, dir, unix.O_PATH)
	if err != nil {
		return notThere(path.Clean(dir), o.Container, &fs.PathError{Op: "lstat", Path: dir, Err: err})
	}
	defer unix.Close(fd)
	if !isDir(fd) {
		return errors.New("extraction point is not a directory")
	}
	var on unix.Statfs_t
	if err := unix.Fstatfs(fd, &on); err != nil || on.Flags&unix.ST_RDONLY == 0 {
		return err
	}
	if mountOf(fd) == mountOf(v.root) {
		return Hint(errors.New("container rootfs is marked read-only"), "it was started with --read-only; a volume in it can get files")
	}
	return Hint(errors.New("mounted volume is marked read-only"), "it was mounted with :ro, or readonly")
}

// mountOf is the number of the mount that a file lies on.
func mountOf(fd int) uint64 {
	var stat unix.Statx_t
	unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &stat)
	return stat.Mnt_id
}

// source opens (O_PATH) what is to be copied from the host. The path is the caller's own, so the host's symlinks
// are followed; one at its end only with follow, or if a slash after it asks for the directory.
func source(typed string, follow bool) (copied, int, error) {
	absolute, err := filepath.Abs(typed)
	if err != nil {
		return copied{}, -1, err
	}
	from := copied{path: keepEnd(absolute, typed), exists: true}
	flags := unix.O_PATH | unix.O_CLOEXEC
	if assertsDirectory(from.path) {
		flags |= unix.O_DIRECTORY
	} else if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := unix.Open(from.path, flags, 0)
	if errors.Is(err, unix.ENOTDIR) {
		return from, -1, errors.New("not a directory")
	}
	if err != nil {
		return from, -1, &fs.PathError{Op: "lstat", Path: from.path, Err: err}
	}
	from.isDir = isDir(fd)
	return from, fd, nil
}

// outputPath makes a path of the host absolute, and refuses one that can be no place for a copy.
func outputPath(typed string) (string, error) {
	absolute, err := filepath.Abs(typed)
	if err != nil {
		return "", err
	}
	to := keepEnd(absolute, typed)
	if dir := path.Dir(path.Clean(to)); !exists(dir) {
		return to, fmt.Errorf("invalid output path: directory %q does not exist", dir)
	}
	info, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return to, nil
	}
	if err != nil {
		return to, err
	}
	if info.Mode()&fs.ModeDevice != 0 {
		return to, fmt.Errorf("invalid output path: %q must be a directory or a regular file: got a device", to)
	}
	return to, nil
}

// onHost looks at the place on the host that a copy goes to, through the caller's own symlinks: the last of them
// may lead to a file that is still to be made.
func onHost(name string) (copied, error) {
	to := copied{path: name}
	for range symlinkLimit {
		info, err := os.Lstat(to.path)
		if errors.Is(err, fs.ErrNotExist) {
			dir, _ := splitEntry(to.path)
			_, err := os.Stat(dir)
			return to, err
		}
		if err != nil {
			return to, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			to.exists, to.isDir = true, info.IsDir()
			return to, nil
		}
		target, err := os.Readlink(to.path)
		if err != nil {
			return to, err
		}
		if !path.IsAbs(target) {
			dir, _ := splitEntry(to.path)
			target = path.Join(dir, target)
		}
		to.path = target
	}
	return to, fmt.Errorf("too many symlinks in %s", name)
}
