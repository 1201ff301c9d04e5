package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	root(t)
	t.Run("memory: the kernel kills inside the group, and only there", func(t *testing.T) {
		r := tutor(t, "run", "--rm", "--memory", "32m", "--memory-swap", "32m", "tutor/lab", "eat", "256M")
		require.Equal(t, 137, r.code, r.stdout+r.stderr)
	})
	t.Run("pids: a fork bomb is a dud", func(t *testing.T) {
		r := tutor(t, "run", "--rm", "--pids-limit", "40", "tutor/lab", "forkbomb", "--max", "200")
		require.Equal(t, 1, r.code, r.stdout+r.stderr)
		require.Regexp(t, `^[1-4]?\d processes, then: resource temporarily unavailable`, r.stdout+r.stderr)
	})
	t.Run("cpus: half a processor is half a processor", func(t *testing.T) {
		used := processorTime(t, "run", "--rm", "--cpus", "0.5", "tutor/lab", "spin", "1", "2")
		free := processorTime(t, "run", "--rm", "tutor/lab", "spin", "1", "2")
		require.Less(t, used, 0.8*free, "with --cpus 0.5 %v of processor time, without %v", used, free)
	})
	t.Run("cpuset: the named processor and no other", func(t *testing.T) {
		status := ok(t, "run", "--rm", "--cpuset-cpus", "0", "tutor/lab", "grep", "Cpus_allowed_list", "/proc/self/status")
		require.Equal(t, "Cpus_allowed_list:\t0", strings.TrimSpace(status))
	})
	t.Run("the process is in its group before it executes anything", beforeExec)
	t.Run("the numbers in the files are those of the command line", numbers)
	t.Run("disk: a file that is written directly comes no faster than the limit", disk)
	require.Empty(t, leftovers(t))
}

// processorTime is what the command and its children have used, in seconds, as the kernel counted it.
func processorTime(t *testing.T, args ...string) float64 {
	t.Helper()
	cmd := exec.Command(binary, args...)
	require.NoError(t, cmd.Run())
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
}

// beforeExec reads the groups of a child that waits for the baton just before execve: --explain holds it there
// while it looks. In the trace every call that puts it into a group stands before execve.
func beforeExec(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	ok(t, "run", "--rm", "--memory", "64m", "--pids-limit", "50", "--explain=json", "--explain-to", trace, "tutor/lab", "true")
	var joined, executed bool
	for _, line := range traceLines(t, trace) {
		args, _ := line["args"].([]any)
		switch line["syscall"] {
		case "clone3":
			joined = joined || strings.Contains(args[0].(string), "CLONE_INTO_CGROUP")
		case "openat":
			joined = joined || strings.HasSuffix(args[1].(string), "/cgroup.procs\"")
		case "execve":
			require.True(t, joined, "execve before the child was in a group")
			executed = true
		}
		if line["type"] == "view" && line["what"] == "cgroup" {
			require.Equal(t, line["container"], "/", "with its own cgroup namespace a process sees its group as the root")
		}
	}
	require.True(t, executed)
}

// numbers looks from outside, at the files of the group of a container that runs.
func numbers(t *testing.T) {
	cmd := exec.Command(binary, "run", "--rm", "--memory", "77m", "--pids-limit", "33", "--cpus", "0.75", "tutor/lab", "sleep", "60")
	require.NoError(t, cmd.Start())
	want := map[string]string{"memory": strconv.Itoa(77 << 20), "pids.max": "33"}
	files := func(pattern string) []string {
		a, _ := filepath.Glob("/sys/fs/cgroup/tutor-*/" + pattern)
		b, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-*/" + pattern)
		return append(a, b...)
	}
	find := func() map[string]string {
		got := map[string]string{}
		for key, pattern := range map[string]string{"memory": "memory.[lm]*[ax][xs]", "pids.max": "pids.max"} {
			if key == "memory" {
				pattern = "memory.max"
				if len(files(pattern)) == 0 {
					pattern = "memory.limit_in_bytes"
				}
			}
			for _, f := range files(pattern) {
				content, _ := os.ReadFile(f)
				got[key] = strings.TrimSpace(string(content))
			}
		}
		return got
	}
	require.Eventually(t, func() bool { return find()["pids.max"] == "33" }, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, want, find())
	require.Eventually(t, func() bool {
		for _, f := range files("cgroup.procs") {
			content, _ := os.ReadFile(f)
			name, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(content)) + "/comm")
			if string(name) == "sleep\n" {
				return true
			}
		}
		return false
	}, 20*time.Second, 5*time.Millisecond, "the container's process is in its group")
	pids := regexp.MustCompile(`\d+`)
	for _, f := range files("cgroup.procs") {
		content, _ := os.ReadFile(f)
		for _, pid := range pids.FindAllString(string(content), -1) {
			n, _ := strconv.Atoi(pid)
			p, _ := os.FindProcess(n)
			p.Kill()
		}
	}
	cmd.Wait()
	require.Equal(t, 137, cmd.ProcessState.ExitCode(), "128 and SIGKILL, sent from the host")
}

// disk needs a disk: the one that the temporary directory is on.
func disk(t *testing.T) {
	device := diskOf(home)
	if device == "" {
		t.Skip("needs a temporary directory on a disk")
	}
	dir := filepath.Join(home, "disk")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	timed := func(flags ...string) time.Duration {
		start := time.Now()
		args := append([]string{"run", "--rm", "-v", dir + ":/data"}, flags...)
		ok(t, append(args, "tutor/lab", "writer", "-s", "4M", "/data/file")...)
		return time.Since(start)
	}
	free, slow := timed(), timed("--device-write-bps", device+":2m")
	require.Greater(t, slow, free+time.Second, "4 MiB at 2 MiB/s took %v; without a limit %v", slow, free)
}

func diskOf(path string) string {
	out, err := exec.Command("df", "--output=source", path).Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 2 || !strings.HasPrefix(fields[len(fields)-1], "/dev/") {
		return ""
	}
	return fields[len(fields)-1]
}
