package main_test

import (
	"archive/tar"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tutor/runtime/pace"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// owner is who has a file and what its mode is: "0:0 644".
func owner(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("stat", "-c", "%u:%g %a", name).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

func TestWhatIsCopiedBelongsTo(t *testing.T) {
	root(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o644))
	require.NoError(t, os.Chown(file, 1000, 1001))
	require.NoError(t, os.Chmod(file, 0o755|os.ModeSetuid))
	stopped(t, "owners", "tutor/lab", "sh", "-c", "echo x > /theirs; chown 7:8 /theirs; chmod 6755 /theirs; echo one > /one; touch -d @1600000000 /one")
	inside := func(name string) string {
		out := ok(t, "export", "owners")
		for _, line := range strings.Split(entries(t, out), "\n") {
			if fields := strings.Fields(line); fields[0] == name {
				return fields[3] + " " + fields[2]
			}
		}
		return "nothing"
	}
	ok(t, "cp", file, "owners:/rooted")
	require.Equal(t, "0:0 755", inside("rooted"), "root's, and no set-user-ID bit of somebody else")
	ok(t, "cp", "-a", file, "owners:/kept")
	require.Equal(t, "1000:1001 4755", inside("kept"))
	stream := exec.Command("sh", "-c", `tar -C "$1" -cz file | "$0" cp - owners:/tmp`, binary, dir)
	require.Zero(t, command(t, stream).code)
	require.Equal(t, "1000:1001 4755", inside("tmp/file"), "an archive says itself whose its files are")

	disk := tutorCommand("cp", "-", "owners:/")
	disk.Stdin = evilTar(t, tar.Header{Name: "disk", Typeflag: tar.TypeBlock, Devmajor: 254, Mode: 0o666})
	require.Zero(t, command(t, disk).code)
	require.Equal(t, "0:0 666", inside("disk"))

	ok(t, "cp", "owners:/theirs", filepath.Join(dir, "mine"))
	require.Equal(t, "0:0 755", owner(t, filepath.Join(dir, "mine")), "the caller's")
	ok(t, "cp", "-a", "owners:/theirs", filepath.Join(dir, "theirs"))
	require.Equal(t, "7:8 6755", owner(t, filepath.Join(dir, "theirs")))
	for _, flag := range []string{"-q", "-a"} {
		ok(t, "cp", flag, "owners:/disk", filepath.Join(dir, "disk"+flag))
		require.Equal(t, "0:0 600", owner(t, filepath.Join(dir, "disk"+flag)), "the host's disk for everybody")
	}
	require.Empty(t, ok(t, "cp", "owners:/one", dir), "nothing is said where no terminal is")
}

func TestCpSaysHowMuchOnATerminal(t *testing.T) {
	root(t)
	stopped(t, "spoken", "tutor/lab", "sh", "-c", "echo one > /one")
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"cp", "spoken:/one", dir}, "Successfully copied 2.05kB to " + dir},
		{[]string{"cp", dir + "/one", "spoken:/tmp"}, "Successfully copied 2.05kB to spoken:/tmp"},
		{[]string{"cp", "spoken:/one", "-"}, "cowardly refusing to save to a terminal"},
		{[]string{"export", "spoken"}, "cowardly refusing to save to a terminal"},
	} {
		cmd := exec.Command(binary, c.args...)
		s := attach(t, cmd)
		require.NoError(t, cmd.Start())
		cmd.Wait()
		eventually(t, c.says, func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return strings.Contains(s.text.String(), c.says)
		})
	}
	require.Equal(t, "one\n", read(dir, "one"))
}

