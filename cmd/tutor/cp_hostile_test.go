package main_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// copyCanary is a directory of the host with a secret. Whatever a container does, the secret is not copied out of it
// and nothing is copied into it.
func copyCanary(t *testing.T) (dir string, sings func(copied ...string)) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("the secret\n"), 0o666))
	before := listing(t, dir)
	return dir, func(copied ...string) {
		t.Helper()
		require.Equal(t, before, listing(t, dir))
		require.Equal(t, "the secret\n", read(dir, "secret"))
		for _, text := range copied {
			require.NotContains(t, text, "the secret")
		}
	}
}

// All names that these tests write to begin with /tutor-test: should a copy ever leave the container, it must not
// meet a file of the host.

// What lies in a container that has stopped, or is in the way there.
func TestCpWithAHostileContainer(t *testing.T) {
	pace.Fast(t)
	root(t)
	dir, sings := copyCanary(t)
	up := strings.Repeat("../", 30)
	volume := t.TempDir()
	script := `ln -s C T/l; ln -s UC T/u; ln -s /proc/self/root/C T/m; rm /etc/passwd; ln -s C/secret /etc/passwd; ln -s C/secret T/passwd
mkdir -p /lib T/d/e T/a/moved; ln -s C/secret /lib/libnss_files.so.2; mkfifo T/fifo T/d/fifo; echo own > T/d/f; ln -s C T/d/e/link; echo ok > T/control
mv T/a T/b; ln -s C T/a`
	stopped(t, "hostile", "-v", volume+":/tutor-test/a/v", "tutor/lab", "sh", "-c", strings.NewReplacer("UC", up+dir, "C", dir, "T", "/tutor-test").Replace(script))
	file := filepath.Join(volume, "file")
	require.NoError(t, os.WriteFile(file, []byte("mine\n"), 0o644))
	for _, args := range [][]string{
		{"cp", "hostile:/tutor-test/l/secret", "OUT"}, {"cp", "hostile:/tutor-test/u/secret", "OUT"}, {"cp", "hostile:/tutor-test/m/secret", "OUT"},
		{"cp", "-L", "hostile:/tutor-test/l", "OUT"}, {"cp", "hostile:/tutor-test/l/", "OUT"}, {"cp", "hostile:/tutor-test/l/.", "OUT"}, {"cp", "-L", "hostile:/etc/passwd", "OUT"},
		{"cp", "hostile:/tutor-test/a/secret", "OUT"}, {"cp", "hostile:" + up + dir + "/secret", "OUT"}, {"cp", "hostile:/tutor-test/l/secret", "-"},
		{"cp", file, "hostile:/tutor-test/l/new"}, {"cp", file, "hostile:/tutor-test/l"}, {"cp", file, "hostile:/tutor-test/u/new"}, {"cp", file, "hostile:/tutor-test/m/secret"},
		{"cp", file, "hostile:/tutor-test/l/secret"}, {"cp", volume + "/.", "hostile:/tutor-test/l"}, {"cp", file, "hostile:/tutor-test/passwd"}, {"cp", file, "hostile:/tutor-test/a"},
		{"cp", "hostile:/tutor-test/d", "OUT"}, {"cp", "hostile:/tutor-test/fifo", "OUT"}, {"cp", "hostile:/", "OUT"}, {"cp", "-a", "hostile:/", "OUT"}, {"export", "hostile"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := t.TempDir()
			cmd := exec.Command("timeout", seconds(20*time.Second), binary)
			for _, a := range args {
				cmd.Args = append(cmd.Args, strings.ReplaceAll(a, "OUT", out))
			}
			r := command(t, cmd)
			require.NotEqual(t, 124, r.code, "it hangs")
			found, err := exec.Command("grep", "-r", "the secret", out).Output()
			require.Error(t, err, string(found))
			sings(r.stdout, r.stderr)
		})
	}
	ok(t, "cp", "hostile:/tutor-test/control", filepath.Join(volume, "control"))
	require.Equal(t, "ok\n", read(volume, "control"), "the control must work")
}

// What the caller's own directory has in the way of an archive from a container, which made it fit.
func TestCpFollowsNoSymlinkInTheDestination(t *testing.T) {
	root(t)
	dir, sings := copyCanary(t)
	stopped(t, "fits", "tutor/lab", "sh", "-c", "mkdir -p /d/link /d/sub; echo evil > /d/link/secret; echo evil > /d/secret; echo evil > /d/sub/x")
	out := t.TempDir()
	require.NoError(t, os.Symlink(dir, filepath.Join(out, "link")))
	r := tutor(t, "cp", "fits:/d/.", out)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "cannot overwrite non-directory")
	sings()
	require.NoError(t, os.Remove(filepath.Join(out, "link")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "secret"), filepath.Join(out, "secret")))
	ok(t, "cp", "fits:/d/.", out)
	sings()
	require.Equal(t, "evil\n", read(out, "secret"), "the file took the symlink's place")
	require.Equal(t, "evil\n", read(out, "link/secret"))
}

