package layers

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"

	"golang.org/x/sys/unix"
)

// A Ground is a directory that is there already and gets files from a tar stream: what `cp` does.
//
// The one who sent the stream and the one who owns the directory may both be enemies. So no name leads out of
// Root: each is walked by the kernel, bounded (openat2(2)), and the last step is a call relative to a descriptor
// that follows nothing.
type Ground struct {
	Root  int                       // a directory; O_PATH will do
	Dir   string                    // where the names of the stream begin, below Root
	Links bool                      // symlinks on the way are followed, with Root for "/"; else they are an error
	Name  string                    // what a person calls Dir
	Each  func(h *tar.Header) error // may change an entry before it is made
}

// Open opens a directory of the ground, dir being below Dir. It makes nothing.
func (g Ground) Open(dir string) (int, error) {
	return g.open(path.Join(g.Dir, dir), unix.O_RDONLY|unix.O_DIRECTORY)
}

func (g Ground) open(name string, flags uint64) (int, error) {
	if g.Links {
		return OpenIn(g.Root, name, flags)
	}
	return openat2(g.Root, path.Join(".", name), flags, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
}

// OpenIn opens what a process whose "/" is root would find under that name: symlinks, absolute ones too, and ".."
// stay inside, whoever moves them about meanwhile. Only the magic links of /proc would not; they are ELOOP. With
// unix.O_NOFOLLOW a symlink at the end is not followed.
func OpenIn(root int, name string, flags uint64) (int, error) {
	return openat2(root, name, flags, unix.RESOLVE_IN_ROOT)
}

func openat2(root int, name string, flags, resolve uint64) (int, error) {
	how := &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: resolve | unix.RESOLVE_NO_MAGICLINKS}
	for tries := 0; ; tries++ {
		fd, err := unix.Openat2(root, name, how)
		if err == unix.EINTR || (err == unix.EAGAIN && tries < 1000) { // somebody moved a directory while ".." was walked
			continue
		}
		return fd, err
	}
}

// reach opens a directory, and makes what is missing on the way, as mkdir -p would.
func (g Ground) reach(dir string) (int, error) {
	fd, err := g.Open(dir)
	if !errors.Is(err, unix.ENOENT) || dir == "" {
		return fd, err
	}
	above, name := path.Split(dir)
	parent, err := g.reach(path.Clean("/" + above)[1:])
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	fd, err = makeDirectory(parent, name)
	if err != nil {
		return -1, err
	}
	if err := unix.Fchmod(fd, 0o755); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Place opens (O_PATH) a place to mount on, and makes it where it is missing: an empty file, or a directory.
func (g Ground) Place(name string, file bool) (int, error) {
	fd, err := g.open(path.Join(g.Dir, name), unix.O_PATH)
	if !errors.Is(err, unix.ENOENT) {
		return fd, err
	}
	name = path.Clean("/" + name)[1:]
	if !file {
		return g.reach(name)
	}
	dir, base := path.Split(name)
	parent, err := g.reach(path.Clean("/" + dir)[1:])
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	if err := unix.Mknodat(parent, base, unix.S_IFREG|0o644, 0); err != nil {
		return -1, fmt.Errorf("mknodat = %w", err)
	}
	return g.open(path.Join(g.Dir, name), unix.O_PATH)
}

// Unpack carries out a tar stream. What is there is replaced, except that a directory and something else never
// take each other's place. A file has its name only when it is whole.
func (g Ground) Unpack(ctx context.Context, stream io.Reader) error {
	p := &placing{unpacking: unpacking{ctx: ctx, times: map[string][2]unix.Timespec{}, limit: math.MaxInt64, parent: -1}, ground: g}
	defer p.forget()
	if err := eachEntry(ctx, stream, entryLimit, p.entry); err != nil {
		return err
	}
	return p.finish()
}

// A placing is a stream on its way to a Ground.
type placing struct {
	unpacking // what it makes, and how it looks; without a tree
	ground    Ground
}

func (p *placing) entry(h *tar.Header, content io.Reader) error {
	name, wanted, err := entryName(h)
	if err == nil && wanted && name != "" { // the directory itself stays as it is
		err = p.place(name, h, content)
	}
	var conflict *Conflict
	if err == nil || errors.As(err, &conflict) {
		return err
	}
	return fmt.Errorf("%q: %w", path.Join(p.ground.Name, name), err)
}

func (p *placing) place(name string, h *tar.Header, content io.Reader) error {
	if p.ground.Each != nil {
		if err := p.ground.Each(h); err != nil {
			return err
		}
	}
	dir, base := path.Split(name)
	if err := p.enter(path.Clean("/" + dir)[1:]); err != nil {
		return err
	}
	if err := p.agrees(name, base, h); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeLink:
		return p.link(base, h)
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		return p.whole(base, h, content)
	}
	return p.create(base, h, content)
}

// enter makes p.parent the directory that the next entry goes into.
func (p *placing) enter(dir string) (err error) {
	if p.parent >= 0 && p.parentName == dir {
		return nil
	}
	p.forget()
	p.parentName, p.parentPath = dir, dir
	p.parent, err = p.ground.reach(dir)
	return err
}

// A Conflict is a directory where something else is to be, or the other way round. Its words are Docker's.
type Conflict struct{ text string }

func (c *Conflict) Error() string { return c.text }

func (p *placing) agrees(name, base string, h *tar.Header) error {
	var stat unix.Stat_t
	if unix.Fstatat(p.parent, base, &stat, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return nil // what is not there is in nobody's way
	}
	is, shall := stat.Mode&unix.S_IFMT == unix.S_IFDIR, h.Typeflag == tar.TypeDir
	if is == shall {
		return nil
	}
	words := map[bool]string{true: "directory", false: "non-directory"}
	return &Conflict{fmt.Sprintf("cannot overwrite %s %q with %s %q", words[is], path.Join(p.ground.Name, name), words[shall], p.ground.Name)}
}

// link makes a second name for a file of the same stream.
func (p *placing) link(base string, h *tar.Header) error {
	target, err := cleanName(h.Linkname)
	if err != nil || target == "" {
		return fmt.Errorf("hard link to %q leads nowhere", h.Linkname)
	}
	dir, name := path.Split(target)
	from, err := p.ground.Open(dir)
	if err != nil {
		return fmt.Errorf("hard link to %q: %w", h.Linkname, err)
	}
	defer unix.Close(from)
	if sameFile(from, name, p.parent, base) {
		return nil
	}
	if err := p.clear(base); err != nil {
		return err
	}
	if err := unix.Linkat(from, name, p.parent, base, 0); err != nil {
		return fmt.Errorf("linkat = %w", err)
	}
	return nil
}

// finish gives the directories their times, as Unpack does.
func (p *placing) finish() error {
	for name, times := range p.times {
		fd, err := p.ground.Open(name)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			continue
		}
		if err != nil {
			return err
		}
		err = unix.UtimesNanoAt(fd, "", times[:], unix.AT_EMPTY_PATH)
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("%q: times: %w", path.Join(p.ground.Name, name), err)
		}
	}
	return nil
}
