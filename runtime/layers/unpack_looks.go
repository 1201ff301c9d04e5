package layers

import (
	"archive/tar"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/sys/unix"
)

// setLooks gives an open file or directory the owner, mode and xattrs of its header. The order matters: chown
// clears the setuid bit and file capabilities (chown(2)), so both come after it.
func setLooks(fd int, h *tar.Header) error {
	uid, gid, err := ownerOf(h)
	if err != nil {
		return err
	}
	if err := unix.Fchown(fd, uid, gid); err != nil {
		return fmt.Errorf("fchown = %w", err)
	}
	if err := unix.Fchmod(fd, modeOf(h)); err != nil {
		return fmt.Errorf("fchmod = %w", err)
	}
	for key, value := range h.PAXRecords {
		name, is := strings.CutPrefix(key, "SCHILY.xattr.")
		if !is || !keptXattr(name) {
			continue
		}
		if err := setXattr(fd, name, []byte(value)); err != nil {
			return fmt.Errorf("fsetxattr(%s) = %w", name, err)
		}
	}
	return nil
}

// keptXattr tells which extended attributes a layer may bring: those that mean something inside a container.
// trusted.overlay.* and user.overlay.* would speak to overlayfs itself: "redirect" makes a directory show another
// one. security.selinux and the like belong to the host. What is left out is left out silently, as Docker does.
func keptXattr(name string) bool {
	switch name {
	case "security.capability", "system.posix_acl_access", "system.posix_acl_default":
		return true
	}
	return strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, "user.overlay.")
}

// setXattr leaves out what the file system can not hold.
func setXattr(fd int, name string, value []byte) error {
	err := unix.Fsetxattr(fd, name, value, 0)
	if errors.Is(err, unix.ENOTSUP) || (errors.Is(err, unix.EPERM) && strings.HasPrefix(name, "user.")) {
		return nil
	}
	return err
}

// ownerOf refuses numbers that are no IDs. 4294967295 is -1, which chown(2) takes for "leave as it is".
func ownerOf(h *tar.Header) (uid, gid int, err error) {
	if h.Uid < 0 || h.Uid >= math.MaxUint32 || h.Gid < 0 || h.Gid >= math.MaxUint32 {
		return 0, 0, fmt.Errorf("owner %d:%d is no user and group ID", h.Uid, h.Gid)
	}
	return h.Uid, h.Gid, nil
}

func modeOf(h *tar.Header) uint32 { return uint32(h.Mode) & 0o7777 }

// timesOf gives access and change time; an archive without the first has the second in its place.
func timesOf(h *tar.Header) []unix.Timespec {
	changed := unix.Timespec{Sec: h.ModTime.Unix(), Nsec: int64(h.ModTime.Nanosecond())}
	used := changed
	if !h.AccessTime.IsZero() {
		used = unix.Timespec{Sec: h.AccessTime.Unix(), Nsec: int64(h.AccessTime.Nanosecond())}
	}
	return []unix.Timespec{used, changed}
}

// copyLooks gives fd the owner, mode and xattrs of from (O_PATH will do), and returns from's times.
func copyLooks(fd, from int) ([]unix.Timespec, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(from, &stat); err != nil {
		return nil, err
	}
	if err := unix.Fchown(fd, int(stat.Uid), int(stat.Gid)); err != nil {
		return nil, fmt.Errorf("fchown = %w", err)
	}
	if err := unix.Fchmod(fd, stat.Mode&0o7777); err != nil {
		return nil, fmt.Errorf("fchmod = %w", err)
	}
	if err := copyXattrs(fd, from); err != nil {
		return nil, err
	}
	return []unix.Timespec{stat.Atim, stat.Mtim}, nil
}

func copyXattrs(fd, from int) error {
	source := procPath(from)
	list := make([]byte, 64<<10) // the kernel's own limit: XATTR_LIST_MAX
	n, err := unix.Listxattr(source, list)
	if errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listxattr = %w", err)
	}
	value := make([]byte, 64<<10) // XATTR_SIZE_MAX
	for name := range strings.SplitSeq(string(list[:n]), "\x00") {
		if name == "" || !keptXattr(name) {
			continue
		}
		size, err := unix.Getxattr(source, name, value)
		if err != nil {
			return fmt.Errorf("getxattr(%s) = %w", name, err)
		}
		if err := setXattr(fd, name, value[:size]); err != nil {
			return fmt.Errorf("fsetxattr(%s) = %w", name, err)
		}
	}
	return nil
}
