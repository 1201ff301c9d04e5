package main_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Step by step a person sees what an entry will do, then what it has done and changed, and may look around in what is
// half built.
func TestAStartEntryByEntry(t *testing.T) {
	root(t)
	tool(t, "nsenter")
	noneStays(t)
	step := func(t *testing.T, args ...string) (*screen, *exec.Cmd) {
		cmd := exec.Command(binary, append([]string{"run", "--step"}, args...)...)
		cmd.Env = append(os.Environ(), "NO_COLOR=1")
		s := attach(t, cmd)
		require.NoError(t, cmd.Start())
		return s, cmd
	}
	entry := func(s *screen, name string) {
		s.sees("\n[" + name + "] ")
	}
	t.Run("to the end", func(t *testing.T) {
		s, cmd := step(t, "--rm", "--hostname", "built", "tutor/lab", "echo", "it runs")
		entry(s, "cgroup")
		s.press("\n")
		s.sees("group /sys/fs/cgroup")
		entry(s, "pid-ns")
		s.press("\n")
		entry(s, "clone")
		s.press("\n")
		s.sees("= container PID 1")
		s.sees("inside, PID: - -> 1")
		for _, name := range []string{"descriptors", "session", "stdin", "streams", "mount-ns", "private", "uts-ns", "hostname"} {
			entry(s, name)
			s.press("\n")
		}
		s.sees("inside, hostname: ")
		s.sees(" -> built")
		entry(s, "ipc-ns")
		s.press("s")
		s.press("echo $(hostname) $((40 + 2)); exit\n")
		s.sees("built 42")
		entry(s, "ipc-ns")
		s.press("c")
		s.sees("it runs")
		require.NoError(t, cmd.Wait())
	})
	t.Run("given up", func(t *testing.T) {
		s, cmd := step(t, "--name", "half", "--memory", "64m", "tutor/lab", "true")
		entry(s, "cgroup")
		s.press("\n")
		entry(s, "memory")
		s.press("q")
		cmd.Wait()
		require.NotContains(t, s.shown(), "(nothing that shows", "of what was not done")
		s.sees("tutor: step: you have ended the start; what it had done is undone")
		require.Equal(t, 125, cmd.ProcessState.ExitCode())
		require.NotContains(t, ok(t, "ps", "-a"), "half")
	})
	t.Run("needs somebody", func(t *testing.T) {
		r := tutor(t, "run", "--step", "-d", "tutor/lab", "true")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "tutor: --step and -d: somebody has to press the keys")
		cmd := exec.Command("setsid", "--wait", binary, "run", "--rm", "--step", "tutor/lab", "true")
		r = command(t, cmd)
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "tutor: --step needs a terminal: ")
	})
}
