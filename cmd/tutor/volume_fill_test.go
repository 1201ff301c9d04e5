package main_test

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What lies where in the image decides what a first use finds. These are Docker's answers as well: TestVolumesDoWhatDockerDoes.
func TestAFirstUseFillsAVolumeFromTheImage(t *testing.T) {
	root(t)
	noVolumes(t)
	day := time.Date(2003, 3, 3, 3, 3, 3, 0, time.UTC)
	bring(t, "full", v1.Config{},
		entry{&tar.Header{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o1750, Uid: 12, Gid: 34, ModTime: day}, ""},
		entry{&tar.Header{Name: "data/tool", Typeflag: tar.TypeReg, Mode: 0o4755, Uid: 5, Gid: 6, ModTime: day,
			PAXRecords: map[string]string{"SCHILY.xattr.user.color": "red"}}, "tool\n"},
		entry{&tar.Header{Name: "data/hard", Typeflag: tar.TypeLink, Linkname: "data/tool"}, ""},
		symlink("data/link", "/etc/passwd"),
		entry{&tar.Header{Name: "data/fifo", Typeflag: tar.TypeFifo, Mode: 0o640, Uid: 7, ModTime: day}, ""},
		entry{&tar.Header{Name: "data/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0o666, ModTime: day}, ""},
		entry{&tar.Header{Name: "data/sub/", Typeflag: tar.TypeDir, Mode: 0o2711, Gid: 9, ModTime: day}, ""},
		file("data/sub/deep", 0o600, "deep\n"),
		symlink("way", "data"))
	stopped(t, "filler", "-v", "whole:/way", "full", "/bin/cat", "/way/tool", "/data/sub/deep")
	filler, err := testHome().Find("filler")
	require.NoError(t, err)
	layer, data := filepath.Join(home, "root", "layers", filler.Layers[0], "data"), volumeData("whole")
	looks := func(dir string) string {
		out, err := exec.Command("find", dir, "-printf", "%P %y %m %s %U %G %n %T@ %l\n").Output()
		require.NoError(t, err)
		return string(out)
	}
	require.Contains(t, looks(data), "tool f 4755 5 5 6 2 1046660583")
	require.ElementsMatch(t, strings.Split(looks(layer), "\n"), strings.Split(looks(data), "\n"))
	require.Equal(t, status(t, data+"/tool").Ino, status(t, data+"/hard").Ino)
	require.NotEqual(t, status(t, layer+"/tool").Ino, status(t, data+"/tool").Ino, "the image's own file must not be writable by way of a volume")
	value := make([]byte, 10)
	n, err := unix.Getxattr(data+"/tool", "user.color", value)
	require.NoError(t, err)
	require.Equal(t, "red", string(value[:n]))

	t.Run("but not over what is in it", func(t *testing.T) {
		ok(t, "volume", "create", "mine")
		require.NoError(t, os.WriteFile(filepath.Join(volumeData("mine"), "tool"), []byte("the user's\n"), 0o600))
		require.Equal(t, "the user's\n", ok(t, "run", "--rm", "-v", "mine:/data", "full", "/bin/cat", "/data/tool"))
		require.Len(t, globbed(t, volumeData("mine")+"/*"), 1)
	})
	t.Run("and not when it shall not", func(t *testing.T) {
		ok(t, "run", "--rm", "-v", "bare:/data:nocopy", "--mount", "src=bare2,dst=/data/sub,volume-nocopy", "full", "/bin/cat", "/etc/hosts")
		require.Len(t, globbed(t, volumeData("bare")+"/*"), 1, "the place for the other one")
		require.Empty(t, globbed(t, volumeData("bare2")+"/*"))
	})
	t.Run("one in another, in any order", func(t *testing.T) {
		require.Equal(t, "deep\n", ok(t, "run", "--rm", "-v", "inner:/data/sub", "-v", "outer:/data", "full", "/bin/cat", "/data/sub/deep"))
		require.NoError(t, os.WriteFile(filepath.Join(volumeData("inner"), "deep"), []byte("inner\n"), 0o600))
		require.Equal(t, "inner\n", ok(t, "run", "--rm", "-v", "inner:/data/sub", "-v", "outer:/data", "full", "/bin/cat", "/data/sub/deep"))
		require.Equal(t, "deep\n", read(volumeData("outer"), "sub/deep"))
	})
	t.Run("not over a file", func(t *testing.T) {
		r := tutor(t, "run", "--rm", "-v", "misplaced:/data/tool", "full", "/bin/cat")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "cannot mount volume over existing file, file exists /data/tool")
	})
	t.Run("under the container's own names", func(t *testing.T) {
		require.Contains(t, ok(t, "run", "--rm", "-v", "etc:/etc", "full", "/bin/cat", "/etc/hosts"), "localhost")
	})
}

func status(t *testing.T, path string) unix.Stat_t {
	t.Helper()
	var stat unix.Stat_t
	require.NoError(t, unix.Lstat(path, &stat))
	return stat
}

func globbed(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	return found
}

// Whoever has the empty volume mounted already sees it being filled: it is one directory from the beginning.
func TestAVolumeThatIsMountedIsFilledInItsPlace(t *testing.T) {
	root(t)
	noVolumes(t)
	_, waits := running(t, "waits", "touch /ready; while [ ! -e /mine/student ]; do sleep 0.01; done", "-v", "early:/mine")
	ok(t, "run", "--rm", "-v", "early:/home", "tutor/lab", "true")
	require.NoError(t, waits.Wait())
}