// tarOf is an archive; its regular files say "evil".
func evilTar(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Typeflag == 0 {
			h.Size, h.Mode = 4, 0o644
		}
		require.NoError(t, w.WriteHeader(&h))
		w.Write([]byte("evil")[:h.Size])
	}
	require.NoError(t, w.Close())
	return &b
}

// A stream goes into the directory that was named, or where the container's own symlinks lead, inside.
func TestAHostileStreamIntoAContainer(t *testing.T) {
	root(t)
	dir, sings := copyCanary(t)
	stopped(t, "target", "tutor/lab", "sh", "-c", "mkdir -p /tutor-test/w /tutor-test/inside; ln -s /tutor-test/inside /tutor-test/w/in; ln -s "+dir+" /tutor-test/w/out")
	for _, c := range []struct {
		says    string
		headers []tar.Header
	}{
		{`leads out of`, []tar.Header{{Name: "../x"}}},
		{"", []tar.Header{{Name: "/abs/x"}}},
		{"", []tar.Header{{Name: "in/x"}}},
		{"no such file or directory|file exists", []tar.Header{{Name: "out/secret"}}},
		{"no such file or directory|file exists", []tar.Header{{Name: "made", Typeflag: tar.TypeSymlink, Linkname: dir}, {Name: "made/secret"}}},
		{"", []tar.Header{{Name: "hard", Typeflag: tar.TypeSymlink, Linkname: dir + "/secret"}, {Name: "hard2", Typeflag: tar.TypeLink, Linkname: "hard"}, {Name: "hard2"}}},
		{"hard link", []tar.Header{{Name: "x", Typeflag: tar.TypeLink, Linkname: "../../../" + dir + "/secret"}}},
	} {
		cmd := exec.Command(binary, "cp", "-", "target:/tutor-test/w")
		cmd.Stdin = evilTar(t, c.headers...)
		r := command(t, cmd)
		require.Regexp(t, c.says, r.stderr)
		require.Equal(t, c.says == "", r.code == 0, "%v: %s", c.headers, r.stderr)
		sings()
	}
	have := ok(t, "export", "target")
	require.Contains(t, entries(t, have), "\ntutor-test/inside/x 0 ")
	require.Contains(t, entries(t, have), "\ntutor-test/w/abs/x 0 ")
}

// The host's programs and the container's are not asked to unpack anything (CVE-2014-9357).
func TestCpRunsNoProgramToUnpack(t *testing.T) {
	root(t)
	stopped(t, "packed", "tutor/lab", "sh", "-c", "for p in xz unpigz gzip; do printf '#!/bin/sh\\ntouch /ran' > /bin/$p; chmod 755 /bin/$p; done")
	path := t.TempDir()
	for _, name := range []string{"xz", "unpigz", "gzip"} {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\ntouch "+path+"/ran\n"), 0o755))
	}
	for _, c := range []struct{ packed, says string }{{"\xfd7zXZ\x00stuff", "packed with xz"}, {"\x1f\x8bstuff", "no valid|archive"}} {
		cmd := exec.Command(binary, "cp", "-", "packed:/tmp")
		cmd.Stdin, cmd.Env = strings.NewReader(c.packed), append(os.Environ(), "PATH="+path)
		r := command(t, cmd)
		require.Equal(t, 1, r.code)
		require.Regexp(t, c.says, r.stderr)
	}
	require.NoFileExists(t, filepath.Join(path, "ran"))
	require.NotContains(t, ok(t, "diff", "packed"), "/ran")
}

// A container that runs may change its files between two looks of ours.
func TestCpWithAContainerThatSwapsItsFiles(t *testing.T) {
	pace.Fast(t)
	root(t)
	dir, sings := copyCanary(t)
	volume, out := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(out, "mine"), []byte("mine\n"), 0o644))
	running(t, "swapping", `cd /tutor-test; mkdir s data/s; echo own > s/secret; echo own > data/s/secret; touch /ready
while true; do mv s t; ln -s `+dir+` s; rm s; mv t s; mv data/s data/t; ln -s `+dir+` data/s; rm data/s; mv data/t data/s; done`, "-v", volume+":/tutor-test/data")
	worked := 0
	for range 60 {
		for _, args := range [][]string{
			{"swapping:/tutor-test/s/secret", filepath.Join(out, "a")}, {"swapping:/tutor-test/data/s/secret", filepath.Join(out, "b")}, {"swapping:/tutor-test/data", filepath.Join(out, "c")},
			{filepath.Join(out, "mine"), "swapping:/tutor-test/s/new"}, {filepath.Join(out, "mine"), "swapping:/tutor-test/data/s/secret"}, {filepath.Join(out, "mine"), "swapping:/tutor-test/s"},
		} {
			if tutor(t, append([]string{"cp"}, args...)...).code == 0 {
				worked++
			}
		}
	}
	if info, err := os.Lstat(filepath.Join(out, "c/s")); err == nil && !info.IsDir() {
		require.NoError(t, os.Remove(filepath.Join(out, "c/s"))) // it was a link at that moment: copied as one, and read by nobody
	}
	sings(read(out, "a"), read(out, "b"), read(out, "c/s/secret"))
	require.Positive(t, worked, "the control must work")
}
