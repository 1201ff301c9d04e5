package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var someTime = time.Date(2020, 5, 6, 7, 8, 9, 123456789, time.UTC)

// entries of a tar made by hand; the writer keeps ".." and absolute names.
func dir(name string, mode int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, ModTime: someTime, Format: tar.FormatPAX}
}

func link(name, target string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, ModTime: someTime, Format: tar.FormatPAX}
}

func hard(name, target string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o4777, ModTime: someTime}
}

// file has its content where Linkname is: a header is all that a test has to write down.
func file(name, content string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Linkname: content, Mode: 0o644, ModTime: someTime, Format: tar.FormatPAX}
}

func special(kind byte, name string, major, minor int64) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: 0o640, Devmajor: major, Devminor: minor, ModTime: someTime}
}

func makeLayer(t testing.TB, headers ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		copied := *h
		content := ""
		if h.Typeflag == tar.TypeReg {
			content, copied.Linkname = h.Linkname, ""
			copied.Size = int64(len(content))
		}
		require.NoError(t, w.WriteHeader(&copied), h.Name)
		_, err := w.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// needRoot skips what only root can do: other owners, devices, trusted xattrs.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: owners, device nodes and trusted.* xattrs")
	}
}

// unpackAll unpacks layers, lowest first, and returns them as overlayfs wants them.
func unpackAll(t testing.TB, layers ...[]byte) (Stack, error) {
	t.Helper()
	base, err := os.MkdirTemp("", "layers-") // t.TempDir has the test's name in it; overlayfs takes no commas
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	var stack Stack
	for i, l := range layers {
		to := filepath.Join(base, fmt.Sprint(i))
		require.NoError(t, os.Mkdir(to, 0o700))
		if err := Unpack(context.Background(), bytes.NewReader(l), to, stack); err != nil {
			return append(Stack{to}, stack...), err
		}
		stack = append(Stack{to}, stack...)
	}
	return stack, nil
}

func mustUnpack(t testing.TB, layers ...[]byte) Stack {
	t.Helper()
	stack, err := unpackAll(t, layers...)
	require.NoError(t, err)
	return stack
}

func lstat(t testing.TB, path string) unix.Stat_t {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Lstat(path, &stat), path)
	return stat
}

// A canary is a directory that no layer may see or change.
type canary struct{ dir, before string }

const secret = "the secret of the host"

func newCanary(t testing.TB) canary {
	t.Helper()
	c := canary{dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "secret"), []byte(secret), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "passwd"), []byte("hostuser:x:0:0::/:/bin/sh\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(c.dir, "sub"), 0o755))
	c.before = listing(t, c.dir)
	return c
}

func (c canary) sings(t testing.TB) {
	t.Helper()
	require.Equal(t, c.before, listing(t, c.dir), "the canary is dead: something outside of the layer was changed")
}

// listing is all that can be changed in a directory.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		s := lstat(t, path)
		target, _ := os.Readlink(path)
		xattrs := make([]byte, 1024)
		n, _ := unix.Llistxattr(path, xattrs)
		content := ""
		if d.Type().IsRegular() && s.Size < 1<<20 {
			data, _ := os.ReadFile(path)
			content = string(data)
		}
		fmt.Fprintf(&b, "%s %o %d:%d %d links=%d -> %q %q %q\n", path[len(dir):], s.Mode, s.Uid, s.Gid, s.Size, s.Nlink, target, xattrs[:max(n, 0)], content)
		return nil
	}))
	return b.String()
}
