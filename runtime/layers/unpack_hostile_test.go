package layers

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// attack unpacks layers that are after the canary. Whether they are refused or resolved inside is their
// matter; the canary is ours. It returns the stack for further questions.
func attack(t *testing.T, c canary, layers ...[]byte) (Stack, error) {
	t.Helper()
	s, err := unpackAll(t, layers...)
	c.sings(t)
	for _, dir := range s {
		require.NotContains(t, listing(t, dir), secret, "the layer holds what it must not know")
	}
	return s, err
}

func TestNamesLeadNowhereElse(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	up := strings.Repeat("../", 20)
	for _, name := range []string{up + c.dir[1:] + "/pwn", "a/" + up + c.dir[1:] + "/pwn", "..", "a/..", "./..", "a/../b"} {
		_, err := attack(t, c, makeLayer(t, file(name, "pwned")))
		require.ErrorContains(t, err, "leads out of the layer", name)
	}
	s, err := attack(t, c, makeLayer(t, file(c.dir+"/pwn", "pwned")))
	require.NoError(t, err, "an absolute name is one below the root")
	data, err := s.ReadFile(c.dir+"/pwn", 100)
	require.NoError(t, err)
	require.Equal(t, "pwned", string(data))
	_, err = attack(t, c, makeLayer(t, file("control/pwn", "fine")))
	require.NoError(t, err)
}

func TestWritingThroughASymlinkStaysInside(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	for _, target := range []string{c.dir, strings.Repeat("../", 20) + c.dir[1:]} {
		for name, layers := range map[string][][]byte{
			"one layer":  {makeLayer(t, link("l", target), file("l/pwn", "pwned"), dir("l/sub", 0o777), file("l/secret", "new"))},
			"two layers": {makeLayer(t, link("l", target)), makeLayer(t, file("l/pwn", "pwned"), dir("l/sub", 0o777), file("l/secret", "new"))},
			"two links":  {makeLayer(t, link("m", target), link("l", "m")), makeLayer(t, file("l/pwn", "pwned"))},
		} {
			s, err := attack(t, c, layers...)
			require.NoError(t, err, name)
			data, err := s.ReadFile(c.dir+"/pwn", 100)
			require.NoError(t, err, name)
			require.Equal(t, "pwned", string(data), "the file is in the image's own directory of that name")
		}
	}
	s, err := attack(t, c, makeLayer(t, link("secret", c.dir+"/secret")), makeLayer(t, file("secret", "replaced")))
	require.NoError(t, err, "an entry replaces a symlink, and does not follow it")
	data, err := s.ReadFile("secret", 100)
	require.NoError(t, err)
	require.Equal(t, "replaced", string(data))
	_, err = attack(t, c, makeLayer(t, link("a", "b"), link("b", "a"), file("a/x", "")))
	require.Error(t, err, "a loop")
}

func TestHardLinksReachNothingOutside(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	_, err := attack(t, c, makeLayer(t, hard("h", c.dir+"/secret")))
	require.Error(t, err)
	_, err = attack(t, c, makeLayer(t, hard("h", strings.Repeat("../", 20)+c.dir[1:]+"/secret")))
	require.ErrorContains(t, err, "leads out of the layer")
	_, err = attack(t, c, makeLayer(t, link("l", c.dir), hard("h", "l/secret")))
	require.Error(t, err)
	_, err = attack(t, c, makeLayer(t, link("l", c.dir)), makeLayer(t, hard("h", "l/secret")))
	require.Error(t, err)
	for _, layers := range [][][]byte{ // U4: mode and owner through a link to a symlink
		{makeLayer(t, link("l", c.dir+"/secret"), hard("h", "l"))},
		{makeLayer(t, link("l", c.dir+"/secret")), makeLayer(t, hard("h", "l"))},
	} {
		_, err = attack(t, c, layers...)
		require.NoError(t, err)
	}
	_, err = attack(t, c, makeLayer(t, file("f", "mine"), hard("h", "f"), hard("f", "f")))
	require.NoError(t, err, "the control, and a link to itself")
}

func TestLooksAreNotSetThroughSymlinks(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	d := dir("l", 0o4777)
	d.Uid, d.PAXRecords = 99, map[string]string{"SCHILY.xattr.user.pwn": "1"}
	f := file("s", "x")
	f.Uid, f.Mode = 99, 0o4777
	own := link("s", c.dir+"/secret")
	own.Uid = 99
	_, err := attack(t, c, makeLayer(t, link("l", c.dir), d, own, f, own, special(tar.TypeFifo, "s", 0, 0)))
	require.NoError(t, err)
	_, err = attack(t, c, makeLayer(t, link("l", c.dir), own), makeLayer(t, d, f))
	require.NoError(t, err)
}

func TestWhiteoutsDeleteNothing(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	for _, mark := range []string{".wh.secret", ".wh..wh..opq", ".wh.sub"} {
		_, err := attack(t, c, makeLayer(t, link("l", c.dir), file("l/"+mark, "")))
		require.NoError(t, err)
		_, err = attack(t, c, makeLayer(t, link("l", c.dir)), makeLayer(t, file("l/"+mark, "")))
		require.NoError(t, err)
	}
	for _, mark := range []string{".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..", "d/.wh..."} {
		s, err := attack(t, c, makeLayer(t, dir("d", 0o755), file("d/x", "x")), makeLayer(t, file(mark, "")))
		require.ErrorContains(t, err, "a whiteout of", mark)
		require.DirExists(t, filepath.Join(s[1], "d"))
	}
}

// Stack.ReadFile is how the host reads /etc/passwd of a stranger's image.
func TestReadFileIsNotFooled(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	s := mustUnpack(t, makeLayer(t,
		dir("etc", 0o755), file("etc/real", "real"), link("etc/passwd", c.dir+"/passwd"), link("etc/up", "../../../../"+c.dir+"/secret"),
		link("etc/inside", "/etc/real"), link("etc/rel", "../etc/./real"), link("etc/loop", "loop"), link("out", c.dir),
		special(tar.TypeFifo, "etc/fifo", 0, 0), special(tar.TypeChar, "etc/zero", 1, 5), file("etc/sparse", ""), file("plain", "")))
	require.NoError(t, os.Truncate(filepath.Join(s[0], "etc/sparse"), 4<<30))
	for _, name := range []string{"etc/real", "/etc/real", "etc/inside", "etc/rel", "../../etc/real"} {
		data, err := s.ReadFile(name, 4)
		require.NoError(t, err, name)
		require.Equal(t, "real", string(data))
	}
	for _, name := range []string{"etc/passwd", "etc/up", "out/secret", "out/../secret", "nothing", "plain/below"} {
		_, err := s.ReadFile(name, 1000)
		require.ErrorIs(t, err, os.ErrNotExist, name)
	}
	for name, words := range map[string]string{"etc/fifo": "not a regular file", "etc/zero": "not a regular file", "etc": "not a regular file",
		"etc/sparse": "larger than", "etc/loop": "too many levels"} {
		_, err := s.ReadFile(name, 1000)
		require.ErrorContains(t, err, words, name)
	}
	_, err := s.ReadFile("etc/real", 3)
	require.ErrorContains(t, err, "larger than 3 bytes")
	c.sings(t)
}
