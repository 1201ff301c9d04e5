package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What tutor saves, docker loads and runs, a commit with deleted files too; and back: one image, one ID.
func TestDockerRunsWhatTutorSaves(t *testing.T) {
	root(t)
	docker := dockerd(t)
	dock := func(args ...string) run {
		cmd := exec.Command("docker", args...)
		cmd.Env = docker
		return command(t, cmd)
	}
	stopped(t, "changed", "tutor/lab", "sh", "-c", "echo new > /etc/new; rm /etc/group; rm -r /var/www; mkdir /var/www; echo page > /var/www/other")
	id := strings.TrimSpace(ok(t, "commit", "-m", "my change", "-c", `CMD ["cat", "/etc/new"]`, "changed", "mine:1"))
	require.Equal(t, "mine:1", ok(t, "images", "--format", "{{.Repository}}:{{.Tag}}", "mine")[:6])
	archive := filepath.Join(t.TempDir(), "both.tar")
	ok(t, "save", "-o", archive, "mine:1", "tutor/lab")

	r := dock("load", "-i", archive)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "Loaded image: mine:1\n")
	require.Contains(t, r.stdout, "Loaded image: tutor/lab:latest\n")
	require.Equal(t, id+"\n", dock("images", "-q", "--no-trunc", "mine:1").stdout)
	require.Equal(t, "new\n", dock("run", "--rm", "--network", "none", "mine:1").stdout)
	for _, command := range [][]string{{"ls", "/etc"}, {"ls", "/var/www"}, {"cat", "/var/www/other"}, {"stat", "-c", "%a %u %Y", "/etc/new"}} {
		theirs := dock(append([]string{"run", "--rm", "--network", "none", "mine:1"}, command...)...).stdout
		theirs = strings.Replace(theirs, "mtab\n", "", 1) // which Docker adds where an image has none
		require.Equal(t, theirs, ok(t, append([]string{"run", "--rm", "mine:1"}, command...)...), "%v", command)
	}
	format := "{{.CreatedBy}} {{.Comment}}"
	require.Equal(t, dock("history", "--format", format, "mine:1").stdout, ok(t, "history", "--format", format, "mine:1"))

	back := filepath.Join(t.TempDir(), "back.tar")
	require.Zero(t, dock("save", "-o", back, "mine:1").code)
	ok(t, "rmi", "-f", "mine:1")
	require.Equal(t, "Loaded image: mine:1\n", ok(t, "load", "-i", back))
	require.Equal(t, id+"\n", ok(t, "images", "-q", "--no-trunc", "mine:1"))
	require.Equal(t, "new\n", ok(t, "run", "--rm", "mine:1"))
	ok(t, "rmi", "-f", "mine:1")
}

// Other tools read the archive, and tutor theirs.
func TestSkopeoAndPodmanReadTheArchive(t *testing.T) {
	root(t)
	skopeo := tool(t, "skopeo")
	id := strings.TrimSpace(ok(t, "image", "inspect", "-f", "{{.Id}}", "tutor/lab"))
	dir := t.TempDir()
	archive := filepath.Join(dir, "lab.tar")
	ok(t, "save", "-o", archive, "tutor/lab")
	for _, c := range []struct{ source, target string }{
		{"docker-archive:" + archive + ":tutor/lab:latest", "docker-archive:" + dir + "/again.tar:again/lab:1"},
		{"oci-archive:" + archive + ":latest", "oci-archive:" + dir + "/oci.tar:again/oci:1"},
	} {
		copied := command(t, exec.Command(skopeo, "copy", "--insecure-policy", c.source, c.target))
		require.Zero(t, copied.code, copied.stderr)
		_, file, _ := strings.Cut(c.target, ":")
		file, name, _ := strings.Cut(file, ":")
		require.Equal(t, "Loaded image: "+name+"\n", ok(t, "load", "-i", file))
		require.Equal(t, id, strings.TrimSpace(ok(t, "image", "inspect", "-f", "{{.Id}}", name)))
		ok(t, "rmi", name)
	}
	podman, err := exec.LookPath("podman")
	if err != nil {
		t.Skip("needs podman for the rest: make deps installs it")
	}
	short, err := os.MkdirTemp("", "podman-") // it wants short paths
	require.NoError(t, err)
	defer os.RemoveAll(short)
	pod := func(args ...string) run {
		return command(t, exec.Command(podman, append([]string{"--root", short + "/root", "--runroot", short + "/run"}, args...)...))
	}
	loaded := pod("load", "-i", archive)
	require.Zero(t, loaded.code, loaded.stderr)
	require.Contains(t, loaded.stdout, "tutor/lab:latest")
	pod("system", "reset", "--force")
}

func TestAnArchiveGoesToAPipeAndNotToATerminal(t *testing.T) {
	root(t)
	var archive bytes.Buffer
	save := exec.Command(binary, "save", "tutor/lab")
	save.Stdout = &archive
	require.NoError(t, save.Run())
	load := exec.Command(binary, "load", "-q")
	load.Stdin = &archive
	require.Equal(t, "Loaded image: tutor/lab:latest\n", command(t, load).stdout)

	on := exec.Command(binary, "save", "tutor/lab")
	s := attach(t, on)
	require.NoError(t, on.Start())
	s.sees("tutor: cowardly refusing to save to a terminal")
	require.Error(t, on.Wait())

	dir := t.TempDir()
	r := tutor(t, "save", "-o", filepath.Join(dir, "x.tar"), "tutor/lab", "nosuch")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "tutor: No such image: nosuch:latest\n")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing half-written")
	full := exec.Command(binary, "save", "-o", "/dev/full", "tutor/lab")
	r = command(t, full)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "no space left on device")
}

func TestImportOfADirectoryRuns(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	out, err := exec.Command("cp", binary, filepath.Join(dir, "bin", "busy")).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.Symlink("busy", filepath.Join(dir, "bin", "echo")))
	pack := exec.Command("sh", "-c", `tar -C "$1" -cz . | "$2" import -m 'from a directory' -c 'ENTRYPOINT ["/bin/echo"]' -c 'CMD ["hello"]' - dir:1`, "sh", dir, binary)
	r := command(t, pack)
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `^sha256:[0-9a-f]{64}\n$`, r.stdout)
	require.Equal(t, "hello\n", ok(t, "run", "--rm", "dir:1"))
	require.Contains(t, ok(t, "history", "dir:1"), "from a directory")
	require.Equal(t, "Untagged: dir:1\nDeleted: "+r.stdout, ok(t, "rmi", "dir:1")[:len("Untagged: dir:1\nDeleted: ")+len(r.stdout)])
}
