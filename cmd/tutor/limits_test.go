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
	"golang.org/x/sys/unix"
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
	t.Run("cpus: a fifth of a processor is a fifth of a processor", fifth)
	t.Run("cpuset: the named processor and no other", func(t *testing.T) {
		status := ok(t, "run", "--rm", "--cpuset-cpus", "0", "tutor/lab", "grep", "Cpus_allowed_list", "/proc/self/status")
		require.Equal(t, "Cpus_allowed_list:\t0", strings.TrimSpace(status))
	})
	t.Run("the process is in its group before it executes anything", beforeExec)
	t.Run("the numbers in the files are those of the command line", numbers)
	t.Run("disk: a file that is written directly comes no faster than the limit", disk)
	require.Empty(t, leftovers(t))
}

// fifth asks for four processors and gets a fifth of one; that it would have got more on a busy host, the kernel counts.
func fifth(t *testing.T) {
	begun := time.Now()
	out := ok(t, "run", "--rm", "--cpus", "0.2", "tutor/lab", "sh", "-c", "spin 4 2; grep -h nr_throttled /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null; true")
	used := 0.0
	for _, seconds := range regexp.MustCompile(`(\S+) CPU seconds`).FindAllStringSubmatch(out, -1) {
		n, err := strconv.ParseFloat(seconds[1], 64)
		require.NoError(t, err)
		used += n
	}
	require.Less(t, used, 0.1+0.3*time.Since(begun).Seconds(), out)
	require.Greater(t, used, 0.1*2, "of two seconds and more: %s", out)
	require.Regexp(t, `nr_throttled [1-9]`, out)
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
	s, _ := running(t, "numbers", "touch /ready; exec sleep 1000", "--memory", "77m", "--pids-limit", "33", "--cpus", "0.75")
	require.Equal(t, strconv.Itoa(77<<20), groupFile(s, "memory.max", "memory.limit_in_bytes"))
	require.Equal(t, "33", groupFile(s, "pids.max"))
	pid, err := strconv.Atoi(firstProcess(t, s))
	require.NoError(t, err)
	eventually(t, "the container's process is in its group", func() bool {
		name, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
		return string(name) == "sleep\n"
	})
	require.NoError(t, unix.Kill(pid, unix.SIGKILL))
	require.Equal(t, "137\n", ok(t, "wait", "numbers"), "128 and SIGKILL, sent from the host")
	ok(t, "rm", "numbers")
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
	free, slow := min(timed(), timed()), timed("--device-write-bps", device+":2m")
	require.Greater(t, slow, free+time.Second, "4 MiB at 2 MiB/s took %v; without a limit %v", slow, free)
}

// diskOf is the whole disk below a file system: a limit does not hold for one partition of it.
func diskOf(path string) string {
	out, err := exec.Command("df", "--output=source", path).Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 2 || !strings.HasPrefix(fields[len(fields)-1], "/dev/") {
		return ""
	}
	device := fields[len(fields)-1]
	class := filepath.Join("/sys/class/block", filepath.Base(device))
	if _, err := os.Stat(filepath.Join(class, "partition")); err != nil {
		return device
	}
	place, err := filepath.EvalSymlinks(class)
	if err != nil {
		return ""
	}
	return filepath.Join("/dev", filepath.Base(filepath.Dir(place)))
}
