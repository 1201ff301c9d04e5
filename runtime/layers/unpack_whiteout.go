package layers

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// How a layer says "deleted" in a tar, which knows only files: an empty file .wh.NAME hides NAME of the layers
// below, and .wh..wh..opq hides everything below in its directory (image-spec, layer.md, "Whiteouts"). overlayfs
// wants a character device 0:0 and an xattr for the same. Neither deletes anything here: the layers below belong
// to other images too.
const (
	whiteoutPrefix = ".wh."
	whiteoutOpaque = ".wh..opq" // after the prefix
)

// whiteout carries out .wh.MARK in a directory. A directory that does not exist has nothing to hide.
func (u *unpacking) whiteout(parent, mark string) error {
	if mark == "" || mark == "." || mark == ".." {
		return fmt.Errorf("a whiteout of %q is none", mark)
	}
	if strings.HasPrefix(mark, whiteoutPrefix) && mark != whiteoutOpaque {
		return nil // AUFS's own books: .wh..wh.aufs, .wh..wh.plnk
	}
	where, err := u.tree.find(parent, true)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || (err == nil && where.kind != unix.S_IFDIR) {
		where.close()
		return nil
	}
	if err != nil {
		return err
	}
	defer where.close()
	hidden, err := u.hides(where, mark)
	if err != nil || !hidden {
		return err
	}
	if err := u.enter(parent); err != nil {
		return err
	}
	if mark == whiteoutOpaque && u.parentPath == "" {
		return u.hideRoot(where)
	}
	if mark == whiteoutOpaque {
		defer u.forget() // on the way it stands merged with what it hides now
		return u.makeOpaque(u.parent, ".")
	}
	return u.hide(mark)
}

// hide puts a whiteout into u.parent.
func (u *unpacking) hide(mark string) error {
	if isDirectory(u.parent, mark) { // this layer has a new one: only what is below goes
		return u.makeOpaque(u.parent, mark)
	}
	err := unix.Mknodat(u.parent, mark, unix.S_IFCHR, 0)
	if errors.Is(err, unix.EEXIST) { // a new file of this name in this layer hides the old one by itself
		return nil
	}
	if err != nil {
		return fmt.Errorf("mknodat = %w", err)
	}
	return nil
}

// hides tells if there is anything below to hide. A whiteout for nothing would be worse than none: where only
// one layer has the directory overlayfs does not look for whiteouts, and shows the device in ls.
func (u *unpacking) hides(where node, mark string) (bool, error) {
	lower := node{kind: where.kind}
	for i, from := range where.from {
		if from != 0 {
			lower.fds, lower.from = append(lower.fds, where.fds[i]), append(lower.from, from)
		}
	}
	if mark == whiteoutOpaque {
		return len(lower.fds) > 0, nil
	}
	found, err := u.tree.lookup(lower, mark)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	found.close()
	return err == nil, err
}

// makeOpaque marks a directory of this layer, and removes its whiteouts: it needs them no more.
func (u *unpacking) makeOpaque(parent int, name string) error {
	fd, err := openDirectory(parent, name)
	if err != nil {
		return err
	}
	dir := os.NewFile(uintptr(fd), name)
	defer dir.Close()
	if err := setOpaque(fd); err != nil {
		return err
	}
	return eachName(dir, func(child string) error {
		u.clearWhiteout(fd, child)
		return nil
	})
}

// hideRoot is an opaque root, name by name: overlayfs merges the roots of all layers whatever they say. Once is
// enough: what is hidden stays hidden, and a hundred thousand marks times as many names would take hours.
func (u *unpacking) hideRoot(root node) error {
	if u.bare {
		return nil
	}
	u.bare = true
	for i, from := range root.from {
		if from == 0 {
			continue
		}
		fd, err := openDirectory(root.fds[i], ".")
		if err != nil {
			return err
		}
		dir := os.NewFile(uintptr(fd), "/")
		err = eachName(dir, u.hide)
		dir.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func setOpaque(fd int) error {
	if err := unix.Fsetxattr(fd, opaqueName, []byte("y"), 0); err != nil {
		return fmt.Errorf("fsetxattr(%s) = %w", opaqueName, err)
	}
	return nil
}

// clearWhiteout removes a whiteout in favour of what comes in its place, and tells if there was one.
func (u *unpacking) clearWhiteout(parent int, name string) bool {
	var stat unix.Stat_t
	if unix.Fstatat(parent, name, &stat, unix.AT_SYMLINK_NOFOLLOW) != nil || !isWhiteout(stat) {
		return false
	}
	return unix.Unlinkat(parent, name, 0) == nil
}
