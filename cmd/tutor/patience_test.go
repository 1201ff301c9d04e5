package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/pace"
)

// What a container makes larger, deeper or longer than is good for anybody holds up nobody else.

func TestAnothersHostsFileIsReadOnlySoFar(t *testing.T) {
	root(t)
	removed(t, "boaster", "reader")
	ok(t, "run", "-d", "--name", "boaster", "tutor/lab", "sh", "-c", "dd if=/dev/zero of=/etc/hosts bs=1M seek=6000 count=1 2>/dev/null; touch /ready; exec sleep 1000")
	eventually(t, "the file is large", func() bool { return tutor(t, "exec", "boaster", "ls", "/ready").code == 0 })
	require.Equal(t, "1048576 /etc/hosts\n", ok(t, "run", "--rm", "--name", "reader", "--network", "container:boaster", "tutor/lab", "wc", "-c", "/etc/hosts"))
}

func TestArgumentsAreReadOnlySoFar(t *testing.T) {
	root(t)
	removed(t, "talker")
	ok(t, "run", "-d", "--name", "talker", "tutor/lab", "sleep", "1000")
	ok(t, "exec", "-d", "talker", "sleep", "1000", strings.Repeat("x", 100_000)) // says that this is no number, and ends
	ok(t, "exec", "-d", "talker", "sh", "-c", "sleep 1000; :", strings.Repeat("x", 100_000))
	require.Contains(t, ok(t, "top", "talker"), "sleep 1000; : xxx")
	require.Less(t, len(ok(t, "top", "talker")), 10_000)
}

// A file that nobody can remove stays, and `rm` says so; other commands go on.
func TestAFileThatCannotBeRemovedIsInNobodysWay(t *testing.T) {
	root(t)
	tool(t, "chattr")
	stopped(t, "stubborn", "tutor/lab", "touch", "/file")
	s, err := testHome().Find("stubborn")
	require.NoError(t, err)
	file := filepath.Join(testHome().Dir(s.ID), "upper", "file")
	if out, err := exec.Command("chattr", "+i", file).CombinedOutput(); err != nil {
		t.Skip("this file system knows no immutable files: " + string(out))
	}
	gone := filepath.Join(filepath.Dir(testHome().Dir(s.ID)), ".gone-"+s.ID)
	t.Cleanup(func() { exec.Command("chattr", "-R", "-i", gone).Run(); os.RemoveAll(gone) })
	r := tutor(t, "rm", "stubborn")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "operation not permitted")
	require.NotContains(t, ok(t, "ps", "-aq"), s.ID[:12])
	ok(t, "run", "--rm", "tutor/lab", "true")
	require.NoError(t, exec.Command("chattr", "-i", filepath.Join(gone, "upper", "file")).Run())
	ok(t, "ps")
	require.NoDirExists(t, gone)
}

// Whoever waits for the end of a pipe that tutor's caller has open does not wait for the container.
func TestABackgroundContainerHoldsNothingOfItsCaller(t *testing.T) {
	root(t)
	removed(t, "apart")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(binary, "run", "-d", "--name", "apart", "tutor/lab", "sleep", "1000")
	cmd.ExtraFiles = []*os.File{w}
	require.NoError(t, cmd.Run())
	w.Close()
	r.SetReadDeadline(time.Now().Add(pace.Times(10 * time.Second)))
	_, err = r.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.Contains(t, ok(t, "ps"), "apart")
}

// A command's terminal that a job in the background keeps open is waited for as long as a pipe.
func TestExecEndsWithItsCommandAlsoAtATerminal(t *testing.T) {
	root(t)
	removed(t, "kept")
	ok(t, "run", "-d", "--name", "kept", "tutor/lab", "sleep", "1000")
	cmd := exec.Command(binary, "exec", "-it", "kept", "sh", "-c", "trap '' HUP; sleep 1000 & echo all; echo said")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("all\r\nsaid\r\n")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(pace.Times(20 * time.Second)):
		cmd.Process.Kill()
		t.Fatal("it waits for the job in the background")
	}
	require.Contains(t, ok(t, "top", "kept"), "sleep 1000")
}

