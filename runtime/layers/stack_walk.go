package layers

import (
	"io/fs"
	"math"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// A tree looks up names in several directories at once, by overlayfs's rules (overlayfs.rst), one component at
// a time and never by a path with more than one: so there is no "..", no absolute path and no symlink that the
// kernel could follow for us, and nothing leads out.
type tree struct {
	roots []int // O_PATH, topmost first
	steps int   // how many more names may be looked up, each layer counted
}

// A node is one name of the merged tree. A directory has one descriptor for each layer that takes part in it,
// topmost first, and from[i] is the layer's index; anything else has exactly one.
type node struct {
	kind uint32 // S_IFDIR, S_IFREG, S_IFLNK …
	fds  []int  // O_PATH|O_NOFOLLOW
	from []int
}

// noLimit is for names that come from the disk and not from a stranger: each is looked up once.
const noLimit = math.MaxInt

// The kernel's own bound on symlinks in one lookup (path_resolution(7)).
const symlinkLimit = 40

func openTree(s Stack, steps int) (*tree, error) {
	t := &tree{steps: steps}
	for _, dir := range s {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.close()
			return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
		}
		t.roots = append(t.roots, fd)
	}
	return t, nil
}

func (t *tree) close() { closeAll(t.roots) }

func (n node) close() { closeAll(n.fds) }

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// root is the merged "/". All layers take part in it: overlayfs looks for no opaque mark on a layer's own root.
func (t *tree) root() (node, error) {
	n := node{kind: unix.S_IFDIR}
	for i, fd := range t.roots {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			n.close()
			return node{}, err
		}
		n.fds, n.from = append(n.fds, copied), append(n.from, i)
	}
	return n, nil
}

// A walk is a path being resolved: the directories passed so far, so that ".." knows the way back, and the
// names that led to them.
type walk struct {
	tree  *tree
	dirs  []node // dirs[0] is the root
	names []string
	links int
}

// find resolves a path. follow says whether a symlink at its very end is followed too.
func (t *tree) find(name string, follow bool) (node, error) {
	w, err := t.walk()
	if err != nil {
		return node{}, err
	}
	defer w.close()
	last, err := w.through(split(name), follow)
	if err != nil {
		return node{}, err
	}
	return last, nil
}

func (t *tree) walk() (*walk, error) {
	root, err := t.root()
	if err != nil {
		return nil, err
	}
	return &walk{tree: t, dirs: []node{root}}, nil
}

func (w *walk) close() {
	for _, d := range w.dirs {
		d.close()
	}
	w.dirs = nil
}

func (w *walk) here() node { return w.dirs[len(w.dirs)-1] }

// back drops the last n directories; the root stays, because "/.." is "/".
func (w *walk) back(n int) {
	for ; n > 0 && len(w.dirs) > 1; n-- {
		w.here().close()
		w.dirs, w.names = w.dirs[:len(w.dirs)-1], w.names[:len(w.names)-1]
	}
}

// through goes on along components and returns what is at their end; the caller closes it. When the end is a
// directory the walk stands in its parent or, for ".", above nothing: the node is a copy either way.
func (w *walk) through(components []string, follow bool) (node, error) {
	for len(components) > 0 {
		name := components[0]
		components = components[1:]
		if name == ".." {
			w.back(1)
			continue
		}
		n, err := w.tree.lookup(w.here(), name)
		if err != nil {
			return node{}, err
		}
		switch {
		case n.kind == unix.S_IFLNK && (follow || len(components) > 0):
			target, err := w.link(n)
			if err != nil {
				return node{}, err
			}
			components = append(target, components...)
		case n.kind == unix.S_IFDIR:
			w.dirs, w.names = append(w.dirs, n), append(w.names, name)
		case len(components) > 0:
			n.close()
			return node{}, unix.ENOTDIR
		default:
			return n, nil
		}
	}
	return w.here().copy()
}

// link reads a symlink and closes it. An absolute target starts again at the tree's own root.
func (w *walk) link(n node) ([]string, error) {
	defer n.close()
	if w.links++; w.links > symlinkLimit {
		return nil, unix.ELOOP
	}
	target, err := readlink(n.fds[0])
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(target, "/") {
		w.back(len(w.dirs))
	}
	return split(target), nil
}

func (n node) copy() (node, error) {
	c := node{kind: n.kind}
	for i, fd := range n.fds {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			c.close()
			return node{}, err
		}
		c.fds, c.from = append(c.fds, copied), append(c.from, n.from[i])
	}
	return c, nil
}

// split cuts a path into its components, without "." and empty ones. ".." stays: only the walk knows where it
// leads, because the name before it may be a symlink.
func split(name string) []string {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}

func join(names []string) string { return path.Join(names...) }
