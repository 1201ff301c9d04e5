package toolbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A copier copies trees: -r goes into directories, -p keeps mode, owner and times, -a does both and keeps
// symbolic links as links.
type copier struct {
	*tool
	recursive, keep, links, force bool
}

func cp(t *tool) error {
	o, err := parse("rRapfdLPHinTv recursive=r archive=a", t.args)
	if err != nil {
		return err
	}
	c := copier{t, o.has("rRa"), o.has("pa"), o.has("adPrR") && !o.has("L"), o.has("f")}
	return t.toDest(o, c.copy)
}

func mv(t *tool) error {
	o, err := parse("fnTv force=f", t.args)
	if err != nil {
		return err
	}
	c := copier{t, true, true, true, true}
	return t.toDest(o, func(from, to string) error {
		err := os.Rename(from, to)
		if !errors.Is(err, unix.EXDEV) {
			return err
		}
		if err := c.copy(from, to); err != nil || c.failed {
			return err
		}
		return os.RemoveAll(from)
	})
}

// toDest does the same with each source: into the destination when it is a directory, else to its name.
func (t *tool) toDest(o options, do func(from, to string) error) error {
	if len(o.rest) < 2 {
		return usageError("a source and a destination, please")
	}
	sources, dest := o.rest[:len(o.rest)-1], o.rest[len(o.rest)-1]
	into := isDir(dest) && !o.has("T")
	if len(sources) > 1 && !into {
		return at(dest, unix.ENOTDIR)
	}
	for _, from := range sources {
		to := dest
		if into {
			to = filepath.Join(dest, filepath.Base(from))
		}
		if o.has("n") {
			if _, err := os.Lstat(to); err == nil {
				continue
			}
		}
		t.complain(do(from, to))
	}
	return nil
}

func (c copier) copy(from, to string) error {
	e, err := look(from, from, !c.links)
	if err != nil {
		return err
	}
	if there, err := look(to, to, true); err == nil && there.Dev == e.Dev && there.Ino == e.Ino {
		return fmt.Errorf("%s and %s are the same file", from, to)
	}
	switch e.kind() {
	case unix.S_IFDIR:
		err = c.dir(e, from, to)
	case unix.S_IFREG:
		err = c.file(e, from, to)
	case unix.S_IFLNK:
		err = c.link(from, to)
	default:
		if !c.recursive {
			err = c.file(e, from, to)
			break
		}
		os.Remove(to)
		err = at(to, unix.Mknod(to, e.Mode, int(e.Rdev)))
	}
	if err != nil || !c.keep {
		return err
	}
	return c.attributes(e, to)
}

func (c copier) dir(e entry, from, to string) error {
	if !c.recursive {
		return fmt.Errorf("-r not specified; omitting directory %s", from)
	}
	list, err := children(from) // before the target is made: it may lie inside
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700|os.FileMode(e.Mode&0o777)); err != nil && !isDir(to) {
		return err
	}
	made, err := os.Stat(to)
	if err != nil {
		return err
	}
	for _, d := range list {
		child := filepath.Join(from, d.Name())
		if info, err := os.Lstat(child); err == nil && os.SameFile(info, made) {
			c.complain(fmt.Errorf("cannot copy %s into itself", from))
			continue
		}
		c.complain(c.copy(child, filepath.Join(to, d.Name())))
	}
	return nil
}

func (c copier) file(e entry, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, os.FileMode(e.Mode&0o777))
	if err != nil && c.force {
		os.Remove(to)
		out, err = os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, os.FileMode(e.Mode&0o777))
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func (c copier) link(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	if !isDir(to) || isLink(to) {
		os.Remove(to)
	}
	return os.Symlink(target, to)
}

// attributes come owner first: chown(2) takes the set-user-ID bit away.
func (c copier) attributes(e entry, to string) error {
	if err := unix.Lchown(to, int(e.Uid), int(e.Gid)); err != nil && os.Geteuid() == 0 {
		return at(to, err)
	}
	if e.kind() != unix.S_IFLNK {
		if err := unix.Chmod(to, e.Mode&0o7777); err != nil {
			return at(to, err)
		}
	}
	times := []unix.Timespec{e.Atim, e.Mtim}
	return at(to, unix.UtimesNanoAt(unix.AT_FDCWD, to, times, unix.AT_SYMLINK_NOFOLLOW))
}
