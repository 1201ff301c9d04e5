package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A fuzzed layer is unpacked between neighbours that it must not touch: the layer below it, which belongs to
// other images too, and a secret beside both.
func unpackBetween(t *testing.T, below, layer []byte) (Stack, error) {
	t.Helper()
	base := t.TempDir()
	lower, upper := filepath.Join(base, "in/lower"), filepath.Join(base, "in/upper")
	require.NoError(t, os.MkdirAll(lower, 0o755))
	require.NoError(t, os.Mkdir(upper, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(base, "secret"), []byte(secret), 0o600))
	require.NoError(t, Unpack(context.Background(), bytes.NewReader(below), lower, nil))
	before := listing(t, lower)
	err := Unpack(context.Background(), bytes.NewReader(layer), upper, Stack{lower})
	require.Equal(t, before, listing(t, lower), "the layer below was changed")
	outside, _ := os.ReadDir(base)
	require.Len(t, outside, 2)
	inside, _ := os.ReadDir(filepath.Join(base, "in"))
	require.Len(t, inside, 2)
	data, _ := os.ReadFile(filepath.Join(base, "secret"))
	require.Equal(t, secret, string(data))
	return Stack{upper, lower}, err
}

// Whatever the bytes are: no panic, no file outside, and what was unpacked can be removed again.
func FuzzUnpack(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root: owners and device nodes")
	}
	f.Add(makeLayer(f, dir("d", 0o755), file("d/a", "alpha"), link("l", "/d"), file("l/b", "beta"), hard("h", "l/a")))
	f.Add(makeLayer(f, link("l", ".."), file("l/l/l/x", "x"), file(".wh.l", ""), file("d/.wh..wh..opq", "")))
	f.Add(makeLayer(f, file("../x", "x")))
	f.Add(makeLayer(f, special(tar.TypeChar, "c", 1, 3), hard("c2", "c"), link("c", "c2"), dir("c", 0)))
	f.Add(paxLayer("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.size=100", "GNU.sparse.numblocks=2", "GNU.sparse.map=0,0,100,0"))
	f.Add(paxLayer("path=x/../../y", "linkpath=/", "mtime=-1.5", "uid=4294967295", "SCHILY.xattr.user.x=y"))
	below := makeLayer(f, dir("d", 0o700), file("d/a", "below"), link("l", "d"), file("x", "x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		stack, err := unpackBetween(t, below, data)
		if err == nil {
			stack.ReadFile("l/a", 100)
		}
	})
}

// The names decide where things go, so they are made up apart from the format: two entries of any type, each with
// a name and a target, on top of a layer with links that lead out.
func FuzzNames(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root: owners and device nodes")
	}
	for _, name := range []string{"a", ".", "..", "/", "", "../secret", "up/secret", "abs/secret", "d/../../secret", ".wh.", ".wh..", ".wh...", ".wh.a", "d/.wh..wh..opq",
		".wh..wh..opq", "up/.wh.secret", "loop/x", "d/.wh..wh.plnk", "self/self/a", "\x00", "a\nb", "in/lower/d/a", "up/../in/lower"} {
		f.Add(byte(tar.TypeReg), name, "x", byte(tar.TypeDir), "d", "")
		f.Add(byte(tar.TypeSymlink), "s", name, byte(tar.TypeReg), "s/x", "x")
		f.Add(byte(tar.TypeLink), "h", name, byte(tar.TypeReg), name, "y")
	}
	below := makeLayer(f, dir("d", 0o700), file("d/a", "below"), link("up", "../../.."), link("abs", f.TempDir()), link("loop", "loop"), link("self", "."), special(tar.TypeFifo, "fifo", 0, 0))
	f.Fuzz(func(t *testing.T, kind1 byte, name1, target1 string, kind2 byte, name2, target2 string) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []*tar.Header{{Typeflag: kind1, Name: name1, Linkname: target1, Mode: 0o6777}, {Typeflag: kind2, Name: name2, Linkname: target2, Mode: 0o777}} {
			if w.WriteHeader(h) != nil {
				return
			}
		}
		w.Close()
		stack, err := unpackBetween(t, below, b.Bytes())
		if err != nil {
			return
		}
		for _, name := range []string{"d/a", "up/secret", "abs/secret", name1, name2} {
			data, err := stack.ReadFile(name, 1000)
			require.False(t, err == nil && string(data) == secret, "%q shows the secret", name)
		}
	})
}