func TestWaitAlwaysKnowsTheEnd(t *testing.T) {
	root(t)
	for range 20 {
		id := strings.TrimSpace(ok(t, "run", "-d", "tutor/lab", "sh", "-c", "exit 7"))
		require.Equal(t, "7\n", ok(t, "wait", id))
		ok(t, "rm", id)
	}
}

// A restart that is given up is no promise that the container stays.
func TestARestartThatWasGivenUp(t *testing.T) {
	root(t)
	removed(t, "once")
	ok(t, "run", "-d", "--rm", "--name", "once", "tutor/lab", "sh", "-c", deaf)
	eventually(t, "it is deaf", func() bool { return tutor(t, "exec", "once", "ls", "/ready").code == 0 })
	restart := exec.Command(binary, "restart", "-t", "100", "once")
	require.NoError(t, restart.Start())
	eventually(t, "the restart is noted", func() bool { s, err := testHome().Find("once"); return err == nil && !s.Restarted.IsZero() })
	require.NoError(t, restart.Process.Signal(unix.SIGINT))
	restart.Wait()
	ok(t, "restart", "-t", "0", "once")
	require.Contains(t, ok(t, "ps"), "once", "a restart that goes through")
	ok(t, "stop", "-t", "0", "once")
	eventually(t, "it is gone", func() bool { return ok(t, "ps", "-aq") == "" })
}

// The container's own time is meant also where it is none, or has no bound.
func TestAContainersOwnStopTimeout(t *testing.T) {
	root(t)
	removed(t, "at-once", "never")
	for seconds, waits := range map[string]string{"0": "{tv_sec=0, tv_nsec=0}", "-1": "ppoll([{fd=<target>, events=POLLIN}], 1, NULL"} {
		ok(t, "run", "-d", "--name", "timed", "--stop-timeout", seconds, "tutor/lab", "sleep", "1000")
		require.Contains(t, ok(t, "stop", "--dry-run", "timed"), waits)
		require.Equal(t, seconds+"\n", ok(t, "inspect", "-f", "{{.Config.StopTimeout}}", "timed"))
		ok(t, "rm", "-f", "timed")
	}
}

// What is copied into a container that does not run is where the container will see it, however its volumes were written.
func TestCpFindsTheInnermostVolume(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("here\n"), 0o644))
	t.Cleanup(func() { tutor(t, "volume", "rm", "-f", "outer") })
	removed(t, "nested")
	ok(t, "create", "--name", "nested", "-v", "outer:/data", "-v", dir+":/data/sub", "tutor/lab", "cat", "/data/sub/copied")
	ok(t, "cp", filepath.Join(dir, "file"), "nested:/data/sub/copied")
	require.FileExists(t, filepath.Join(dir, "copied"))
	require.Equal(t, "here\n", ok(t, "start", "-a", "nested"))
}

// With --init a container stands on a layer of the built-in image too.
func TestAContainerWithInitKeepsItsInit(t *testing.T) {
	root(t)
	ok(t, "import", fixture(t), "bare-one")
	removed(t, "with-init")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "bare-one") })
	ok(t, "create", "--init", "--name", "with-init", "bare-one", "/bin/true")
	ok(t, "rmi", "-f", "tutor/lab")
	ok(t, "image", "prune", "-a", "-f")
	r := tutor(t, "start", "-a", "with-init")
	require.Zero(t, r.code, r.stderr)
}

// A clock that was put back does not hide that a container's monitor was killed.
func TestAnEndInTheFutureIsAnotherLifes(t *testing.T) {
	root(t)
	removed(t, "timeless")
	stopped(t, "timeless", "tutor/lab", "sh", "-c", "[ -e /again ] && exec sleep 1000; touch /again; exit 3")
	s, err := testHome().Find("timeless")
	require.NoError(t, err)
	state := filepath.Join(testHome().Dir(s.ID), "state.json")
	content, err := os.ReadFile(state)
	require.NoError(t, err)
	year := fmt.Sprint(s.Finished.Year())
	future := strings.Replace(string(content), `"finished": "`+year, `"finished": "`+fmt.Sprint(s.Finished.Year()+1), 1)
	require.NotEqual(t, string(content), future)
	require.NoError(t, os.WriteFile(state, []byte(future), 0o600))
	ok(t, "start", "timeless")
	var status container.Status
	eventually(t, "it runs", func() bool { status = testHome().Status(s); return status.Monitor > 0 })
	require.NoError(t, unix.Kill(status.Monitor, unix.SIGKILL))
	eventually(t, "its end is seen", func() bool { return strings.Contains(ok(t, "ps", "-a"), "Exited (137)") })
}

