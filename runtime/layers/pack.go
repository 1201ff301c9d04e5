package layers

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Pack writes what the container has changed as a layer's tar stream, the reverse of Unpack: unpacked over the
// same layers it shows the same tree. It returns the number of entries; 0: the container changed nothing.
//
// Nothing is held in memory but the names of one directory after another, and one line for each file that has
// more than one name. Directories without a change of their own and in them are left out, and so are sockets,
// which mean nothing without the process that listens. Times of last access are left out too: reading is no
// change.
func (d Delta) Pack(ctx context.Context, to io.Writer) (entries int, err error) {
	p := newPacking(ctx, to)
	if err := p.root(d); err != nil {
		return 0, fmt.Errorf("pack \"/\": %w", err)
	}
	err = d.walk(ctx, packs, func(s *step) error {
		if err := p.entry(s); err != nil {
			return fmt.Errorf("pack %q: %w", "/"+s.path, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return p.entries, p.tar.Close()
}

// packs tells what belongs into a layer. A file in the upper does even if it looks the same: it was opened for
// writing, and only a comparison of every byte could tell that nothing was written.
func packs(s *step) bool {
	switch {
	case s.kind == Deleted:
		return !s.hides // else the opaque directory says it
	case s.isDir():
		return s.kind != 0 || s.opaque || s.touched
	}
	return !s.isSocket() || (s.kind == Changed && !s.hides)
}

// A packing is one layer, or one tree, on its way into a tar.
type packing struct {
	ctx     context.Context
	tar     *tar.Writer
	names   map[inode]*known // of files with more than one name
	buffer  []byte
	written int64
	limit   int64         // of written
	grain   time.Duration // of times
	entries int
}

func newPacking(ctx context.Context, to io.Writer) *packing {
	return &packing{ctx: ctx, tar: tar.NewWriter(to), names: map[inode]*known{}, buffer: make([]byte, 256<<10), limit: bytesLimit, grain: 1}
}

type inode struct{ device, number uint64 }

// A known file was packed under its first name; left more are to come.
type known struct {
	name string
	left uint64
}

// root packs "/" itself if the container has changed its looks. Its time is left out: each container's root is
// a new directory with a time of its own.
func (p *packing) root(d Delta) error {
	fd, stat, err := peek(unix.AT_FDCWD, d.Upper)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	xattrs, err := xattrsOf(fd, stat)
	if err != nil {
		return err
	}
	below := unix.Stat_t{Mode: unix.S_IFDIR | 0o755}
	if len(d.Below) > 0 {
		if err := unix.Stat(d.Below[0], &below); err != nil {
			return err
		}
	}
	if stat.Mode == below.Mode && stat.Uid == below.Uid && stat.Gid == below.Gid && len(xattrs) == 0 {
		return nil
	}
	return p.header(&step{path: ".", fd: fd, stat: stat}, "")
}

// entry packs one step.
func (p *packing) entry(s *step) error {
	dir, base := path.Split(s.path)
	if s.kind == Deleted || s.isSocket() { // a socket that took the place of something below deleted that
		return p.mark(dir + whiteoutPrefix + base)
	}
	if strings.HasPrefix(base, whiteoutPrefix) {
		return fmt.Errorf("a layer can hold no file whose name begins with %s: it would mean that %q is deleted",
			whiteoutPrefix, strings.TrimPrefix(base, whiteoutPrefix))
	}
	if err := p.file(s); err != nil {
		return err
	}
	if s.opaque {
		return p.mark(s.path + "/" + whiteoutPrefix + whiteoutOpaque)
	}
	return nil
}

// file packs what is there, of whatever kind.
func (p *packing) file(s *step) error {
	first, again := p.linked(s)
	if err := p.header(s, first); err != nil {
		return err
	}
	if again || s.stat.Mode&unix.S_IFMT != unix.S_IFREG || s.stat.Size == 0 {
		return nil
	}
	return p.content(s)
}

// linked tells if the file was packed before, and under which name. One whose other names lie elsewhere, as in
// overlayfs's own index, is a file of its own.
func (p *packing) linked(s *step) (first string, again bool) {
	if s.isDir() || s.stat.Nlink < 2 {
		return "", false
	}
	key := inode{s.stat.Dev, s.stat.Ino}
	file, again := p.names[key]
	if !again {
		p.names[key] = &known{name: s.path, left: uint64(s.stat.Nlink) - 1}
		return "", false
	}
	if file.left--; file.left == 0 {
		delete(p.names, key)
	}
	return file.name, true
}

// mark writes a whiteout: an empty file whose name says what is gone.
func (p *packing) mark(name string) error {
	return p.write(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Format: tar.FormatPAX})
}

// write adds a header. With its mark or slash a name may be longer than the one that the walk met.
func (p *packing) write(h *tar.Header) error {
	if len(h.Name) >= unix.PathMax {
		return unix.ENAMETOOLONG
	}
	p.entries++
	return p.tar.WriteHeader(h)
}

// content copies a file. What was appended since the header was written is left out: the layer shows the file
// as it was then. A file that was cut meanwhile never was as the header says, and filling it up with zeros would
// hide that.
func (p *packing) content(s *step) error {
	f, err := reopen(s.fd, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.CopyBuffer(p.tar, contextReader{p.ctx, io.LimitReader(f, s.stat.Size)}, p.buffer)
	if err != nil {
		return err
	}
	if n < s.stat.Size {
		return errShrunk
	}
	return nil
}

var errShrunk = errors.New("the file became shorter while it was read")
