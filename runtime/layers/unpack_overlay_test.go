package layers

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// overlayShows shows a stack as the kernel's overlayfs shows it: one line a file. A child process does it, in its
// own mount namespace, so that the mount is gone with it.
func overlayShows(t *testing.T, s Stack) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestMountedChild$")
	child.Env = append(os.Environ(), "TUTOR_TEST_LOWER="+strings.Join(s, ":"), "TUTOR_TEST_TARGET="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := child.CombinedOutput()
	if strings.Contains(string(out), "SKIP") {
		t.Skip("overlayfs can not be mounted here: " + string(out))
	}
	require.NoError(t, err, string(out))
	lines := strings.Split(string(out), "\n")
	var seen []string
	for _, line := range lines {
		if strings.HasPrefix(line, "/") {
			seen = append(seen, line)
		}
	}
	return seen
}

func TestMountedChild(t *testing.T) {
	lower, target := os.Getenv("TUTOR_TEST_LOWER"), os.Getenv("TUTOR_TEST_TARGET")
	if lower == "" {
		t.Skip("the child of other tests")
	}
	require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	if !strings.Contains(lower, ":") {
		lower += ":" + t.TempDir()
	}
	if err := unix.Mount("overlay", target, "overlay", unix.MS_RDONLY, "lowerdir="+lower); errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EPERM) {
		fmt.Println("SKIP", err)
		return
	} else {
		require.NoError(t, err)
	}
	require.NoError(t, filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content := ""
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = " " + string(data)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, target)
		if name != "" {
			fmt.Printf("%s %s%s\n", name, info.Mode(), content)
		}
		return nil
	}))
	require.NoError(t, unix.Unmount(target, 0))
}

func TestOverlayShowsWhiteoutsAsDeletions(t *testing.T) {
	needRoot(t)
	base := makeLayer(t, dir("d", 0o750), file("d/gone", "1"), file("d/kept", "2"), dir("tree", 0o755), file("tree/a", "3"), dir("tree/sub", 0o755), file("tree/sub/b", "4"), file("top", "5"), link("sym", "d"))
	for name, c := range map[string]struct {
		layers [][]byte
		want   []string
	}{
		"a file": {[][]byte{base, makeLayer(t, file("d/.wh.gone", ""))},
			[]string{"/d drwxr-x---", "/d/kept -rw-r--r-- 2", "/sym Lrwxrwxrwx", "/top -rw-r--r-- 5", "/tree drwxr-xr-x", "/tree/a -rw-r--r-- 3", "/tree/sub drwxr-xr-x", "/tree/sub/b -rw-r--r-- 4"}},
		"a tree, and a name that never was": {[][]byte{base, makeLayer(t, file(".wh.tree", ""), file(".wh.never", ""), file("no/.wh.such", ""), file("d/.wh.never", ""))},
			[]string{"/d drwxr-x---", "/d/gone -rw-r--r-- 1", "/d/kept -rw-r--r-- 2", "/sym Lrwxrwxrwx", "/top -rw-r--r-- 5"}},
		"opaque, its own files stay": {[][]byte{base, makeLayer(t, file("tree/new", "6"), file("tree/.wh..wh..opq", ""), file("tree/later", "7"), file(".wh.d", ""), file(".wh.sym", ""))},
			[]string{"/top -rw-r--r-- 5", "/tree drwxr-xr-x", "/tree/later -rw-r--r-- 7", "/tree/new -rw-r--r-- 6"}},
		"an opaque root": {[][]byte{base, makeLayer(t, file("first", "8"), file(".wh..wh..opq", ""), file("d/only", "9"))},
			[]string{"/d drwxr-xr-x", "/d/only -rw-r--r-- 9", "/first -rw-r--r-- 8"}},
		"a whiteout and its name, both orders": {[][]byte{base, makeLayer(t, file(".wh.top", ""), file("top", "new"), file("d/kept", "new"), file("d/.wh.kept", ""),
			file(".wh.tree", ""), dir("tree", 0o700), file("tree/x", "x"), file(".wh.sym", ""), file("sym", "file"))},
			[]string{"/d drwxr-x---", "/d/gone -rw-r--r-- 1", "/d/kept -rw-r--r-- new", "/sym -rw-r--r-- file", "/top -rw-r--r-- new", "/tree drwx------", "/tree/x -rw-r--r-- x"}},
		"a new directory, then its whiteout": {[][]byte{base, makeLayer(t, dir("tree", 0o700), file("tree/x", "x"), file(".wh.tree", ""), file(".wh.d", ""), file(".wh.sym", ""), file(".wh.top", ""))},
			[]string{"/tree drwx------", "/tree/x -rw-r--r-- x"}},
		"deleted, then back in a third layer": {[][]byte{base, makeLayer(t, file(".wh.tree", ""), file(".wh.d", ""), file(".wh.sym", "")), makeLayer(t, file("tree/a", "back"), file(".wh.d", ""))},
			[]string{"/top -rw-r--r-- 5", "/tree drwxr-xr-x", "/tree/a -rw-r--r-- back"}},
		"through a symlink": {[][]byte{base, makeLayer(t, file("sym/.wh.gone", ""), file("sym/more", "m"), file(".wh.tree", ""))},
			[]string{"/d drwxr-x---", "/d/kept -rw-r--r-- 2", "/d/more -rw-r--r-- m", "/sym Lrwxrwxrwx", "/top -rw-r--r-- 5"}},
		"a file where a directory was": {[][]byte{base, makeLayer(t, file("tree", "flat"), file("d", "flat"), dir("sym", 0o700), file("top/in", "dir now"))},
			[]string{"/d -rw-r--r-- flat", "/sym drwx------", "/top drwxr-xr-x", "/top/in -rw-r--r-- dir now", "/tree -rw-r--r-- flat"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustUnpack(t, c.layers...)
			require.Equal(t, c.want, overlayShows(t, s))
			same := map[string]string{}
			for _, line := range c.want {
				if fields := strings.SplitN(line, " ", 3); len(fields) == 3 {
					same[fields[0]] = fields[2]
				}
			}
			for _, path := range []string{"/d/gone", "/d/kept", "/tree/a", "/tree/sub/b", "/top", "/tree/x", "/d/only", "/first", "/tree/new", "/d/more", "/top/in"} {
				data, err := s.ReadFile(path, 100)
				want, there := same[path]
				require.Equal(t, there, err == nil, "%s: ReadFile and overlayfs disagree", path)
				require.Equal(t, want, string(data))
			}
		})
	}
}

func TestOverlayShowsDevicesOfLayersOnlyAsNodes(t *testing.T) {
	needRoot(t)
	s := mustUnpack(t, makeLayer(t, dir("dev", 0o755), special(tar.TypeBlock, "dev/sda", 8, 0), special(tar.TypeFifo, "dev/fifo", 0, 0)), makeLayer(t, file("x", "x")))
	require.Equal(t, []string{"/dev drwxr-xr-x", "/dev/fifo prw-r-----", "/dev/sda Drw-r-----", "/x -rw-r--r-- x"}, overlayShows(t, s))
}
