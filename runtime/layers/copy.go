package layers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// CopyTo copies what the stack shows in a directory into dir, which is fresh and empty, and gives dir the looks of
// that directory: owners, modes, times, extended attributes and hard links are as in the image. The path is
// walked inside the stack, its symlinks too, so "/wl" with wl -> /canary is the image's own /canary and never the
// host's (CVE-2022-23648). fs.ErrNotExist when the stack has nothing there. After an error dir is to be thrown
// away.
func (s Stack) CopyTo(ctx context.Context, name, dir string) error {
	from, err := openTree(s, mountSteps)
	if err != nil {
		return err
	}
	defer from.close()
	found, err := from.find(name, true)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return &fs.PathError{Op: "copy", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return err
	}
	defer found.close()
	if found.kind != unix.S_IFDIR {
		return fmt.Errorf("cannot mount volume over existing file, file exists %s", name)
	}
	to, err := newUnpacking(ctx, dir, nil)
	if err != nil {
		return err
	}
	defer to.close()
	from.steps = noLimit
	c := &copying{from: from, to: to, copied: map[inode]string{}}
	fd, err := openDirectory(to.tree.roots[0], ".")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return c.directory(found, fd, "")
}

// CopyLooks gives the directory to the owner, mode, extended attributes and times of from.
func CopyLooks(from, to string) error {
	source, err := openDirectory(unix.AT_FDCWD, from)
	if err != nil {
		return err
	}
	defer unix.Close(source)
	fd, err := openDirectory(unix.AT_FDCWD, to)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return copyAllLooks(fd, source)
}

func copyAllLooks(fd, from int) error {
	times, err := copyLooks(fd, from)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
}

// A copying is a merged directory on its way out of its layers. Nobody else writes on either side.
type copying struct {
	from   *tree
	to     *unpacking
	copied map[inode]string // files with more than one name: where the first is
	walk   walker           // for its bounds
}

// directory copies what is in a directory, and then its looks: each new name would change its time again.
func (c *copying) directory(from node, to int, at string) error {
	before := c.walk.held
	defer func() { c.walk.held = before }()
	var names []string
	for _, fd := range from.fds {
		more, err := c.walk.names(fd)
		if err != nil {
			return fmt.Errorf("%q: %w", "/"+at, err)
		}
		names = append(names, more...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := c.name(from, to, at, name); err != nil {
			return err
		}
	}
	return copyAllLooks(to, from.fds[0])
}

// name copies one name, and what is below it.
func (c *copying) name(dir node, to int, at, name string) error {
	at = path.Join(at, name)
	if c.walk.met++; c.walk.met > entryLimit || len(at) >= unix.PathMax {
		return fmt.Errorf("%.100q…: a layer has at most %d names, each of at most %d bytes", "/"+at, entryLimit, unix.PathMax-1)
	}
	if err := c.to.ctx.Err(); err != nil {
		return err
	}
	found, err := c.from.lookup(dir, name)
	if errors.Is(err, unix.ENOENT) {
		return nil // a whiteout
	}
	if err != nil {
		return fmt.Errorf("%q: %w", "/"+at, err)
	}
	defer found.close()
	if found.kind != unix.S_IFDIR {
		if err := c.file(found, to, at); err != nil {
			return fmt.Errorf("%q: %w", "/"+at, err)
		}
		return nil
	}
	fd, err := makeDirectory(to, name)
	if err != nil {
		return fmt.Errorf("%q: %w", "/"+at, err)
	}
	defer unix.Close(fd)
	return c.directory(found, fd, at)
}

// file copies anything but a directory; a second name of one file becomes one here too.
func (c *copying) file(from node, to int, at string) error {
	var stat unix.Stat_t
	if err := unix.Fstat(from.fds[0], &stat); err != nil {
		return err
	}
	key := inode{stat.Dev, stat.Ino}
	if first, again := c.copied[key]; again {
		return unix.Linkat(c.to.tree.roots[0], first, to, path.Base(at), 0)
	}
	if stat.Nlink > 1 {
		c.copied[key] = at
	}
	parent := c.to.parent
	c.to.parent = to
	defer func() { c.to.parent = parent }() // the descriptor is directory's
	return c.to.copy(path.Base(at), from)
}