func TestCpWhileTheContainerRuns(t *testing.T) {
	root(t)
	dir, volume, locked := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte("gone\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(volume, "v"), []byte("in the volume\n"), 0o644))
	state, run := running(t, "busy", "touch /mine; touch /ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; cat /tmp/go > /data/seen; sleep 100",
		"-v", volume+":/data", "-v", locked+":/locked:ro", "--tmpfs", "/scratch")
	ok(t, "cp", "busy:/data/v", dir)
	require.Equal(t, "in the volume\n", read(dir, "v"))
	for _, place := range []string{"/data", "/scratch", "/dev/shm"} {
		ok(t, "cp", filepath.Join(dir, "v"), "busy:"+place+"/w")
		ok(t, "cp", "busy:"+place+"/w", filepath.Join(dir, "back"))
		require.Equal(t, "in the volume\n", read(dir, "back"))
	}
	require.FileExists(t, filepath.Join(volume, "w"), "the volume is the host's directory")
	ok(t, "cp", filepath.Join(dir, "go"), "busy:/tmp")
	eventually(t, "the container has seen it", func() bool { return read(volume, "seen") == "gone\n" })

	fails := func(says string, args ...string) {
		t.Helper()
		r := tutor(t, append([]string{"cp"}, args...)...)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.stderr, says)
	}
	fails("mounted volume is marked read-only", filepath.Join(dir, "v"), "busy:/locked")
	fails("too many levels of symbolic links", "busy:/proc/1/root/mine", dir)
	ok(t, "cp", "busy:/", filepath.Join(dir, "all"))
	require.FileExists(t, filepath.Join(dir, "all", "mine"))
	require.FileExists(t, filepath.Join(dir, "all", "data", "v"))
	require.NoDirExists(t, filepath.Join(dir, "all", "proc", "1"), "what the kernel makes up has no end")
	exported := entries(t, ok(t, "export", "busy"))
	require.Contains(t, exported, "\nmine ")
	require.NotContains(t, exported, "data/v", "volumes are not exported")
	require.NotContains(t, exported, "proc/1")

	frozen(t, state)
	groups, err := filepath.Glob("/sys/fs/cgroup/tutor-" + state.ID + "/cgroup.freeze")
	require.NoError(t, err)
	more, err := filepath.Glob("/sys/fs/cgroup/*/tutor-" + state.ID + "/cgroup.freeze")
	require.NoError(t, err)
	freeze := append(groups, more...)[0]
	require.NoError(t, os.WriteFile(freeze, []byte("1"), 0))
	ok(t, "cp", "busy:/mine", filepath.Join(dir, "paused"))
	ok(t, "cp", filepath.Join(dir, "v"), "busy:/paused")
	require.NoError(t, os.WriteFile(freeze, []byte("0"), 0))

	require.NoError(t, run.Process.Signal(syscall.SIGKILL))
	run.Wait()
	tutor(t, "run", "--lab", "1", "true") // clears
	ok(t, "cp", "busy:/data/v", filepath.Join(dir, "stopped"))
	require.Equal(t, "in the volume\n", read(dir, "stopped"))
	ok(t, "cp", filepath.Join(dir, "v"), "busy:/data/again")
	require.FileExists(t, filepath.Join(volume, "again"))
	fails("mounted volume is marked read-only", filepath.Join(dir, "v"), "busy:/locked/x")
	ok(t, "cp", "busy:/paused", filepath.Join(dir, "later"))
	require.Equal(t, "in the volume\n", read(dir, "later"))
}

func TestCpIntoAReadOnlyContainer(t *testing.T) {
	root(t)
	dir, volume := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), nil, 0o644))
	stopped(t, "fixed", "--read-only", "-v", volume+":/data", "tutor/lab", "true")
	r := tutor(t, "cp", filepath.Join(dir, "f"), "fixed:/etc")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "container rootfs is marked read-only")
	ok(t, "cp", filepath.Join(dir, "f"), "fixed:/data")
	require.FileExists(t, filepath.Join(volume, "f"))
	require.NotContains(t, ok(t, "diff", "fixed"), "/etc/f")
}

