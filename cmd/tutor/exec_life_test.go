package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATerminalForACommand(t *testing.T) {
	root(t)
	state, _ := idling(t, "shown")
	sleeps := func() int { // how many of the container's processes are a sleep of ours
		processes, err := testHome().Processes(state)
		require.NoError(t, err)
		n := 0
		for _, p := range processes {
			if p.Command() == "sleep 999" {
				n++
			}
		}
		return n
	}
	cmd := exec.Command(binary, "exec", "-it", "shown", "sh")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.press("tty; stty size; echo here $((40+2))\r")
	s.sees("/dev/pts/0")
	s.sees("here 42")
	s.resize(40, 100)
	require.NoError(t, cmd.Process.Signal(syscall.SIGWINCH))
	s.press("sleep 999\r")
	eventually(t, "it sleeps", func() bool { return sleeps() == 1 })
	s.press("\x03") // Ctrl-C is the sleep's, not the shell's and not tutor's
	eventually(t, "it is woken", func() bool { return sleeps() == 0 })
	s.press("echo still $((40+3))\r")
	s.sees("still 43")
	second := exec.Command(binary, "exec", "-t", "shown", "tty")
	require.Equal(t, "/dev/pts/1\r\n", command(t, second).stdout, "each has its own")
	s.press("exit 5\r")
	err := cmd.Wait()
	require.ErrorContains(t, err, "exit status 5")
	require.Equal(t, "0\n", ok(t, "exec", "shown", "sh", "-c", "ls /dev/pts | grep -v ptmx | wc -l"), "the terminals are gone")
}

// Root inside has made /dev/ptmx a way to somewhere else.
// Whoever leaves a command with the keys lets it run; its terminal is there for as long as the command is.
func TestACommandCanBeLeft(t *testing.T) {
	root(t)
	removed(t, "box")
	ok(t, "run", "-d", "--name", "box", "tutor/lab", "sleep", "1000")
	cmd := exec.Command(binary, "exec", "--detach-keys", "ctrl-x,x", "-it", "box", "sh")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("# ")
	s.press("\x10\x18y\x15echo $((6*7))\r") // other keys, and only the first of these, are the command's: Ctrl-U takes them back
	s.sees("42\r\n")
	s.press("while test ! -e /stop; do echo still here; sleep 0.05; done; tty > /was\r")
	s.sees("\nstill here")
	s.press("\x18x")
	s.sees("read escape sequence")
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), "as docker")
	ok(t, "exec", "box", "touch", "/stop")
	eventually(t, "it has written and gone on", func() bool {
		return tutor(t, "exec", "box", "cat", "/was").stdout == "/dev/pts/0\n"
	})
	r := tutor(t, "exec", "--detach-keys", "foo", "box", "true")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "Unknown character: 'foo'")
}

func TestATerminalIsTheKernelsOwn(t *testing.T) {
	root(t)
	idling(t, "misled", "--without", "dev-lock")
	ok(t, "exec", "misled", "sh", "-c", "rm /dev/ptmx && ln -s /proc/self/fd/9 /dev/ptmx")
	cmd := exec.Command("sh", "-c", `exec "$0" exec -t misled tty 9<>/dev/ptmx`, binary)
	require.Equal(t, "/dev/pts/0\r\n", command(t, cmd).stdout)
}

func TestSignalsMeanTheCommand(t *testing.T) {
	root(t)
	state, _ := idling(t, "signalled")
	cmd := exec.Command(binary, "exec", "signalled", "sh", "-c", "trap 'exit 9' TERM; touch /trapped; while true; do sleep 0.01; done")
	require.NoError(t, cmd.Start())
	eventually(t, "the trap is set", func() bool {
		_, err := os.Stat(filepath.Join(testHome().Dir(state.ID), "upper", "trapped"))
		return err == nil
	})
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.ErrorContains(t, cmd.Wait(), "exit status 9")
	require.Len(t, groupMembers(t, state.ID), 1)
}

// The command ends before what it has left behind does: Docker waits two seconds for their output, and so do we.
func TestOutputOfWhatACommandLeavesBehind(t *testing.T) {
	root(t)
	idling(t, "noisy")
	begin := time.Now()
	require.Equal(t, "first\nlate\n", ok(t, "exec", "noisy", "sh", "-c", "(sleep 0.3; echo late; exec sleep 1000) & echo first"))
	require.Less(t, time.Since(begin), 15*time.Second)
	r := command(t, exec.Command("sh", "-c", `"$0" exec noisy sh -c 'head -c 3000000 /dev/zero; sleep 1000 &' | wc -c`, binary))
	require.Equal(t, "3000000", strings.TrimSpace(r.stdout), "all that the command itself wrote")
}

// A container that ends takes its commands with it, at any moment.
func TestTheContainerEndsMeanwhile(t *testing.T) {
	root(t)
	state, owner := idling(t, "brief", "--rm")
	long := exec.Command(binary, "exec", "brief", "sh", "-c", "touch /inside; exec sleep 1000")
	require.NoError(t, long.Start())
	eventually(t, "it runs", func() bool {
		_, err := os.Stat(filepath.Join(testHome().Dir(state.ID), "upper", "inside"))
		return err == nil
	})
	require.NoError(t, syscall.Kill(first(t, state), syscall.SIGKILL))
	require.ErrorContains(t, long.Wait(), "exit status 137")
	owner.Wait()
	require.Nil(t, groupMembers(t, state.ID))

	seen := map[string]bool{}
	for range 12 {
		state, owner := idling(t, "brief", "--rm")
		ended := make(chan struct{})
		pid := first(t, state)
		go func() { syscall.Kill(pid, syscall.SIGKILL); owner.Wait(); close(ended) }()
		for over := false; !over; {
			r := tutor(t, "exec", "brief", "true")
			require.Contains(t, []int{0, 1, 125, 137}, r.code, r.stderr)
			if r.code == 1 || r.code == 125 {
				require.Regexp(t, "^tutor: (container "+state.ID+" is not running|No such container: brief)\n", r.stderr)
			}
			seen[fmt.Sprint(r.code)] = true
			select {
			case <-ended:
				over = true
			default:
			}
		}
	}
	require.True(t, seen["1"] || seen["125"])
}

func TestNothingIsLeftOfACommand(t *testing.T) {
	root(t)
	state, owner := idling(t, "tidy", "--rm", "--memory", "64m")
	for range 5 {
		ok(t, "exec", "tidy", "true")
		tutor(t, "exec", "tidy", "nonesuch")
		ok(t, "exec", "-t", "tidy", "true")
	}
	killed := exec.Command(binary, "exec", "tidy", "sleep", "1000")
	require.NoError(t, killed.Start())
	eventually(t, "it runs", func() bool { return len(groupMembers(t, state.ID)) == 2 })
	require.NoError(t, killed.Process.Kill())
	killed.Wait()
	require.NotContains(t, mountTable(t), home)
	require.NoError(t, syscall.Kill(first(t, state), syscall.SIGKILL))
	owner.Wait()
	require.Nil(t, groupMembers(t, state.ID), "also of a command whose tutor was killed")
	require.NoDirExists(t, testHome().Dir(state.ID))
}
