//go:build box

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// applyLayer unpacks one layer over those below it: first what it deletes, then what it brings. os.Root refuses every
// path that leaves the directory, by ".." or through a symbolic link: what an image says is a stranger's word.
func applyLayer(blob []byte, to string) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := eachEntry(blob, func(h *tar.Header, _ io.Reader) error { return remove(root, h.Name) }); err != nil {
		return err
	}
	return eachEntry(blob, func(h *tar.Header, content io.Reader) error { return bring(root, h, content) })
}

func eachEntry(blob []byte, do func(*tar.Header, io.Reader) error) error {
	var stream io.Reader = bytes.NewReader(blob)
	if bytes.HasPrefix(blob, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(stream)
		if err != nil {
			return err
		}
		stream = unzipped
	}
	for archive := tar.NewReader(stream); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Name = strings.TrimPrefix(path.Clean(h.Name), "/"); h.Name == "" {
			continue
		}
		if err := do(h, archive); err != nil {
			return err
		}
	}
}

const whiteout, opaque = ".wh.", ".wh..wh..opq"

// remove does what a whiteout says.
func remove(root *os.Root, name string) error {
	dir, base := path.Split(name)
	if base == opaque {
		below, err := fs.ReadDir(root.FS(), path.Clean(dir))
		for _, e := range below {
			err = errors.Join(err, root.RemoveAll(dir+e.Name()))
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if hidden, found := strings.CutPrefix(base, whiteout); found {
		return root.RemoveAll(dir + hidden)
	}
	return nil
}

// bring makes one file.
func bring(root *os.Root, h *tar.Header, content io.Reader) error {
	if strings.HasPrefix(path.Base(h.Name), whiteout) {
		return nil
	}
	if err := root.MkdirAll(path.Dir(h.Name), 0o755); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeDir {
		root.RemoveAll(h.Name) // a file takes the place of whatever is there
	}
	mode := os.FileMode(h.Mode).Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(h.Name, mode); err != nil {
			return err
		}
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, h.Name)
	case tar.TypeLink:
		return root.Link(h.Linkname, h.Name)
	case tar.TypeReg:
		file, err := root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, content); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	default:
		return nil // devices and pipes: nothing here needs them
	}
	return errors.Join(root.Lchown(h.Name, h.Uid, h.Gid), root.Chmod(h.Name, mode))
}
