package main_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// An image whose bytes have spoilt on the disk can be removed, and then be there again.
func TestASpoiltImageCanBeRemoved(t *testing.T) {
	root(t)
	ok(t, "tag", "tutor/lab", "spoilt:1")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "spoilt:1") })
	file := filepath.Join(t.TempDir(), "one.tar")
	require.NoError(t, os.WriteFile(file, archive(t, &tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 2, Mode: 0o644}, "ab"), 0o600))
	id := strings.TrimSpace(ok(t, "import", file, "spoilt:2"))
	blob := filepath.Join(home, "root", "images", "blobs", "sha256", strings.TrimPrefix(id, "sha256:"))
	content, err := os.ReadFile(blob)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(blob, bytes.Replace(content, []byte(`"linux"`), []byte(`"linuy"`), 1), 0o600))
	r := tutor(t, "run", "--rm", "spoilt:2", "true")
	require.Contains(t, r.stderr, "is damaged")
	require.Equal(t, "Untagged: spoilt:2\n", ok(t, "rmi", "-f", "spoilt:2"))
	require.NotContains(t, ok(t, "images"), "spoilt   2")
	require.NoFileExists(t, blob, "else the next pull would take it for a good one")
	ok(t, "run", "--rm", "spoilt:1", "true") // nobody else's blobs have gone
}

// archive is a tar of one entry.
func archive(t *testing.T, h *tar.Header, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(h))
	_, err := w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// An archive that is small and would fill memory or the disk is refused before it does.
func TestLoadRefusesWhatGrows(t *testing.T) {
	root(t)
	long := filepath.Join(t.TempDir(), "long.tar")
	header := &tar.Header{Name: strings.Repeat("a/", 4000) + "a", Typeflag: tar.TypeReg, Mode: 0o644, Format: tar.FormatPAX}
	require.NoError(t, os.WriteFile(long, archive(t, header, ""), 0o600))
	r := tutor(t, "load", "-i", long)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "a name of 8001 bytes")
	holes, err := exec.Command("python3", "-c", `import io, sys, tarfile
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)
data = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
i = tarfile.TarInfo("holes"); i.size = len(data)
i.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(1 << 40)}
t.addfile(i, io.BytesIO(data)); t.close()`).Output()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "holes.tar")
	require.NoError(t, os.WriteFile(file, holes, 0o600))
	r = tutor(t, "load", "-i", file)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "the archive has a sparse file")
	require.Empty(t, globbed(t, filepath.Join(home, "root", "*", "tmp", "load-*")))
}

// What a stranger has written into an image's history stays text, and is shown newest first.
func TestHistoryOfAStranger(t *testing.T) {
	root(t)
	file := filepath.Join(t.TempDir(), "one.tar")
	require.NoError(t, os.WriteFile(file, archive(t, &tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o644}, ""), 0o600))
	ok(t, "import", "-m", "first\x1b[2Jevil", file, "old:1")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "old:1", "old:2", "older:1") })
	shown := ok(t, "history", "--no-trunc", "old:1")
	require.NotContains(t, shown, "\x1b")
	require.Contains(t, shown, "first")
	ok(t, "tag", "old:1", "old:2")
	id := strings.TrimSpace(ok(t, "images", "-q", "old:1"))
	require.Contains(t, tutor(t, "rmi", id).stderr, "must be forced")
	ok(t, "tag", "old:1", "older:1")
	require.Equal(t, "old\nold\nolder\n", ok(t, "images", "--format", "{{.Repository}}", "old*"))
	require.Equal(t, "old:1\n", ok(t, "images", "--format", "{{.Repository}}:{{.Tag}}", "old:1"))
	require.Contains(t, tutor(t, "images", "-f", "reference=[").stderr, "invalid filter 'reference=[[]'")
}

// One volume that cannot be read, or not be removed, is in nobody else's way.
func TestABadVolumeIsInNobodysWay(t *testing.T) {
	root(t)
	for _, name := range []string{"good", "stuck", "unreadable"} {
		ok(t, "volume", "create", name)
		t.Cleanup(func() { tutor(t, "volume", "rm", "-f", name) })
	}
	dir := filepath.Join(home, "root", "volumes")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "unreadable", "volume.json"), nil, 0o600))
	require.Equal(t, "good\nstuck\nunreadable\n", ok(t, "volume", "ls", "-q"))
	ok(t, "volume", "rm", "unreadable")
	file := filepath.Join(dir, "stuck", "_data", "f")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	if out, err := exec.Command("chattr", "+i", file).CombinedOutput(); err != nil {
		t.Skipf("this file system has no file that root cannot remove: %s", out)
	}
	require.NotZero(t, tutor(t, "volume", "rm", "stuck").code)
	ok(t, "volume", "rm", "good")
	left := globbed(t, filepath.Join(dir, ".gone-*", "volume", "_data", "f"))
	require.Len(t, left, 1)
	require.NoError(t, exec.Command("chattr", "-i", left[0]).Run())
	ok(t, "volume", "create", "last")
	ok(t, "volume", "rm", "last")
	require.Empty(t, globbed(t, filepath.Join(dir, ".gone-*")), "the next removal clears it")
	require.NoError(t, os.Remove(filepath.Join(dir, "README")))
}

// A tutor that was killed while it made a volume has left it under a name that no volume has.
func TestAVolumeThatWasBegunIsClearedByTheNextChange(t *testing.T) {
	root(t)
	dir := filepath.Join(home, "root", "volumes")
	for _, change := range [][]string{{"create", "next"}, {"rm", "next"}, {"prune", "-f"}} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, ".new", "_data"), 0o700))
		ok(t, append([]string{"volume"}, change...)...)
		require.NoDirExists(t, filepath.Join(dir, ".new"), change)
	}
}

// A command that waits for a stream does not hear the first Ctrl-C; the second ends it.
func TestTheSecondCtrlCEndsAnything(t *testing.T) {
	root(t)
	wait := 50 * time.Millisecond
	eventually(t, "it hears the first, and goes on", func() bool {
		wait *= 2
		cmd := exec.Command(binary, "load")
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer in.Close()
		require.NoError(t, cmd.Start())
		time.Sleep(wait)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
			return false // it came before tutor listened
		case <-time.After(wait):
		}
		cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(pace.Times(10 * time.Second)):
			cmd.Process.Kill()
			require.Fail(t, "the second has not ended it")
		}
		return true
	})
}

// Who creates a container while its image is removed gets a container that can start, or none.
func TestCreateWhileTheImageIsRemoved(t *testing.T) {
	root(t)
	noneStays(t)
	for n := range 10 {
		name := fmt.Sprintf("race:%d", n)
		file := filepath.Join(t.TempDir(), "one.tar")
		content := strings.Repeat(fmt.Sprint(n), 1<<20)
		require.NoError(t, os.WriteFile(file, archive(t, &tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: int64(len(content)), Mode: 0o644}, content), 0o600))
		ok(t, "import", file, name)
		create := exec.Command(binary, "create", "--name", fmt.Sprint("c", n), name, "/a")
		require.NoError(t, create.Start())
		time.Sleep(time.Duration(n) * 3 * time.Millisecond)
		tutor(t, "rmi", name)
		if create.Wait() == nil {
			require.Contains(t, ok(t, "diff", fmt.Sprint("c", n)), "", "its layers are there")
			r := tutor(t, "start", fmt.Sprint("c", n))
			require.NotContains(t, r.stderr, "overlay", "the command is none, but its root is mounted")
		}
		tutor(t, "rm", "-f", fmt.Sprint("c", n))
		tutor(t, "rmi", "-f", name)
	}
}
