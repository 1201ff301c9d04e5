package layers

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds on what a layer may ask for. They are far above what images have (the largest known: some 500 000
// entries) and far below what would hurt the host.
const (
	entryLimit = 5_000_000
	bytesLimit = 64 << 30  // of all files together, holes counted: a sparse header claims exabytes in 512 bytes
	timesLimit = 256 << 20 // of memory for directories that wait for their times
	stepsFirst = readSteps // of looking up one name in one layer: one path through links to links costs millions
	stepsEach  = 200       // more with each entry: a path of 10 directories in 20 layers
)

// Unpack writes a layer's tar stream below dir (fresh and empty), so that overlayfs can use it as a lower
// directory on top of below, whose layers are unpacked already.
//
// A tar is a list of orders from a stranger, carried out by root: "write this to ../../etc/passwd", "make a link
// to /, now write through it". So no path ever reaches the kernel. A name is walked one component at a time,
// from a descriptor of dir, and a symlink on the way is read by us and followed inside the layers only; the last
// step is always a call relative to a directory that is known to lie in dir, and follows nothing.
//
// It reads tar to io.EOF, past the end of the archive, because the stream's own checks stand there. After an
// error dir is to be thrown away.
func Unpack(ctx context.Context, stream io.Reader, dir string, below Stack) error {
	u, err := newUnpacking(ctx, dir, below)
	if err != nil {
		return err
	}
	defer u.close()
	err = eachEntry(ctx, stream, entryLimit, func(h *tar.Header, content io.Reader) error {
		u.tree.steps += stepsEach
		if err := u.entry(h, content); err != nil {
			return fmt.Errorf("unpack %s: %w", quoted(h.Name), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return u.finish()
}

// eachEntry hands on the entries of a tar, at most so many, and reads it to io.EOF.
func eachEntry(ctx context.Context, stream io.Reader, limit int, do func(h *tar.Header, content io.Reader) error) error {
	in := contextReader{ctx, stream}
	archive := tar.NewReader(in)
	for entries := 0; ; entries++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("unpack: this is no valid tar archive: %w", err)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // cleanName looks at the names
			return fmt.Errorf("unpack: %w", err)
		}
		if entries == limit {
			return fmt.Errorf("unpack: the archive has more than %d entries", limit)
		}
		if err := do(header, contextReader{ctx, archive}); err != nil { // holes are read from nowhere: in has no say there
			return err
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}

// quoted is a stranger's name for people to read: on one line, no escapes for their terminal, and not a
// megabyte of it.
func quoted(name string) string {
	if len(name) > 100 {
		name = name[:100] + "…"
	}
	return strconv.Quote(name)
}

// contextReader ends with the context, between two reads.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// An unpacking is one layer on its way to the disk.
type unpacking struct {
	ctx     context.Context
	tree    *tree                       // dir on top of below: what a container would see so far
	written int64                       // bytes of files, holes included
	limit   int64                       // of written
	times   map[string][2]unix.Timespec // of directories: set at the end, as each new entry changes them
	held    int                         // bytes of memory in times
	bare    bool                        // the layer's root hides all that is below

	way        *walk  // to the last entry's directory; nil: it is to be found afresh
	parent     int    // descriptor of that directory, in dir; -1: none
	parentName string // as the tar called it
	parentPath string // without symlinks

	buffer [64 << 10]byte // the content of one file after the other; one for each file is 500 MB of garbage in a layer of 8000
}

func newUnpacking(ctx context.Context, dir string, below Stack) (*unpacking, error) {
	t, err := openTree(append(Stack{dir}, below...), stepsFirst)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	u := &unpacking{ctx: ctx, tree: t, times: map[string][2]unix.Timespec{}, limit: bytesLimit, parent: -1}
	if err := u.rootLike(below); err != nil {
		u.close()
		return nil, fmt.Errorf("unpack: root: %w", err)
	}
	return u, nil
}

func (u *unpacking) close() {
	u.forget()
	u.tree.close()
}

// entry carries out one header.
func (u *unpacking) entry(h *tar.Header, content io.Reader) error {
	name, wanted, err := entryName(h)
	if err != nil || !wanted {
		return err
	}
	if name == "" {
		return u.root(h)
	}
	parent, base := path.Split(name)
	if mark, is := strings.CutPrefix(base, whiteoutPrefix); is {
		return u.whiteout(parent, mark)
	}
	if err := u.enter(parent); err != nil {
		return err
	}
	return u.create(base, h, content)
}

// entryName is where an entry belongs; wanted is false for one that makes nothing.
func entryName(h *tar.Header) (name string, wanted bool, err error) {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return "", false, nil
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont, tar.TypeLink, tar.TypeSymlink,
		tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		name, err = cleanName(h.Name)
		return name, true, err
	}
	return "", false, fmt.Errorf("entry has unknown type %q", h.Typeflag)
}

// cleanName gives a name relative to the root, "" for the root itself. An absolute name is taken for one below
// the root, as Docker does; ".." is refused, because nobody who means well writes it.
func cleanName(name string) (string, error) {
	if len(name) >= unix.PathMax {
		return "", unix.ENAMETOOLONG
	}
	if strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("name holds a zero byte")
	}
	parts := split(name)
	for _, part := range parts {
		if part == ".." {
			return "", fmt.Errorf("name leads out of the layer (\"..\")")
		}
	}
	return strings.Join(parts, "/"), nil
}

// finish gives the directories their times, when nothing will change in them any more.
func (u *unpacking) finish() error {
	for name, times := range u.times {
		if err := u.setTimes(name, times[:]); err != nil {
			return fmt.Errorf("unpack %s: times: %w", quoted(name), err)
		}
	}
	return nil
}

// setTimes opens a directory again by its path without symlinks. One that was replaced meanwhile has no times
// to set.
func (u *unpacking) setTimes(name string, times []unix.Timespec) error {
	if name == "" {
		name = "."
	}
	fd, err := openat2(u.tree.roots[0], name, unix.O_PATH|unix.O_DIRECTORY, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
}

// later remembers a directory's times until finish.
func (u *unpacking) later(name string, times []unix.Timespec) error {
	if _, known := u.times[name]; !known {
		u.held += len(name) + 100
	}
	if u.held > timesLimit {
		return fmt.Errorf("the layer's directories need more than %d bytes of memory", timesLimit)
	}
	u.times[name] = [2]unix.Timespec(times)
	return nil
}
