package layers

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A step is one name that the walk meets.
type step struct {
	path    string      // below the root, without a leading slash
	kind    Kind        // against the layers below; 0: no change of its own
	fd      int         // O_PATH; -1: deleted
	stat    unix.Stat_t // of fd
	opaque  bool        // a directory that itself hides one of its name below
	hides   bool        // nothing from below is seen in this directory (for what is deleted: in its parent)
	touched bool        // a directory with another time or other xattrs than below
	lower   node        // a directory's namesakes below; empty: none
}

func (s *step) isDir() bool { return s.fd >= 0 && s.stat.Mode&unix.S_IFMT == unix.S_IFDIR }

func (s *step) isSocket() bool { return s.fd >= 0 && s.stat.Mode&unix.S_IFMT == unix.S_IFSOCK }

// compare fills in how the step differs from its namesake below.
func (w *walker) compare(s *step, lower node) error {
	if err := redirected(s); err != nil {
		return err
	}
	if s.isDir() {
		own := opaque(s.fd)
		s.opaque = own && lower.kind == unix.S_IFDIR
		s.hides = s.hides || own
	}
	if lower.kind == 0 {
		s.kind = Added
		return nil
	}
	var below unix.Stat_t
	if err := unix.Fstat(lower.fds[0], &below); err != nil {
		return err
	}
	have, err := xattrsOf(s.fd, s.stat)
	if err != nil {
		return err
	}
	had, err := xattrsOf(lower.fds[0], below)
	if err != nil {
		return err
	}
	if differs(below, s.stat) || have["security.capability"] != had["security.capability"] {
		s.kind = Changed
	}
	if s.isDir() && lower.kind == unix.S_IFDIR {
		s.lower = lower
		s.touched = !maps.Equal(have, had) || (below.Mtim != s.stat.Mtim && !w.mountedIn(s))
	}
	return nil
}

// differs tells what Docker calls a modification. The time and size of a directory say only that a name in it
// came or went. A file that was copied up and not written to is as it was.
func differs(a, b unix.Stat_t) bool {
	if a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid || a.Rdev != b.Rdev {
		return true
	}
	return a.Mode&unix.S_IFMT != unix.S_IFDIR && (a.Size != b.Size || a.Mtim != b.Mtim)
}

// redirected refuses what overlayfs writes only with options that tutor does not give: a file without its
// content (metacopy), a directory that shows another one (redirect). Packed as it stands it would be empty.
func redirected(s *step) error {
	for _, name := range []string{"trusted.overlay.metacopy", "trusted.overlay.redirect"} {
		kind := s.stat.Mode & unix.S_IFMT
		if kind != unix.S_IFREG && kind != unix.S_IFDIR {
			return nil
		}
		if _, err := unix.Getxattr(procPath(s.fd), name, nil); err == nil {
			return fmt.Errorf("it has %s: its content lies in another layer, which tutor's own mounts never do", name)
		}
	}
	return nil
}

// ours tells if a name that no layer below has was made by the start of the container, as a place for a mount,
// and is as the start left it. The mount lay over it: what the container did there, it did to the mount. Docker
// makes the same places in a layer of their own, under the container's.
func (w *walker) ours(name string, fd int, stat unix.Stat_t) bool {
	place := slices.Contains(w.own, name)
	above := slices.ContainsFunc(w.own, func(own string) bool { return strings.HasPrefix(own, name+"/") })
	if (!place && !above) || stat.Uid != 0 || stat.Gid != 0 || stat.Mode&0o7777&^0o755 != 0 {
		return false
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return place && stat.Size == 0
	case unix.S_IFDIR:
		return w.oursAll(name, fd, place)
	}
	return false
}

// oursAll tells if everything in a directory is ours.
func (w *walker) oursAll(dir string, fd int, all bool) bool {
	before := w.held
	defer func() { w.held = before }()
	names, err := w.names(fd)
	if err != nil {
		return false
	}
	for _, name := range names {
		child, stat, err := peek(fd, name)
		if err != nil {
			return false
		}
		all = w.ours(path.Join(dir, name), child, stat)
		unix.Close(child)
		if !all {
			return false
		}
	}
	return all
}

// mountedIn tells if the start made a place for a mount right in this directory: then its time is not the
// container's doing.
func (w *walker) mountedIn(s *step) bool {
	for _, own := range w.own {
		if path.Dir(own) != s.path {
			continue
		}
		fd, stat, err := peek(s.fd, path.Base(own))
		if err != nil {
			continue
		}
		made := w.ours(own, fd, stat)
		unix.Close(fd)
		if made {
			return true
		}
	}
	return false
}

// xattrsOf reads the extended attributes that a layer may bring (keptXattr): of files and directories only, as
// nothing else has any.
func xattrsOf(fd int, stat unix.Stat_t) (map[string]string, error) {
	kind := stat.Mode & unix.S_IFMT
	if kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return nil, nil
	}
	source := procPath(fd)
	size, err := unix.Listxattr(source, nil)
	if errors.Is(err, unix.ENOTSUP) || (err == nil && size == 0) {
		return nil, nil
	}
	list := make([]byte, 64<<10) // XATTR_LIST_MAX
	n, err := unix.Listxattr(source, list)
	if err != nil {
		return nil, fmt.Errorf("listxattr = %w", err)
	}
	found := map[string]string{}
	value := make([]byte, 64<<10) // XATTR_SIZE_MAX
	for name := range strings.SplitSeq(string(list[:n]), "\x00") {
		if name == "" || !keptXattr(name) {
			continue
		}
		size, err := unix.Getxattr(source, name, value)
		if errors.Is(err, unix.ENODATA) {
			continue // taken away since
		}
		if err != nil {
			return nil, fmt.Errorf("getxattr(%s) = %w", name, err)
		}
		found[name] = string(value[:size])
	}
	return found, nil
}
