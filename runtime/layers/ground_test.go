package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ground is a directory below base with symlinks that lead out of it, to a secret beside it.
func ground(t *testing.T) (base string, root int) {
	t.Helper()
	base = t.TempDir()
	in := filepath.Join(base, "in")
	require.NoError(t, os.MkdirAll(filepath.Join(in, "dir/sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(base, "secret"), []byte(secret), 0o600))
	for name, target := range map[string]string{"up": "..", "dir/up": "../..", "abs": base, "file": base + "/secret", "own": "dir", "absown": "/dir"} {
		require.NoError(t, os.Symlink(target, filepath.Join(in, name)))
	}
	root, err := unix.Open(in, unix.O_PATH|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(root) })
	return base, root
}

func TestAGroundFollowsLinksInsideOrNotAtAll(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct {
		links bool
		works bool
		at    string
	}{
		"own/x":    {links: true, works: true, at: "in/dir/x"},
		"absown/x": {links: true, works: true, at: "in/dir/x"},
		"dir/up/x": {links: true, works: true, at: "in/x"},
		"up/y":     {links: true, works: true, at: "in/y"},
		"abs/x":    {links: true},
		"dir/y/z":  {works: true, at: "in/dir/y/z"},
		"own/z":    {},
		"up/x":     {},
	} {
		base, root := ground(t)
		err := Ground{Root: root, Dir: ".", Links: c.links}.Unpack(context.Background(), bytes.NewReader(makeLayer(t, file(name, "x"))))
		require.Equal(t, c.works, err == nil, "%s: %v", name, err)
		if c.works {
			require.FileExists(t, filepath.Join(base, c.at))
		}
	}
}

func TestAFileThatIsCutOffLeavesTheOldOne(t *testing.T) {
	needRoot(t)
	base, root := ground(t)
	old := filepath.Join(base, "in/dir/old")
	require.NoError(t, os.WriteFile(old, []byte("old"), 0o644))
	whole := makeLayer(t, file("dir/old", string(make([]byte, 100_000))))
	err := Ground{Root: root, Dir: "."}.Unpack(context.Background(), io.LimitReader(bytes.NewReader(whole), 50_000))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	content, err := os.ReadFile(old)
	require.NoError(t, err)
	require.Equal(t, "old", string(content))
	found, err := os.ReadDir(filepath.Dir(old))
	require.NoError(t, err)
	require.Len(t, found, 3, "old, sub, up")
}

func FuzzGround(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root: owners and device nodes")
	}
	for _, links := range []bool{true, false} {
		f.Add(makeLayer(f, dir("d", 0o755), file("d/a", "alpha"), link("l", "/d"), file("l/b", "beta"), hard("h", "l/a")), links)
		f.Add(makeLayer(f, file("up/secret", "x"), file("abs/secret", "x"), file("file", "x"), hard("h", "up/secret")), links)
		f.Add(makeLayer(f, special(tar.TypeChar, "c", 1, 3), hard("c2", "c"), link("c", "c2"), file("../x", ""), dir(".", 0)), links)
	}
	f.Fuzz(func(t *testing.T, data []byte, links bool) {
		base, root := ground(t)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a header may claim exabytes of holes
		defer cancel()
		Ground{Root: root, Dir: "dir", Links: links}.Unpack(ctx, bytes.NewReader(data))
		outside, err := os.ReadDir(base)
		require.NoError(t, err)
		require.Len(t, outside, 2)
		content, err := os.ReadFile(filepath.Join(base, "secret"))
		require.NoError(t, err)
		require.Equal(t, secret, string(content))
	})
}
