package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What starts in the background can be looked at as what starts in the foreground: until the command runs.
func TestAStartInTheBackgroundIsTraced(t *testing.T) {
	root(t)
	t.Cleanup(func() { tutor(t, "rm", "-f", "seen") })
	file := filepath.Join(t.TempDir(), "trace")
	begins := func(trace string) {
		t.Helper()
		require.Contains(t, trace, `execve("/bin/sleep", ["sleep", "1000"]`)
		require.Contains(t, trace, "two views of the same process")
	}
	// The pipe has an end while the container runs on: its monitor has let go of it.
	out, err := exec.Command("sh", "-c", binary+" run -d --name seen --explain tutor/lab sleep 1000 2>&1 | cat").Output()
	require.NoError(t, err)
	begins(string(out))
	require.NotContains(t, string(out), "undone", "nobody waits for the end")

	r := tutor(t, "restart", "-t", "0", "--explain", "seen")
	require.Equal(t, "seen\n", r.stdout)
	require.Contains(t, r.stderr, "pidfd_send_signal(", "its end")
	begins(r.stderr)

	ok(t, "stop", "-t", "0", "seen")
	ok(t, "start", "--explain=json", "--explain-to", file, "seen")
	types := map[any]bool{}
	for _, line := range traceLines(t, file) {
		types[line["type"]] = true
	}
	for _, kind := range []string{"call", "request", "process", "view"} {
		require.True(t, types[kind], kind)
	}
	require.False(t, types["exit"])
	require.Equal(t, "seen\n", ok(t, "start", "--explain", "seen"), "it runs already: there is nothing to see")
}

func TestAStartThatFailsIsTraced(t *testing.T) {
	root(t)
	t.Cleanup(func() { tutor(t, "rm", "-f", "fails") })
	r := tutor(t, "run", "-d", "--name", "fails", "--explain", "tutor/lab", "nonesuch")
	require.Equal(t, 127, r.code)
	require.Contains(t, r.stderr, "= -1 ENOENT (No such file or directory)")
	require.Contains(t, r.stderr, "\nundone", "and what was undone of it")
	require.Contains(t, r.stderr, "remove-bridge", "its network was the only one's")
	require.True(t, strings.Index(r.stderr, "remove-bridge") < strings.Index(r.stderr, "tutor: "), "the error stands last")

	r = tutor(t, "start", "--explain=html", "fails")
	require.Contains(t, r.stderr, "--explain=text or --explain=json")
	r = tutor(t, "start", "-a", "--explain-to", filepath.Join(t.TempDir(), "no", "where"), "fails")
	require.Contains(t, r.stderr, "tutor: --explain-to: ")
}

// start -a shows both: the trace by the monitor, and what the command says.
func TestAnAttachedStartIsTraced(t *testing.T) {
	root(t)
	ok(t, "create", "--name", "talks", "tutor/lab", "echo", "hello")
	t.Cleanup(func() { tutor(t, "rm", "-f", "talks") })
	r := tutor(t, "start", "-a", "--explain", "talks")
	require.Equal(t, "hello\n", r.stdout)
	require.Contains(t, r.stderr, `execve("/bin/echo", ["echo", "hello"]`)
}
