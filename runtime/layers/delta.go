package layers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A Delta is what a container has changed: overlayfs's upper directory, read against the layers below it.
// `diff` lists it and `commit` packs it; both take the same walk.
//
// The upper is the container's own, and it may still be writing there. So each name is opened relative to its
// directory's descriptor and follows no symlink (peek), every later look goes through that descriptor, and what
// no layer could hold ends the walk: see entryLimit, bytesLimit and namesLimit.
type Delta struct {
	Upper string   // the upper directory
	Below Stack    // the image's layers, topmost first
	Own   []string // mount points that the start makes where the image has none: "/proc", "/etc/hosts"
}

// namesLimit bounds the directory names that one walk holds at a time: they are sorted in memory.
const namesLimit = 256 << 20

// A walker walks an upper directory: parents before children, names in the order of their bytes.
type walker struct {
	ctx     context.Context
	below   *tree
	own     []string            // as in Delta, without the leading slash
	counts  func(s *step) bool  // is it worth a visit by itself, or only as the parent of one that is?
	visit   func(s *step) error // each that counts, after its parents
	ends    func(s *step) bool  // a directory that is not entered; nil: none
	parents []*step             // directories on the way here that were not visited yet
	met     int
	held    int // bytes of names in memory
}

func (d Delta) walk(ctx context.Context, counts func(*step) bool, visit func(*step) error) error {
	top, err := openTree(Stack{d.Upper}, noLimit)
	if err != nil {
		return err
	}
	defer top.close()
	below, err := openTree(d.Below, noLimit)
	if err != nil {
		return err
	}
	defer below.close()
	lower, err := below.root()
	if err != nil {
		return err
	}
	defer lower.close()
	w := &walker{ctx: ctx, below: below, counts: counts, visit: visit}
	for _, own := range d.Own {
		w.own = append(w.own, strings.Trim(own, "/"))
	}
	return w.directory(&step{fd: top.roots[0], lower: lower})
}

// directory walks what is in a directory.
func (w *walker) directory(dir *step) error {
	before := w.held
	defer func() { w.held = before }()
	from := []int{dir.fd}
	if dir.hides {
		from = append(from, dir.lower.fds...) // what is deleted by being hidden has no whiteout of its own
	}
	var names []string
	for _, fd := range from {
		more, err := w.names(fd)
		if err != nil {
			return fmt.Errorf("%q: %w", "/"+dir.path, err)
		}
		names = append(names, more...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := w.name(dir, name); err != nil {
			return err
		}
	}
	return nil
}

// names reads a directory that is open by O_PATH.
func (w *walker) names(fd int) ([]string, error) {
	open, err := openDirectory(fd, ".")
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(open), "layer directory")
	defer dir.Close()
	var names []string
	for {
		some, err := dir.Readdirnames(4096)
		for _, name := range some {
			w.held += len(name)
		}
		names = append(names, some...)
		if w.held > namesLimit {
			return nil, fmt.Errorf("the names of its files take more than %d bytes", namesLimit)
		}
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// name looks at one name of a directory, and goes on below it.
func (w *walker) name(dir *step, name string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	s := &step{path: path.Join(dir.path, name), fd: -1, hides: dir.hides}
	if w.met++; w.met > entryLimit || len(s.path) >= unix.PathMax {
		return fmt.Errorf("%.100q…: a layer has at most %d names, each of at most %d bytes", "/"+s.path, entryLimit, unix.PathMax-1)
	}
	lower, err := w.below.lookup(dir.lower, name)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%q below: %w", "/"+s.path, err)
	}
	defer lower.close()
	fd, stat, err := peek(dir.fd, name)
	if errors.Is(err, unix.ENOENT) {
		return w.missing(s, lower)
	}
	if err != nil {
		return fmt.Errorf("%q: %w", "/"+s.path, err)
	}
	defer unix.Close(fd)
	if isWhiteout(stat) {
		return w.deleted(s, lower)
	}
	s.fd, s.stat = fd, stat
	if lower.kind == 0 && w.ours(s.path, fd, stat) {
		return nil
	}
	if err := w.compare(s, lower); err != nil {
		return fmt.Errorf("%q: %w", "/"+s.path, err)
	}
	return w.enter(s)
}

// missing is a name that the upper does not have: hidden by its directory, or taken away since the names were read.
func (w *walker) missing(s *step, lower node) error {
	if !s.hides {
		return nil
	}
	return w.deleted(s, lower)
}

// deleted is a name that only the layers below have. A whiteout where they have nothing is nothing.
func (w *walker) deleted(s *step, lower node) error {
	if lower.kind == 0 {
		return nil
	}
	s.kind = Deleted
	return w.meet(s)
}

// enter visits a name that is there and, if it is a directory, what is in it.
func (w *walker) enter(s *step) error {
	if err := w.meet(s); err != nil {
		return err
	}
	if !s.isDir() || (w.ends != nil && w.ends(s)) {
		return nil
	}
	if !w.counts(s) {
		w.parents = append(w.parents, s)
	}
	if err := w.directory(s); err != nil {
		return err
	}
	if n := len(w.parents); n > 0 && w.parents[n-1] == s {
		w.parents = w.parents[:n-1] // nothing in it counted
	}
	return nil
}

// meet visits a step that counts. A directory in which something changed has changed too, as in Docker: it is
// visited first.
func (w *walker) meet(s *step) error {
	if !w.counts(s) {
		return nil
	}
	for _, parent := range w.parents {
		parent.kind = Changed
		if err := w.visit(parent); err != nil {
			return err
		}
	}
	w.parents = w.parents[:0]
	return w.visit(s)
}
