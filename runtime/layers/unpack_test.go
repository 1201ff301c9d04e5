package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestUnpackKeepsWhatTheTarSays(t *testing.T) {
	needRoot(t)
	long := strings.Repeat("long-name/", 20) + strings.Repeat("n", 200)
	owned := file("owned", "x")
	owned.Uid, owned.Gid, owned.Mode = 1234, 3_000_000_000, 0o4755
	owned.PAXRecords = map[string]string{"SCHILY.xattr.user.note": "hello", "SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.user.overlay.opaque": "y"}
	evil := dir("opaque", 0o755)
	evil.PAXRecords = map[string]string{"SCHILY.xattr.trusted.overlay.opaque": "y"}
	d := dir("d", 0o1777)
	d.Uid = 7
	s := mustUnpack(t, makeLayer(t, d, file("d/a", "alpha"), owned, evil, link("l", "/d/a"), hard("h", "d/a"),
		special(tar.TypeFifo, "fifo", 0, 0), special(tar.TypeChar, "null", 1, 3), special(tar.TypeBlock, "sda", 8, 0),
		file(long, "deep"), dir("./", 0o711), file("/absolute", "below the root")))
	at := func(name string) string { return filepath.Join(s[0], name) }

	st := lstat(t, at("owned"))
	require.EqualValues(t, []uint32{unix.S_IFREG | 0o4755, 1234, 3_000_000_000}, []uint32{st.Mode, st.Uid, st.Gid})
	value := make([]byte, 64)
	n, err := unix.Lgetxattr(at("owned"), "user.note", value)
	require.NoError(t, err)
	require.Equal(t, "hello", string(value[:n]))
	n, err = unix.Lgetxattr(at("owned"), "security.capability", value)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	for _, x := range []struct{ name, xattr string }{{"owned", "trusted.overlay.redirect"}, {"owned", "user.overlay.opaque"}, {"opaque", opaqueName}} {
		_, err = unix.Lgetxattr(at(x.name), x.xattr, value)
		require.ErrorIs(t, err, unix.ENODATA, x.xattr)
	}
	for _, name := range []string{"d", "owned", "l", "fifo", "d/a"} {
		st := lstat(t, at(name))
		require.Equal(t, someTime.Unix(), st.Mtim.Sec, name)
	}
	require.EqualValues(t, 123456789, lstat(t, at("d/a")).Mtim.Nsec)
	require.EqualValues(t, unix.S_IFDIR|0o1777, lstat(t, at("d")).Mode)
	require.EqualValues(t, unix.S_IFDIR|0o711, lstat(t, at(".")).Mode)
	require.EqualValues(t, unix.S_IFIFO|0o640, lstat(t, at("fifo")).Mode)
	require.EqualValues(t, unix.Mkdev(1, 3), lstat(t, at("null")).Rdev)
	require.EqualValues(t, unix.Mkdev(8, 0), lstat(t, at("sda")).Rdev)
	require.Equal(t, lstat(t, at("d/a")).Ino, lstat(t, at("h")).Ino)
	require.EqualValues(t, 0o644, lstat(t, at("h")).Mode&0o7777, "a hard link brings no mode of its own")
	target, err := os.Readlink(at("l"))
	require.NoError(t, err)
	require.Equal(t, "/d/a", target)
	for name, want := range map[string]string{long: "deep", "absolute": "below the root"} {
		data, err := os.ReadFile(at(name))
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
}

func TestAnEntryReplacesAnEarlierOneOfAnyType(t *testing.T) {
	needRoot(t)
	makers := map[string]func(name string) []*tar.Header{
		"file":    func(n string) []*tar.Header { return []*tar.Header{file(n, "x")} },
		"dir":     func(n string) []*tar.Header { return []*tar.Header{dir(n, 0o755), file(n+"/inside", "x")} },
		"symlink": func(n string) []*tar.Header { return []*tar.Header{link(n, "/elsewhere")} },
		"fifo":    func(n string) []*tar.Header { return []*tar.Header{special(tar.TypeFifo, n, 0, 0)} },
		"device":  func(n string) []*tar.Header { return []*tar.Header{special(tar.TypeChar, n, 1, 3)} },
		"link":    func(n string) []*tar.Header { return []*tar.Header{file("t", "x"), hard(n, "t")} },
	}
	kinds := map[string]uint32{"file": unix.S_IFREG, "link": unix.S_IFREG, "dir": unix.S_IFDIR, "symlink": unix.S_IFLNK, "fifo": unix.S_IFIFO, "device": unix.S_IFCHR}
	for first, makeFirst := range makers {
		for second, makeSecond := range makers {
			s := mustUnpack(t, makeLayer(t, append(makeFirst("a/n"), makeSecond("a/n")...)...))
			require.Equal(t, kinds[second], lstat(t, filepath.Join(s[0], "a/n")).Mode&unix.S_IFMT, "%s, then %s", first, second)
		}
	}
}

func TestParentsLookAsTheyDoBelow(t *testing.T) {
	needRoot(t)
	tmp, etc := dir("tmp", 0o1777), dir("etc/deep", 0o750)
	etc.Uid, etc.Gid = 12, 34
	etc.PAXRecords = map[string]string{"SCHILY.xattr.user.note": "kept"}
	s := mustUnpack(t, makeLayer(t, dir("./", 0o701), tmp, etc), makeLayer(t, file("tmp/x", "x"), file("etc/deep/y", "y"), file("quite/new", "z")))
	for _, name := range []string{"tmp", "etc/deep", "."} {
		below, here := lstat(t, filepath.Join(s[1], name)), lstat(t, filepath.Join(s[0], name))
		require.Equal(t, []any{below.Mode, below.Uid, below.Gid, below.Mtim}, []any{here.Mode, here.Uid, here.Gid, here.Mtim}, name)
	}
	value := make([]byte, 16)
	n, err := unix.Lgetxattr(filepath.Join(s[0], "etc/deep"), "user.note", value)
	require.NoError(t, err)
	require.Equal(t, "kept", string(value[:n]))
	require.EqualValues(t, unix.S_IFDIR|0o755, lstat(t, filepath.Join(s[0], "quite")).Mode)
}

func TestSymlinkedParentsLeadWhereAContainerSeesThem(t *testing.T) {
	needRoot(t)
	s := mustUnpack(t, makeLayer(t, dir("usr/lib", 0o755), link("lib", "usr/lib"), link("up", "../../../usr"), link("abs", "/usr/lib"), file("usr/lib/old", "o")),
		makeLayer(t, file("lib/a", "a"), file("up/b", "b"), file("abs/c", "c"), link("dangling", "/not/yet"), file("dangling/d", "d")))
	for name, want := range map[string]string{"usr/lib/a": "a", "usr/b": "b", "usr/lib/c": "c", "not/yet/d": "d"} {
		data, err := os.ReadFile(filepath.Join(s[0], name))
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	require.NoFileExists(t, filepath.Join(s[0], "lib"), "the lower layer's symlink stays what it is")
	data, err := s.ReadFile("/lib/old", 10)
	require.NoError(t, err)
	require.Equal(t, "o", string(data))
}

func TestHardLinkAcrossLayersCopiesTheFileUp(t *testing.T) {
	needRoot(t)
	target := file("usr/bin/tool", "binary")
	target.Mode, target.Uid = 0o4711, 42
	s := mustUnpack(t, makeLayer(t, dir("usr/bin", 0o711), target, link("sym", "usr/bin/tool"), special(tar.TypeFifo, "fifo", 0, 0)),
		makeLayer(t, hard("other", "usr/bin/tool"), hard("sym2", "sym"), hard("fifo2", "/fifo")))
	one, two := lstat(t, filepath.Join(s[0], "usr/bin/tool")), lstat(t, filepath.Join(s[0], "other"))
	require.Equal(t, one.Ino, two.Ino)
	require.EqualValues(t, []uint32{unix.S_IFREG | 0o4711, 42}, []uint32{two.Mode, two.Uid})
	require.EqualValues(t, unix.S_IFDIR|0o711, lstat(t, filepath.Join(s[0], "usr/bin")).Mode)
	require.EqualValues(t, unix.S_IFLNK, lstat(t, filepath.Join(s[0], "sym2")).Mode&unix.S_IFMT, "a link to a symlink is a symlink")
	require.EqualValues(t, unix.S_IFIFO, lstat(t, filepath.Join(s[0], "fifo2")).Mode&unix.S_IFMT)
	_, err := unpackAll(t, makeLayer(t, hard("a", "missing")))
	require.ErrorIs(t, err, unix.ENOENT)
	_, err = unpackAll(t, makeLayer(t, dir("d", 0o755), hard("a", "d")))
	require.ErrorContains(t, err, "it is a directory")
}

func TestSparseFilesStaySparseAndBounded(t *testing.T) {
	needRoot(t)
	zeros := file("big", strings.Repeat("\x00", 8<<20))
	s := mustUnpack(t, makeLayer(t, zeros))
	st := lstat(t, filepath.Join(s[0], "big"))
	require.EqualValues(t, 8<<20, st.Size)
	require.Less(t, st.Blocks*512, int64(1<<20), "zeros take no room")

	_, err := unpackAll(t, sparseClaim(t, 1<<62))
	require.ErrorContains(t, err, "larger than 68719476736 bytes")
	s = mustUnpack(t, sparseClaim(t, 4<<30))
	st = lstat(t, filepath.Join(s[0], "bomb"))
	require.EqualValues(t, 4<<30, st.Size)
	require.Less(t, st.Blocks*512, int64(1<<20))
}

// sparseClaim is a header of the old GNU kind that claims size bytes in 512, all of them one hole (tar(5)).
func sparseClaim(t *testing.T, size uint64) []byte {
	b := makeLayer(t, &tar.Header{Typeflag: tar.TypeReg, Name: "bomb", Mode: 0o644, Format: tar.FormatGNU})
	b[156] = tar.TypeGNUSparse
	for _, at := range []int{386, 483} { // where the one piece of data (of no bytes) begins; the size as it seems
		b[at] = 0x80 // base 256
		binary.BigEndian.PutUint64(b[at+4:], size)
	}
	copy(b[398:], "00000000000\x00")
	return checked(b)
}

func TestWhatIsNoTarEndsAtOnce(t *testing.T) {
	needRoot(t)
	whole := makeLayer(t, file("a", strings.Repeat("x", 5000)), file("b", "y"))
	for name, layer := range map[string][]byte{
		"garbage":        bytes.Repeat([]byte("garbage!"), 1000),
		"short":          []byte("x"),
		"cut in a file":  whole[:2000],
		"cut in a head":  whole[:300],
		"random types":   makeLayer(t, &tar.Header{Typeflag: 'Q', Name: "a"}),
		"negative owner": makeLayer(t, &tar.Header{Typeflag: tar.TypeReg, Name: "a", Uid: -1, Format: tar.FormatGNU}),
		"owner of -1":    makeLayer(t, &tar.Header{Typeflag: tar.TypeReg, Name: "a", Uid: 1<<32 - 1, Format: tar.FormatGNU}),
		"owner above":    makeLayer(t, &tar.Header{Typeflag: tar.TypeReg, Name: "a", Gid: 1 << 32, Format: tar.FormatGNU}),
		"root as a file": makeLayer(t, file(".", "")),
	} {
		_, err := unpackAll(t, layer)
		require.Error(t, err, name)
	}
	mustUnpack(t, whole)
	mustUnpack(t, nil)
}

func TestPaddingIsReadInBoundedMemoryAndItsErrorCounts(t *testing.T) {
	needRoot(t)
	layer := makeLayer(t, file("a", "x"))
	padded := io.MultiReader(bytes.NewReader(layer), io.LimitReader(zeros{}, 1<<30))
	require.NoError(t, Unpack(t.Context(), padded, t.TempDir(), nil))
	broken := io.MultiReader(bytes.NewReader(layer), brokenReader{})
	require.ErrorIs(t, Unpack(t.Context(), broken, t.TempDir(), nil), io.ErrClosedPipe, "the digest is known only there")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Unpack(ctx, io.MultiReader(bytes.NewReader(layer), zeros{}), t.TempDir(), nil), context.Canceled)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
