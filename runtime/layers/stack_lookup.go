package layers

import (
	"errors"

	"golang.org/x/sys/unix"
)

// lookup finds one name in a merged directory. From the top: a whiteout ends the search, and so does a file;
// directories add up, until one is opaque or a lower layer has something else in that place. A path may lead
// through 40 links of 2000 names each, in 127 layers: who writes many such paths wants our time, and gets an end.
func (t *tree) lookup(dir node, name string) (node, error) {
	found := node{}
	if t.steps -= len(dir.fds); t.steps < 0 {
		return node{}, errors.New("too many names on the way there, links followed")
	}
	for i, parent := range dir.fds {
		fd, stat, err := peek(parent, name)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			continue
		}
		if err != nil {
			found.close()
			return node{}, err
		}
		kind := stat.Mode & unix.S_IFMT
		if isWhiteout(stat) || (found.kind != 0 && kind != unix.S_IFDIR) {
			unix.Close(fd)
			break
		}
		found.kind = kind
		found.fds, found.from = append(found.fds, fd), append(found.from, dir.from[i])
		if kind != unix.S_IFDIR || (i+1 < len(dir.fds) && opaque(fd)) {
			break
		}
	}
	if found.kind == 0 {
		return node{}, unix.ENOENT
	}
	return found, nil
}

// peek names a file without opening it: nothing blocks, no device wakes up, no symlink is followed.
func peek(parent int, name string) (int, unix.Stat_t, error) {
	var stat unix.Stat_t
	fd, err := unix.Openat(parent, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, stat, err
	}
	if err := unix.Fstat(fd, &stat); err != nil {
		unix.Close(fd)
		return -1, stat, err
	}
	return fd, stat, nil
}

// isWhiteout tells overlayfs's mark for "deleted": a character device 0:0 (overlayfs.rst).
func isWhiteout(stat unix.Stat_t) bool {
	return stat.Mode&unix.S_IFMT == unix.S_IFCHR && stat.Rdev == 0
}

// opaque tells if a directory hides all directories of its name below.
func opaque(fd int) bool {
	value := make([]byte, 1)
	n, err := unix.Getxattr(procPath(fd), opaqueName, value)
	return err == nil && n == 1 && value[0] == 'y'
}

// The xattr by which overlayfs knows an opaque directory; only root of the host may set it.
const opaqueName = "trusted.overlay.opaque"

func readlink(fd int) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err != nil {
		return "", err
	}
	return string(buffer[:n]), nil
}
