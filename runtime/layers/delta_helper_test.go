package layers

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// changed runs a shell script in an overlay over the layers, as a container's root would, and gives what it
// changed. The mount lives in a namespace of its own, and is gone with it.
func changed(t testing.TB, below Stack, script string) Delta {
	t.Helper()
	base, err := os.MkdirTemp("", "delta-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, dir := range []string{"upper", "work", "root"} {
		require.NoError(t, os.Mkdir(filepath.Join(base, dir), 0o755))
		require.NoError(t, os.Chmod(filepath.Join(base, dir), 0o755))
	}
	d := Delta{Upper: filepath.Join(base, "upper"), Below: below}
	out, err := inOverlay(base, "lowerdir="+strings.Join(below, ":")+",upperdir="+d.Upper+",workdir="+base+"/work", "sh", "-ec", script)
	require.NoError(t, err, out)
	return d
}

const mountAndRun = `mount -t overlay overlay -o "$2" "$1" && cd "$1" && shift 2 && exec "$@"`

// inOverlay runs a command in the root of an overlay that only it sees.
func inOverlay(base, options string, command ...string) (string, error) {
	cmd := exec.Command("sh", append([]string{"-ec", mountAndRun, "sh", filepath.Join(base, "root"), options}, command...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// view is all that a container would see of a stack: one line a name. A child process looks at the mount.
func view(t testing.TB, below Stack) []string {
	t.Helper()
	base, err := os.MkdirTemp("", "view-")
	require.NoError(t, err)
	defer os.RemoveAll(base)
	for _, dir := range []string{"empty", "root"} {
		require.NoError(t, os.Mkdir(filepath.Join(base, dir), 0o755))
	}
	t.Setenv("TUTOR_TEST_VIEW", "1")
	options := "lowerdir=" + strings.Join(append(slices.Clone(below), filepath.Join(base, "empty")), ":")
	out, err := inOverlay(base, options, os.Args[0], "-test.run=^TestViewChild$")
	require.NoError(t, err, out)
	var lines []string
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "\"") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestViewChild(t *testing.T) {
	if os.Getenv("TUTOR_TEST_VIEW") == "" {
		t.Skip("the child of other tests")
	}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		s := lstat(t, path)
		if s.Mode&unix.S_IFMT == unix.S_IFSOCK {
			return nil
		}
		if path == "." {
			s.Mtim = unix.Timespec{} // every container has a new one
		}
		links, content := uint64(s.Nlink), ""
		switch s.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			s.Size, links = 0, 0
		case unix.S_IFLNK:
			content, err = os.Readlink(path)
			require.NoError(t, err)
		case unix.S_IFREG:
			if s.Size < 1<<20 {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				content = string(data)
			}
		}
		xattrs, err := visible(path, s)
		require.NoError(t, err)
		fmt.Printf("%q %o %d:%d size=%d dev=%d time=%d.%09d links=%d %q %q\n", path, s.Mode, s.Uid, s.Gid, s.Size, s.Rdev, s.Mtim.Sec, s.Mtim.Nsec, links, xattrs, content)
		return nil
	}))
}

func visible(path string, s unix.Stat_t) (map[string]string, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return xattrsOf(fd, s)
}

func pack(t testing.TB, d Delta) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := d.Pack(t.Context(), &b)
	require.NoError(t, err)
	return b.Bytes()
}

func listed(t testing.TB, d Delta) []string {
	t.Helper()
	var lines []string
	require.NoError(t, d.Changes(t.Context(), func(c Change) error {
		lines = append(lines, string(c.Kind)+" "+c.Path)
		return nil
	}))
	return lines
}

// onTop unpacks a layer over a stack.
func onTop(t testing.TB, layer []byte, below Stack) Stack {
	t.Helper()
	dir, err := os.MkdirTemp("", "layers-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, Unpack(context.Background(), bytes.NewReader(layer), dir, below))
	return append(Stack{dir}, below...)
}
