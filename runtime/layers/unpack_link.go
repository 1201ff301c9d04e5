package layers

import (
	"archive/tar"
	"fmt"
	"os"
	"path"
	"time"

	"golang.org/x/sys/unix"
)

// hardLink makes a second name for a file of the image. The target is looked up in this layer and those below,
// and a symlink there is linked, not followed: a link to /canary/secret by way of a symlink would hand the
// host's file to the container. Looks are not applied: the file has its own from its first name, and a chmod
// through the link is how CVE-2021-32760 changed files of the host.
func (u *unpacking) hardLink(base string, h *tar.Header) error {
	target, err := cleanName(h.Linkname)
	if err != nil {
		return fmt.Errorf("hard link to %s: %w", quoted(h.Linkname), err)
	}
	if target == "" {
		return fmt.Errorf("hard link to the root")
	}
	to, err := unix.FcntlInt(uintptr(u.parent), unix.F_DUPFD_CLOEXEC, 0) // enter moves u.parent
	if err != nil {
		return err
	}
	defer unix.Close(to)
	dir, name := path.Split(target)
	if err := u.copyUp(dir, name); err != nil {
		return fmt.Errorf("hard link to %s: %w", quoted(h.Linkname), err)
	}
	if sameFile(u.parent, name, to, base) {
		return nil
	}
	if err := removeAll(to, base); err != nil {
		return err
	}
	if err := unix.Linkat(u.parent, name, to, base, 0); err != nil {
		return fmt.Errorf("linkat = %w", err)
	}
	return nil
}

// sameFile tells if two names are already one file: linking a file to itself must not remove it first.
func sameFile(dir1 int, name1 string, dir2 int, name2 string) bool {
	var a, b unix.Stat_t
	if unix.Fstatat(dir1, name1, &a, unix.AT_SYMLINK_NOFOLLOW) != nil || unix.Fstatat(dir2, name2, &b, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return false
	}
	return a.Dev == b.Dev && a.Ino == b.Ino
}

// copyUp makes sure that a file is in this layer, and leaves u.parent at its directory. A link can not reach
// into another layer, because an overlay's inodes are those of its layers; overlayfs copies up for the same reason.
func (u *unpacking) copyUp(dir, name string) error {
	where, err := u.tree.find(dir, true)
	if err != nil {
		return err
	}
	defer where.close()
	if where.kind != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	found, err := u.tree.lookup(where, name)
	if err != nil {
		return err
	}
	defer found.close()
	if found.kind == unix.S_IFDIR {
		return fmt.Errorf("it is a directory: %w", unix.EPERM)
	}
	if err := u.enter(dir); err != nil {
		return err
	}
	if found.from[0] == 0 {
		return nil
	}
	return u.copy(name, found)
}

// copy copies a file of any kind but a directory into u.parent, with all its looks.
func (u *unpacking) copy(name string, from node) error {
	var stat unix.Stat_t
	if err := unix.Fstat(from.fds[0], &stat); err != nil {
		return err
	}
	switch from.kind {
	case unix.S_IFREG:
		return u.copyFile(name, from.fds[0], stat)
	case unix.S_IFLNK:
		return u.copySymlink(name, from.fds[0], stat)
	}
	return u.node(name, &tar.Header{Typeflag: deviceType[from.kind], Mode: int64(stat.Mode & 0o7777),
		Uid: int(stat.Uid), Gid: int(stat.Gid), Devmajor: int64(unix.Major(stat.Rdev)), Devminor: int64(unix.Minor(stat.Rdev)),
		ModTime: time.Unix(stat.Mtim.Unix()), AccessTime: time.Unix(stat.Atim.Unix())})
}

var deviceType = map[uint32]byte{unix.S_IFCHR: tar.TypeChar, unix.S_IFBLK: tar.TypeBlock, unix.S_IFIFO: tar.TypeFifo}

func (u *unpacking) copyFile(name string, from int, stat unix.Stat_t) error {
	if stat.Size > u.limit-u.written {
		return fmt.Errorf("the layer's files are larger than %d bytes", u.limit)
	}
	u.written += stat.Size
	in, err := reopen(from, unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer in.Close()
	fd, err := unix.Openat(u.parent, name, newFile, 0o600)
	if err != nil {
		return fmt.Errorf("openat = %w", err)
	}
	out := os.NewFile(uintptr(fd), name)
	defer out.Close()
	if err := u.copySparse(out, in, stat.Size); err != nil {
		return err
	}
	times, err := copyLooks(fd, from)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
}

func (u *unpacking) copySymlink(name string, from int, stat unix.Stat_t) error {
	target, err := readlink(from)
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(target, u.parent, name); err != nil {
		return fmt.Errorf("symlinkat = %w", err)
	}
	if err := unix.Fchownat(u.parent, name, int(stat.Uid), int(stat.Gid), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("fchownat = %w", err)
	}
	return unix.UtimesNanoAt(u.parent, name, []unix.Timespec{stat.Atim, stat.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}