// A group that cannot be removed in time is in nobody's way, and the first that can removes it.
func TestAGroupThatCannotBeRemovedIsTheNextTutorsToRemove(t *testing.T) {
	root(t)
	removed(t, "busy")
	id := strings.TrimSpace(ok(t, "run", "-d", "--name", "busy", "tutor/lab", "sleep", "1000"))
	group := groupsOf(t, id)[0]
	require.NoError(t, os.Mkdir(filepath.Join(group, "another's"), 0o755))
	t.Cleanup(func() { os.Remove(filepath.Join(group, "another's")); os.Remove(group) })
	ok(t, "kill", "busy")
	eventually(t, "its monitor gives up", func() bool { return !testHome().Runs(id) })
	for range 2 {
		require.Equal(t, "exited\n", ok(t, "inspect", "-f", "{{.State.Status}}", "busy"))
		require.DirExists(t, group)
	}
	r := tutor(t, "start", "busy")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "a process of its last life does not end: ")
	require.Contains(t, r.stderr, "tutor: hint: ")
	require.NoError(t, os.Remove(filepath.Join(group, "another's")))
	ok(t, "start", "busy")
	ok(t, "rm", "-f", "busy")
	require.NoDirExists(t, group)
	require.Empty(t, leftovers(t))
}

// Whoever has stopped reading a container's output keeps nobody from removing it, and still gets what it wrote.
func TestAContainerIsRemovedThoughItsReaderRests(t *testing.T) {
	root(t)
	removed(t, "flood")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(binary, "run", "--rm", "--name", "flood", "tutor/lab", "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; done")
	cmd.Stdout = w
	require.NoError(t, cmd.Start())
	w.Close()
	eventually(t, "it has filled every pipe", func() bool {
		before := tutor(t, "logs", "--tail", "1", "flood").stdout
		time.Sleep(200 * time.Millisecond)
		return before != "" && tutor(t, "logs", "--tail", "1", "flood").stdout == before
	})
	ok(t, "rm", "-f", "flood")
	require.Empty(t, ok(t, "ps", "-aqf", "name=flood"))
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	cmd.Wait()
	require.Equal(t, 137, cmd.ProcessState.ExitCode())
	for i, line := range strings.Split(strings.TrimSuffix(string(said), "\n"), "\n") {
		require.Equal(t, fmt.Sprint(i+1), line)
	}
	require.Greater(t, len(said), 64<<10)
}

// The log has all that a command wrote once it has ended, though somebody who reads it slowly has not got there.
func TestTheLogIsWholeThoughAReaderRests(t *testing.T) {
	root(t)
	removed(t, "tale")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	_, err = unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize())
	require.NoError(t, err)
	const tale = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i of a long tale; done; echo the end" // 59 kB: the container's pipe holds that, and ours little of it
	cmd := exec.Command(binary, "run", "--name", "tale", "tutor/lab", "sh", "-c", tale)
	cmd.Stdout = w
	require.NoError(t, cmd.Start())
	w.Close()
	eventually(t, "it has ended", func() bool { return tutor(t, "inspect", "-f", "{{.State.Status}}", "tale").stdout == "exited\n" })
	require.Equal(t, "the end\n", ok(t, "logs", "--tail", "1", "tale"))
	require.Equal(t, 3001, strings.Count(ok(t, "logs", "tale"), "\n"))
	ok(t, "start", "tale") // a new tale is written under the old one
	eventually(t, "it has ended again", func() bool {
		return tutor(t, "logs", "tale").stdout != "" && strings.Count(ok(t, "logs", "tale"), "\n") == 6002
	})
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	require.Equal(t, 3001, strings.Count(string(said), "\n"))
	require.True(t, strings.HasSuffix(string(said), "3000 of a long tale\nthe end\n"))
}
