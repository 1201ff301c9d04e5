package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"tutor/runtime/image"
	"tutor/runtime/layers"
)

// A Copy is what `tutor cp` was told beside the two ends.
type Copy struct {
	Container string // as it was typed
	Archive   bool   // -a: owners, set-user-ID bits and capabilities stay as they are
	Follow    bool   // -L: a symlink as the source means the file that it leads to
}

// CopyOut copies from a container to the host, and returns the bytes of the archive that it took. to: a path, with
// what its end says kept (see keepEnd).
func (h Home) CopyOut(ctx context.Context, s State, src, to string, o Copy) (int64, error) {
	to, err := outputPath(to)
	if err != nil {
		return 0, err
	}
	return h.out(ctx, s, src, o, func(from copied, fd int) (int64, error) {
		dst, err := onHost(to)
		if err != nil {
			return 0, err
		}
		dir, name, err := settle(from, dst)
		if err != nil {
			return 0, err
		}
		root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, &fs.PathError{Op: "open", Path: dir, Err: err}
		}
		defer unix.Close(root)
		ground := layers.Ground{Root: root, Dir: ".", Name: path.Clean(dir), Each: o.leaves}
		return carry(ctx, fd, name, ground)
	})
}

// CopyOutTar writes a file or directory of a container as a tar stream.
func (h Home) CopyOutTar(ctx context.Context, s State, src string, to io.Writer, o Copy) error {
	_, err := h.out(ctx, s, src, o, func(from copied, fd int) (int64, error) {
		return 0, layers.PackTree(ctx, to, fd, from.name())
	})
	return err
}

func (h Home) out(ctx context.Context, s State, src string, o Copy, do func(from copied, fd int) (int64, error)) (int64, error) {
	if src == "" {
		return 0, errNoPath
	}
	v, err := h.view(ctx, s, true)
	if err != nil {
		return 0, err
	}
	defer v.close()
	fd, err := v.find(src, o.Follow)
	if err != nil {
		return 0, notThere(src, o.Container, err)
	}
	defer unix.Close(fd)
	return do(copied{path: inside(src), exists: true, isDir: isDir(fd)}, fd)
}

// leaves makes a container's file one of the caller's. It brings no power of its own along: a set-user-ID bit
// meant somebody else, and a device that the container made by number could be the host's disk, for everybody.
func (o Copy) leaves(h *tar.Header) error {
	if h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock {
		h.Mode &^= 0o077
	}
	return o.owned(h, os.Geteuid(), os.Getegid())
}

// enters makes a file of the host's one of the container's root.
func (o Copy) enters(h *tar.Header) error { return o.owned(h, 0, 0) }

func (o Copy) owned(h *tar.Header, uid, gid int) error {
	if o.Archive {
		return nil
	}
	h.Uid, h.Gid = uid, gid
	if h.Typeflag == tar.TypeReg {
		h.Mode &^= 0o6000
		delete(h.PAXRecords, "SCHILY.xattr.security.capability")
	}
	return nil
}

// CopyIn copies from the host into a container, and returns the bytes of the archive that it took and the path
// that it went to.
func (h Home) CopyIn(ctx context.Context, s State, src, to string, o Copy) (n int64, where string, err error) {
	from, fd, err := source(src, o.Follow)
	if err != nil {
		return 0, "", err
	}
	defer unix.Close(fd)
	v, err := h.view(ctx, s, true)
	if err != nil {
		return 0, "", err
	}
	defer v.close()
	dst, err := v.destination(to, o)
	if err != nil {
		return 0, "", err
	}
	dir, name, err := settle(from, dst)
	if err != nil {
		return 0, "", err
	}
	if err := v.takes(dir, o); err != nil {
		return 0, "", err
	}
	n, err = carry(ctx, fd, name, layers.Ground{Root: v.root, Dir: dir, Links: true, Name: path.Clean(dir), Each: o.enters})
	return n, dst.path, err
}

// CopyInTar unpacks a tar stream in a directory of a container; packed with gzip or zstd it may be. Owners are the
// archive's.
func (h Home) CopyInTar(ctx context.Context, s State, stream io.Reader, to string, o Copy) error {
	v, err := h.view(ctx, s, true)
	if err != nil {
		return err
	}
	defer v.close()
	dst, err := v.destination(to, o)
	if err != nil {
		return err
	}
	if !dst.isDir {
		return fmt.Errorf("destination %q must be a directory", o.Container+":"+to)
	}
	if err := v.takes(dst.path, o); err != nil {
		return err
	}
	plain, err := image.Plain(stream)
	if err != nil {
		return err
	}
	defer plain.Close()
	return layers.Ground{Root: v.root, Dir: dst.path, Links: true, Name: path.Clean(dst.path)}.Unpack(ctx, plain)
}

// Export writes the container's root, without what is mounted in it, as one tar stream.
func (h Home) Export(ctx context.Context, s State, to io.Writer) error {
	v, err := h.view(ctx, s, false)
	if err != nil {
		return err
	}
	defer v.close()
	return layers.PackTree(ctx, to, v.root, "")
}

// carry packs on one side and unpacks on the other: the same archive that `cp -` writes and reads.
func carry(ctx context.Context, fd int, name string, to layers.Ground) (int64, error) {
	r, w := io.Pipe()
	packed := &counter{to: w}
	end := make(chan error, 1)
	go func() {
		err := layers.PackTree(ctx, packed, fd, name)
		w.CloseWithError(err)
		end <- err
	}()
	err := to.Unpack(ctx, r)
	r.CloseWithError(errGone)
	if broken := <-end; broken != nil && !errors.Is(broken, errGone) {
		return packed.n, broken // and not that a stream was cut off
	}
	return packed.n, err
}

var errGone = errors.New("nobody reads on")

// A counter counts what goes through.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