// A copy that is interrupted leaves no half of a file under its name, and nothing mounted; one that is killed neither.
func TestACopyThatIsInterrupted(t *testing.T) {
	root(t)
	stopped(t, "large", "tutor/lab", "sh", "-c", "echo small > /small; dd if=/dev/null of=/big bs=1 seek=64G")
	mounts := func() string {
		content, err := os.ReadFile("/proc/self/mountinfo")
		require.NoError(t, err)
		return string(content)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "big"), []byte("old\n"), 0o644))
		cmd := exec.Command(binary, "cp", "large:/big", dir)
		var says strings.Builder
		cmd.Stderr = &says
		require.NoError(t, cmd.Start())
		eventually(t, "the copy has begun", func() bool {
			for _, fd := range globbed(t, fmt.Sprintf("/proc/%d/fd/*", cmd.Process.Pid)) {
				if file, _ := os.Readlink(fd); strings.HasPrefix(file, dir+"/#") { // it has no name yet
					return true
				}
			}
			return false
		})
		require.NotContains(t, mounts(), home, "nobody but that one thread sees the container's files")
		require.NoError(t, cmd.Process.Signal(signal))
		require.Error(t, cmd.Wait())
		require.Equal(t, "old\n", read(dir, "big"))
		require.NotContains(t, mounts(), home)
		if signal == syscall.SIGINT {
			require.Equal(t, "tutor: cp: interrupted\n", says.String())
			require.Equal(t, 130, cmd.ProcessState.ExitCode())
		}
		require.Equal(t, []string{"big"}, names(t, dir))
		ok(t, "cp", "large:/small", dir)
		require.Equal(t, "small\n", read(dir, "small"), "it is nobody's turn any more")
	}
}

func TestALargeFileTakesLittleMemoryAndKeepsItsHoles(t *testing.T) {
	pace.Fast(t)
	root(t)
	dir := t.TempDir()
	stopped(t, "sparse", "tutor/lab", "sh", "-c", "dd if=/dev/null of=/big bs=1 seek=1073741824 2>/dev/null; echo end >> /big")
	cmd := exec.Command(binary, "cp", "sparse:/big", dir)
	require.NoError(t, cmd.Start())
	most := ""
	for { // the rusage of a child would count what this test itself had in memory before execve
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		if err != nil || found == nil {
			break
		}
		most = string(found[1])
	}
	require.NoError(t, cmd.Wait())
	kilobytes, err := strconv.Atoi(most)
	require.NoError(t, err)
	require.Less(t, kilobytes, 100_000)
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(filepath.Join(dir, "big"), &stat))
	require.EqualValues(t, 1<<30+4, stat.Size)
	require.Less(t, stat.Blocks, int64(2048), "blocks of 512 bytes")
	ok(t, "cp", filepath.Join(dir, "big"), "sparse:/copy")
	state, err := testHome().Find("sparse")
	require.NoError(t, err)
	require.NoError(t, unix.Stat(filepath.Join(testHome().Dir(state.ID), "upper", "copy"), &stat))
	require.Less(t, stat.Blocks, int64(2048))
}

func TestAnExportedContainerIsImportedAsItWas(t *testing.T) {
	root(t)
	stopped(t, "old", "tutor/lab", "sh", "-c", "echo x > /etc/new; rm -r /var/www; ln /etc/new /hard; mkfifo /p; chmod 4755 /etc/new; chown 5:6 /home; touch /.wh.own")
	file := filepath.Join(t.TempDir(), "old.tar")
	ok(t, "export", "-o", file, "old")
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, entries(t, string(want)), ".wh.own", "a file system may hold what a layer may not")
	ok(t, "import", file, "flat")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "flat") })
	stopped(t, "anew", "flat", "true")
	require.Equal(t, strings.ReplaceAll(entries(t, string(want)), ".wh.own 0 644 0:0 0,0 \"\" now \"\"\n", ""), entries(t, ok(t, "export", "anew")))
	r := tutor(t, "export", "-o", t.TempDir(), "old")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "cannot write to a directory")
}
