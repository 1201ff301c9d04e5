package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
	"tutor/runtime/pace"
)

// running starts a container in the background; wait tells when a file of its is there.
func running(t *testing.T, name, script string, flags ...string) (state container.State, cmd *exec.Cmd) {
	t.Helper()
	forget(t, name)
	cmd = exec.Command(binary, append(append([]string{"run", "--name", name}, flags...), "tutor/lab", "sh", "-c", script)...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Signal(syscall.SIGKILL); cmd.Wait(); tutor(t, "run", "--lab", "1", "true") })
	eventually(t, name+" runs", func() bool {
		var err error
		state, err = testHome().Find(name)
		_, there := os.Stat(filepath.Join(testHome().Dir(state.ID), "upper", "ready"))
		return err == nil && there == nil
	})
	return state, cmd
}

// eventually waits for a condition, for a minute and more: the machine may have much to do, or be emulated. It rests as long as a
// look takes, so that those who are waited for get on.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(pace.Times(time.Minute)); ; {
		began := time.Now()
		if is() {
			return
		}
		require.True(t, began.Before(deadline), "waiting in vain: "+what)
		time.Sleep(min(max(time.Since(began), time.Millisecond), 100*time.Millisecond))
	}
}

func frozen(t *testing.T, s container.State) bool {
	t.Helper()
	events, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-" + s.ID + "/cgroup.events")
	more, _ := filepath.Glob("/sys/fs/cgroup/tutor-" + s.ID + "/cgroup.events")
	for _, path := range append(events, more...) {
		if content, err := os.ReadFile(path); err == nil {
			return strings.Contains(string(content), "frozen 1")
		}
	}
	t.Skip("needs cgroup v2: version 1 is TestTheFreezerOfVersion1")
	return false
}

// counts is what a container does that counts, with half a gigabyte of holes to pack, or less where that takes longer: long enough to
// look at.
func counts() string {
	return fmt.Sprintf("dd if=/dev/null of=/big bs=1 seek=%d", (512<<20)*time.Second/pace.Times(time.Second)) + " 2>/dev/null; touch /ready; i=0; while true; do i=$((i+1)); echo $i > /count.new; mv /count.new /count; done"
}

func TestARunningContainerStandsStillWhileItIsCommitted(t *testing.T) {
	root(t)
	tool(t, "pgrep")
	state, _ := running(t, "counting", counts())
	count := func() string {
		content, _ := os.ReadFile(filepath.Join(testHome().Dir(state.ID), "upper", "count"))
		return string(content)
	}
	goesOn := func() {
		t.Helper()
		was := count()
		eventually(t, "it is thawed", func() bool { return !frozen(t, state) })
		eventually(t, "it goes on", func() bool { return count() != was })
	}
	begin := func(args ...string) *exec.Cmd {
		cmd := exec.Command(binary, append([]string{"commit"}, args...)...)
		require.NoError(t, cmd.Start())
		return cmd
	}
	before := listing(t, filepath.Join(home, "root", "images", "blobs"))
	goesOn()
	t.Run("and goes on after", func(t *testing.T) {
		t.Cleanup(func() { tutor(t, "rmi", "counted") })
		cmd := begin("counting", "counted")
		eventually(t, "it is frozen", func() bool { return frozen(t, state) })
		still := count()
		require.True(t, frozen(t, state))
		require.NoError(t, cmd.Wait())
		goesOn()
		require.Equal(t, still, ok(t, "run", "--rm", "counted", "cat", "/count"))
	})
	t.Run("when the commit is interrupted", func(t *testing.T) {
		cmd := begin("counting")
		eventually(t, "it is frozen", func() bool { return frozen(t, state) })
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		require.Error(t, cmd.Wait())
		require.Equal(t, 130, cmd.ProcessState.ExitCode())
		require.False(t, frozen(t, state))
		goesOn()
	})
	t.Run("when the commit is killed", func(t *testing.T) {
		cmd := begin("counting")
		eventually(t, "it is frozen", func() bool { return frozen(t, state) })
		require.NoError(t, cmd.Process.Kill())
		cmd.Wait()
		goesOn()
	})
	t.Run("two commits, one after the other", func(t *testing.T) {
		one, two := begin("counting", "one"), begin("counting", "two")
		require.NoError(t, one.Wait())
		require.NoError(t, two.Wait())
		goesOn()
		ok(t, "rmi", "one", "two")
	})
	t.Run("and not with --pause=false", func(t *testing.T) {
		cmd := begin("--pause=false", "counting", "moved")
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		for ended := false; !ended; {
			require.False(t, frozen(t, state))
			select {
			case err := <-done:
				require.NoError(t, err)
				ended = true
			default:
			}
		}
		ok(t, "rmi", "moved")
	})
	require.Equal(t, before, listing(t, filepath.Join(home, "root", "images", "blobs")))
	left, err := filepath.Glob(filepath.Join(home, "root", "images", "tmp", "*"))
	require.NoError(t, err)
	require.Empty(t, left, "what the killed one left, the next sweeps")
	out, err := exec.Command("pgrep", "-f", "^tutor-guard "+state.ID).Output()
	require.Error(t, err, "guards are left: %s", out)
}

// A container that ends takes its files with it (--rm): half of them are no image.
func TestAContainerThatEndsWhileItIsCommitted(t *testing.T) {
	root(t)
	state, run := running(t, "ending", counts(), "--rm")
	cmd := exec.Command(binary, "commit", "ending", "half")
	var errors strings.Builder
	cmd.Stderr = &errors
	require.NoError(t, cmd.Start())
	eventually(t, "it is frozen", func() bool { return frozen(t, state) })
	require.NoError(t, exec.Command("pkill", "-KILL", "-P", strconv.Itoa(run.Process.Pid)).Run()) // its PID 1; frozen ones die too
	require.Error(t, cmd.Wait())
	require.Contains(t, errors.String(), "ended while its changes were read")
	require.Error(t, run.Wait())
	require.NoDirExists(t, testHome().Dir(state.ID))
	require.Equal(t, 1, tutor(t, "rmi", "half").code)
}
