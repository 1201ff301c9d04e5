package layers

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// enter makes u.parent a descriptor of the directory that the next entry goes into, and makes that directory
// where it is missing. Symlinks on the way lead where a container would see them lead: /lib/x goes to /usr/lib/x
// when /lib is a symlink, in this layer or in one below.
func (u *unpacking) enter(name string) error {
	if u.parent >= 0 && u.parentName == name {
		return nil
	}
	components, err := u.onWay(split(name))
	if err != nil {
		return err
	}
	if err := u.descend(u.way, components); err != nil {
		return err
	}
	u.parentName, u.parentPath = name, join(u.way.names)
	if len(u.parentPath) >= unix.PathMax {
		return unix.ENAMETOOLONG
	}
	u.parent, err = unix.Openat(u.way.here().fds[0], ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return err
}

// onWay goes back on the way to the last entry's directory as far as the next one needs, and returns what is left to go.
// A tar lists a directory's content after the directory, so mostly that is one name; all names afresh are, in two
// thousand directories one in another, two million. An entry changes nothing above its own directory, so what was seen
// there still holds.
func (u *unpacking) onWay(components []string) (left []string, err error) {
	u.closeParent()
	if u.way == nil {
		u.way, err = u.tree.walk()
		return components, err
	}
	same, names := 0, u.way.names
	for same < min(len(names), len(components)) && names[same] == components[same] {
		same++
	}
	u.way.back(len(names) - same)
	u.way.links = 0
	return components[same:], nil
}

// forget drops the last entry's directory and the way there: the next name is walked afresh.
func (u *unpacking) forget() {
	u.closeParent()
	if u.way != nil {
		u.way.close()
	}
	u.way = nil
}

func (u *unpacking) closeParent() {
	if u.parent >= 0 {
		unix.Close(u.parent)
	}
	u.parent = -1
}

// descend walks components and makes each directory exist in dir itself, the top of the tree.
func (u *unpacking) descend(w *walk, components []string) error {
	for len(components) > 0 {
		name := components[0]
		components = components[1:]
		if name == ".." {
			w.back(1)
			continue
		}
		n, err := w.tree.lookup(w.here(), name)
		if errors.Is(err, unix.ENOENT) {
			n, err = u.makeMissing(w, name)
		}
		if err != nil {
			return err
		}
		if n.kind == unix.S_IFLNK {
			target, err := w.link(n)
			if err != nil {
				return err
			}
			components = append(target, components...)
			continue
		}
		if n.kind != unix.S_IFDIR {
			n, err = u.replaceBlocking(w, name, n)
			if err != nil {
				return err
			}
		}
		if n.from[0] != 0 {
			n, err = u.makeLike(w, name, n)
			if err != nil {
				return err
			}
		}
		w.dirs, w.names = append(w.dirs, n), append(w.names, name)
	}
	return nil
}

// makeMissing makes a directory that no layer has, the way mkdir -p would. In place of a whiteout it is opaque:
// the directory that was deleted must not shine through the new one.
func (u *unpacking) makeMissing(w *walk, name string) (node, error) {
	gone := u.clearWhiteout(w.here().fds[0], name)
	fd, err := makeDirectory(w.here().fds[0], name)
	if err != nil {
		return node{}, err
	}
	defer unix.Close(fd)
	if err := unix.Fchmod(fd, 0o755); err != nil {
		return node{}, err
	}
	if gone {
		if err := setOpaque(fd); err != nil {
			return node{}, err
		}
	}
	return w.tree.lookup(w.here(), name)
}

// replaceBlocking makes a directory where something else stands in the way of a later entry.
func (u *unpacking) replaceBlocking(w *walk, name string, n node) (node, error) {
	from := n.from[0]
	n.close()
	if from == 0 {
		if err := removeAll(w.here().fds[0], name); err != nil {
			return node{}, err
		}
	}
	return u.makeMissing(w, name)
}

// makeLike copies a directory of a lower layer without its content. Without this a layer that brings only
// /tmp/x would show /tmp with mode 0755: overlayfs takes a directory's looks from the topmost layer.
func (u *unpacking) makeLike(w *walk, name string, lower node) (node, error) {
	defer lower.close()
	fd, err := makeDirectory(w.here().fds[0], name)
	if err != nil {
		return node{}, err
	}
	defer unix.Close(fd)
	times, err := copyLooks(fd, lower.fds[0])
	if err != nil {
		return node{}, err
	}
	if err := u.later(join(append(append([]string{}, w.names...), name)), times); err != nil {
		return node{}, err
	}
	return w.tree.lookup(w.here(), name)
}

// rootLike gives dir the looks of the root below, or those of every Linux where there is none: the topmost
// layer's root is the container's, and one with mode 0700 would lock every user out.
func (u *unpacking) rootLike(below Stack) error {
	fd, err := openDirectory(u.tree.roots[0], ".")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if len(below) == 0 {
		if err := unix.Fchown(fd, 0, 0); err != nil && !errors.Is(err, unix.EPERM) {
			return err
		}
		return unix.Fchmod(fd, 0o755)
	}
	times, err := copyLooks(fd, u.tree.roots[1])
	if err != nil {
		return err
	}
	return u.later("", times)
}

// makeDirectory makes a directory that nobody else can use yet, and opens it. Its mode is set later, as the
// umask would change it.
func makeDirectory(parent int, name string) (int, error) {
	if err := unix.Mkdirat(parent, name, 0o700); err != nil {
		return -1, fmt.Errorf("mkdirat = %w", err)
	}
	return openDirectory(parent, name)
}

// openDirectory opens a directory for the calls that want a real descriptor. It follows no symlink.
func openDirectory(parent int, name string) (int, error) {
	return unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}
