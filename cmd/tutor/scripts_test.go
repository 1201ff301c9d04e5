package main_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What scripts that were written for docker rely on.
func TestScriptsReadWhatDockerWrites(t *testing.T) {
	root(t)
	removed(t, "script")
	ok(t, "run", "--name", "script", "tutor/lab", "sh", "-c", "true && echo a > /b")
	inspect := func(format string) string { return ok(t, "inspect", "-f", format, "script") }
	require.Equal(t, "|\n", inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}|{{.GlobalIPv6Address}}{{end}}"), "it has ended, and has no address")
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z \d{4}-.*Z\n$`, inspect("{{.State.StartedAt}} {{.Created}}"))
	require.Equal(t, `["sh","-c","true && echo a > /b"]`+"\n", inspect("{{json .Config.Cmd}}"))
	require.Contains(t, ok(t, "inspect", "-f", "json", "script"), "true && echo a > /b")

	r := tutor(t, "container", "inspect", "tutor/lab")
	require.Equal(t, 1, r.code, "an image is no container")
	require.Equal(t, "tutor: No such container: tutor/lab\ntutor: hint: tutor ps -a shows the containers that there are\n", r.stderr)
	for _, flag := range []string{"--dry-run", "--print-spec", "-d", "--sig-proxy=false"} {
		r := tutor(t, "create", flag, "tutor/lab")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, " is not supported: create ")
	}
	require.Len(t, strings.Fields(ok(t, "ps", "-aq")), 1)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("content\n"), 0o644))
	require.Empty(t, ok(t, "cp", "-q", file, "script:-"))
	require.Contains(t, ok(t, "diff", "script"), "A /-\n")
}

// Ctrl-C at a question is a no.
func TestCtrlCAtAQuestion(t *testing.T) {
	root(t)
	removed(t, "doubtful")
	stopped(t, "doubtful", "tutor/lab", "true")
	cmd := exec.Command(binary, "container", "prune")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('?')
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	cmd.Wait()
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	require.Contains(t, ok(t, "ps", "-a"), "doubtful")
}
