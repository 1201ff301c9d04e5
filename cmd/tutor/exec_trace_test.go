package main_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/process"
)

func TestTheTraceOfExecIsWhatStraceSaw(t *testing.T) {
	root(t)
	tool(t, "strace")
	idling(t, "traced", "--memory", "64m", "--ulimit", "nofile=64:128")
	idling(t, "sharing", "--network", "host", "--security-opt", "no-new-privileges")
	for name, args := range map[string][]string{
		"plain":           {"traced", "true"},
		"as somebody":     {"-u", "student:wheel", "-w", "/home/student", "-e", "A=1", "traced", "true"},
		"its input":       {"-i", "traced", "cat"},
		"detached":        {"-d", "traced", "true"},
		"less shared":     {"sharing", "true"},
		"something less":  {"--without", "cgroup", "--without", "enter-uts", "traced", "true"},
		"no such command": {"traced", "nonesuch"},
		"no such place":   {"-w", "/nonesuch", "traced", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			compare(t, func(trace, strace string) *exec.Cmd {
				return exec.Command("strace", execUnderStrace(strace, trace, args)...)
			})
		})
	}
	t.Run("a terminal", func(t *testing.T) {
		compare(t, func(trace, strace string) *exec.Cmd {
			cmd := exec.Command("strace", execUnderStrace(strace, trace, []string{"-it", "traced", "true"})...)
			attach(t, cmd)
			return cmd
		})
	})
}

func execUnderStrace(strace, trace string, args []string) []string {
	return append([]string{"-f", "-a1", "-s", "65536", "-o", strace, binary, "exec", "--explain=json", "--explain-to", trace}, args...)
}

// The newcomer is seen from both sides, and its PID inside is its own: not 1.
func TestBothViewsOfACommand(t *testing.T) {
	root(t)
	idling(t, "seen", "--hostname", "web")
	trace := filepath.Join(t.TempDir(), "trace")
	inside := strings.TrimSpace(ok(t, "exec", "--explain=json", "--explain-to", trace, "seen", "sh", "-c", "echo $$"))
	require.NotEqual(t, "1", inside)
	require.Equal(t, inside, view(t, trace, "PID", "container"))
	require.Equal(t, "web", view(t, trace, "hostname", "container"))
	for _, line := range traceLines(t, trace) {
		if line["type"] == "process" || line["by"] == "child" {
			require.Equal(t, inside, fmt.Sprint(line["container_pid"]), "%v", line)
		}
	}
	r := tutor(t, "exec", "--explain", "seen", "true")
	require.Regexp(t, `host PID \d+ = container PID \d+\n`, r.stderr)
	require.Contains(t, r.stderr, "two views of the same process")
	require.Contains(t, r.stderr, "undone when it had ended")
}

// execProbes are what shows that an entry of exec is there, as `probes` are for the start.
var execProbes = []probe{
	{"cgroup", "", "grep ^0: /proc/self/cgroup"},
	{"join", "", "grep memory: /proc/self/cgroup"},
	{"enter-pid", "", "readlink /proc/self > /dev/null && echo in /proc"},
	{"descriptors", "", "ls /proc/self/fd"},
	{"session", "", "[ $(cut -d ' ' -f 6 /proc/self/stat) = 0 ] && echo the caller\\'s || echo own"}, // which has no number in here
	{"stdin", "", "cat"},
	{"streams", "", "readlink /proc/$$/fd/2 | cut -c 1-5"},
	{"enter-uts", "", "hostname"},
	{"enter-ipc", "", "[ $(readlink /proc/self/ns/ipc) = HOST-ipc ] && echo the host\\'s || echo own"},
	{"enter-net", "", "[ $(readlink /proc/self/ns/net) = HOST-net ] && echo the host\\'s || echo own"},
	{"enter-cgroup", "", "[ $(readlink /proc/self/ns/cgroup) = HOST-cgroup ] && echo the host\\'s || echo own"},
	{"terminal", "-t", "tty"},
	{"terminal-host", "-t", "tty"},
	{"console", "-t", "tty"},
	{"umask", "", "umask"},
	{"rlimits", "", "grep 'open files' /proc/self/limits"},
	{"bounding", "", "grep CapBnd /proc/self/status"},
	{"user", "-u student", "id -u"},
	{"seccomp", "", "grep Seccomp: /proc/self/status"},
	{"capabilities", "", "grep CapInh /proc/self/status"},
	{"no-new-privileges", "", "grep NoNewPrivs /proc/self/status"},
	{"workdir", "-w /tmp", "pwd"},
}

// execElsewhere are the entries that have no probe here, and why.
var execElsewhere = map[string]string{
	"target":      "refused: TestExecIsNeverLeftWithoutAContainer",
	"clone":       "refused: TestExecIsNeverLeftWithoutAContainer",
	"enter-mount": "refused: TestExecIsNeverLeftWithoutAContainer",
	"exec":        "refused: TestExecIsNeverLeftWithoutAContainer",
	"undumpable":  "needs strace: TestANewcomerCannotBeLookedInto",
}

func TestEveryEntryOfExecIsMissed(t *testing.T) {
	root(t)
	idling(t, "probed", "--memory", "64m", "--ulimit", "nofile=64:64", "--security-opt", "no-new-privileges", "--hostname", "web")
	probed := map[string]bool{}
	for _, p := range execProbes {
		probed[p.op] = true
		t.Run(p.op, func(t *testing.T) {
			line := p.line
			for _, namespace := range []string{"ipc", "net", "cgroup"} {
				line = strings.ReplaceAll(line, "HOST-"+namespace, link(t, namespace))
			}
			reason := ""
			for _, entry := range execDryRun(t, strings.Fields(p.flags)...) {
				if entry["op"] == p.op && entry["type"] == "left-out" {
					reason = entry["reason"].(string)
				}
			}
			if reason != "" {
				t.Skip("not done on this host: " + reason)
			}
			with := execProbe(t, strings.Fields(p.flags), line)
			without := execProbe(t, append(strings.Fields(p.flags), "--without", p.op), line)
			require.Equal(t, with, execProbe(t, strings.Fields(p.flags), line), "the probe sees what changes by itself")
			require.NotEqual(t, with, without, "nobody misses %s", p.op)
		})
	}
	for _, entry := range execDryRun(t) {
		op := entry["op"].(string)
		require.True(t, probed[op] || execElsewhere[op] != "", "%s has no probe", op)
	}
}

func execProbe(t *testing.T, flags []string, line string) string {
	t.Helper()
	args := append(append([]string{"-c", `umask 027; exec "$@" 9</ 2>/dev/null`, "sh", binary, "exec"}, flags...), "probed", "sh", "-c", line+" 2>&1")
	cmd := exec.Command("sh", args...)
	cmd.SysProcAttr = inheriting()
	cmd.Stdin = strings.NewReader("a word from the caller\n")
	out, _ := cmd.CombinedOutput()
	require.NotEqual(t, process.ExitOurs, cmd.ProcessState.ExitCode(), "whoever does not start shows nothing: %s", out)
	return string(out)
}

func execDryRun(t *testing.T, flags ...string) []map[string]any {
	t.Helper()
	out := ok(t, append(append([]string{"exec", "--dry-run", "--explain=json"}, flags...), "probed", "true")...)
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(out), "\n") {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		lines = append(lines, line)
	}
	return lines
}
