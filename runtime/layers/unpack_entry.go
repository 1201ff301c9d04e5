package layers

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// create makes the entry in u.parent. Whatever this layer had in its place goes first, except that a directory
// stays for a directory.
func (u *unpacking) create(base string, h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return u.directory(base, h)
	}
	if h.Typeflag == tar.TypeLink {
		return u.hardLink(base, h)
	}
	if err := u.clear(base); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeSymlink:
		return u.symlink(base, h)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return u.node(base, h)
	}
	return u.file(base, h, content)
}

// clear removes what this layer has put there before.
func (u *unpacking) clear(base string) error {
	err := unix.Unlinkat(u.parent, base, 0)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("unlinkat = %w", err)
	}
	return removeAll(u.parent, base)
}

func (u *unpacking) directory(base string, h *tar.Header) error {
	gone := u.clearWhiteout(u.parent, base)
	err := unix.Mkdirat(u.parent, base, 0o700)
	if errors.Is(err, unix.EEXIST) && !isDirectory(u.parent, base) {
		if err := u.clear(base); err != nil {
			return err
		}
		err = unix.Mkdirat(u.parent, base, 0o700)
	}
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("mkdirat = %w", err)
	}
	fd, err := openDirectory(u.parent, base)
	if err != nil {
		return fmt.Errorf("openat = %w", err)
	}
	defer unix.Close(fd)
	if gone {
		if err := setOpaque(fd); err != nil {
			return err
		}
	}
	if err := setLooks(fd, h); err != nil {
		return err
	}
	return u.later(path.Join(u.parentPath, base), timesOf(h))
}

// root is the entry "./": the layer's own root directory.
func (u *unpacking) root(h *tar.Header) error {
	if h.Typeflag != tar.TypeDir {
		return fmt.Errorf("the root is no directory")
	}
	fd, err := openDirectory(u.tree.roots[0], ".")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := setLooks(fd, h); err != nil {
		return err
	}
	return u.later("", timesOf(h))
}

func isDirectory(parent int, name string) bool {
	var stat unix.Stat_t
	err := unix.Fstatat(parent, name, &stat, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && stat.Mode&unix.S_IFMT == unix.S_IFDIR
}

func (u *unpacking) file(base string, h *tar.Header, content io.Reader) error {
	fd, err := unix.Openat(u.parent, base, newFile, 0o600)
	if err != nil {
		return fmt.Errorf("openat = %w", err)
	}
	f := os.NewFile(uintptr(fd), base)
	defer f.Close()
	return u.fill(f, h, content)
}

// newFile is how a file is opened that must not be there yet.
const newFile = unix.O_CREAT | unix.O_EXCL | unix.O_WRONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// fill gives a new file its content and its looks.
func (u *unpacking) fill(f *os.File, h *tar.Header, content io.Reader) error {
	if h.Size > u.limit-u.written {
		return fmt.Errorf("the layer's files are larger than %d bytes", u.limit)
	}
	u.written += h.Size
	fd := int(f.Fd())
	if err := u.copySparse(f, content, h.Size); err != nil {
		return err
	}
	if err := setLooks(fd, h); err != nil {
		return err
	}
	return unix.UtimesNanoAt(fd, "", timesOf(h), unix.AT_EMPTY_PATH)
}

// copySparse copies size bytes and leaves holes where there are only zeros: /var/log/lastlog would else fill the
// disk with gigabytes of nothing. A hole is read without reading the stream, so it asks the context by itself.
func (u *unpacking) copySparse(f *os.File, content io.Reader, size int64) error {
	for done := int64(0); done < size; {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(content, u.buffer[:min(size-done, int64(len(u.buffer)))])
		if err != nil {
			return fmt.Errorf("the layer is cut off: %w", err)
		}
		if !allZero(u.buffer[:n]) {
			if _, err := f.WriteAt(u.buffer[:n], done); err != nil {
				return err
			}
		}
		done += int64(n)
	}
	return f.Truncate(size)
}

// allZero: the first byte is zero, and each is the same as the next.
func allZero(p []byte) bool { return p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1]) }

func (u *unpacking) symlink(base string, h *tar.Header) error {
	if err := unix.Symlinkat(h.Linkname, u.parent, base); err != nil {
		return fmt.Errorf("symlinkat = %w", err)
	}
	uid, gid, err := ownerOf(h)
	if err != nil {
		return err
	}
	if err := unix.Fchownat(u.parent, base, uid, gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("fchownat = %w", err)
	}
	return unix.UtimesNanoAt(u.parent, base, timesOf(h), unix.AT_SYMLINK_NOFOLLOW)
}

// node makes a device or a FIFO. Devices are made as the image has them; that they can not be used is the
// matter of the mount (nodev for what is not /dev) and of the cgroup's device rules.
func (u *unpacking) node(base string, h *tar.Header) error {
	kind := map[byte]uint32{tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK, tar.TypeFifo: unix.S_IFIFO}[h.Typeflag]
	if h.Devmajor < 0 || h.Devmajor >= 1<<12 || h.Devminor < 0 || h.Devminor >= 1<<20 {
		return fmt.Errorf("there is no device %d:%d", h.Devmajor, h.Devminor)
	}
	device := 0
	if h.Typeflag != tar.TypeFifo {
		device = int(unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor)))
	}
	if err := unix.Mknodat(u.parent, base, kind|0o600, device); err != nil {
		return fmt.Errorf("mknodat = %w", err)
	}
	fd, stat, err := peek(u.parent, base)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if stat.Mode&unix.S_IFMT != kind {
		return fmt.Errorf("somebody else writes into this directory")
	}
	uid, gid, err := ownerOf(h)
	if err != nil {
		return err
	}
	if err := unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH); err != nil {
		return fmt.Errorf("fchownat = %w", err)
	}
	if err := unix.Chmod(procPath(fd), modeOf(h)); err != nil {
		return fmt.Errorf("chmod = %w", err)
	}
	return unix.UtimesNanoAt(fd, "", timesOf(h), unix.AT_EMPTY_PATH)
}
