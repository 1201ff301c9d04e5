package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Docker's flags, each by what a command inside sees of it.
func TestRunFlags(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "precious"), []byte("from the host\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "env"), []byte("# a comment\nA=1\nB=two words\n"), 0o644))
	t.Setenv("FROM_THE_CALLER", "yes")
	host, err := os.Hostname()
	require.NoError(t, err)
	for _, c := range []struct{ flags, line, want string }{
		{"-e A=1 -e FROM_THE_CALLER -e NOT_SET", "echo $A $FROM_THE_CALLER ${NOT_SET-unset}", "1 yes unset"},
		{"", "echo ${FROM_THE_CALLER-nothing of the caller}", "nothing of the caller"},
		{"", "echo $HOME $PATH", "/root /bin"},
		{"--env-file DIR/env", "echo $A $B", "1 two words"},
		{"-w /srv/new", "pwd", "/srv/new"},
		{"-u student", "id -un; echo $HOME", "student\n/home/student"},
		{"-u 1234:5678", "echo $(id -u) $(id -g)", "1234 5678"},
		{"-u student", "grep Groups /proc/self/status", "Groups:\t10"},
		{"-v DIR:/data", "cat /data/precious", "from the host"},
		{"-v DIR:/data:ro", "touch /data/new 2>/dev/null || echo read-only", "read-only"},
		{"--mount type=bind,src=DIR,dst=/data,readonly", "touch /data/new 2>/dev/null || echo read-only", "read-only"},
		{"-v DIR/precious:/a/b/c", "cat /a/b/c", "from the host"},
		{"--tmpfs /scratch:size=1m,mode=700", "stat -c %a /scratch; grep /scratch /proc/mounts | cut -d ' ' -f 3", "700\ntmpfs"},
		{"--read-only --tmpfs /tmp", "touch /new 2>/dev/null || echo no; touch /tmp/new && echo yes", "no\nyes"},
		{"--hostname web", "hostname; cat /etc/hostname", "web\nweb"},
		{"--network host", "hostname; ls /sys/class/net | grep -c lo", host + "\n1"},
		{"--network none", "ls /sys/class/net; cat /proc/sys/net/ipv4/ip_unprivileged_port_start", "lo\n0"},
		{"--ulimit nofile=100:100", "grep 'open files' /proc/self/limits | tr -s ' ' | cut -d ' ' -f 4,5", "100 100"},
		{"--cap-drop ALL --cap-add net_admin", "grep CapEff /proc/self/status", "CapEff:\t0000000000001000"},
		{"", "grep CapEff /proc/self/status", "CapEff:\t00000000a80425fb"},
		{"-u student", "grep CapEff /proc/self/status", "CapEff:\t0000000000000000"},
		{"--init", "cat /proc/1/comm; cat /proc/self/stat | cut -d ' ' -f 4", "docker-init\n"},
		{"", "ls -1 /dev | tr '\\n' ' '", "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "},
		{"-t", "ls -1 /dev | grep console; tty", "console\r\n/dev/pts/0\r"},
	} {
		t.Run(c.flags+" "+c.line, func(t *testing.T) {
			flags := strings.Fields(strings.ReplaceAll(c.flags, "DIR", dir))
			out := ok(t, append(append([]string{"run", "--rm"}, flags...), "tutor/lab", "sh", "-c", c.line)...)
			require.True(t, strings.HasPrefix(out, c.want), "%q", out)
		})
	}
	require.Equal(t, "x\n", ok(t, "run", "--rm", "--entrypoint", "echo", "tutor/lab", "x"))
	cmd := exec.Command(binary, "run", "--rm", "-i", "tutor/lab", "cat")
	cmd.Stdin = strings.NewReader("what the caller says")
	require.Equal(t, "what the caller says", command(t, cmd).stdout)
	require.Empty(t, leftovers(t))
}

// What --explain means depends on where it stands.
func TestExplainStandsAnywhereBeforeTwoDashes(t *testing.T) {
	root(t)
	r := tutor(t, "run", "--rm", "tutor/lab", "echo", "a", "--explain", "b")
	require.Equal(t, "a b\n", r.stdout)
	require.Contains(t, r.stderr, "execve(\"/bin/echo\", [\"echo\", \"a\", \"b\"]")
	r = tutor(t, "run", "--rm", "tutor/lab", "--", "echo", "--explain")
	require.Equal(t, "--explain\n", r.stdout)
	require.Empty(t, r.stderr)
	r = tutor(t, "run", "--rm", "tutor/lab", "echo", "--explain", "--", "--explain")
	require.Equal(t, "-- --explain\n", r.stdout)
	require.Contains(t, r.stderr, "two views of the same process")
	r = tutor(t, "run", "--rm", "--", "tutor/lab", "echo", "--explain")
	require.Equal(t, run{stdout: "--explain\n"}, r)
	trace := filepath.Join(t.TempDir(), "trace")
	for _, line := range [][]string{{"--explain", "run", "--rm"}, {"--explain=json", "--explain-to", trace, "container", "run", "--rm"}} {
		r = tutor(t, append(line, "tutor/lab", "echo", "here")...)
		require.Equal(t, "here\n", r.stdout, r.stderr)
		require.Equal(t, line[0] == "--explain", strings.Contains(r.stderr, "two views of the same process"))
	}
	require.NotEmpty(t, traceLines(t, trace))
}

func TestPrintSpecIsAnOCIConfig(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	var spec struct {
		OCIVersion string `json:"ociVersion"`
		Hostname   string
		Process    struct{ Args []string }
		Linux      struct {
			Resources struct{ Memory struct{ Limit int64 } }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(ok(t, "run", "--print-spec", "--hostname", "web", "-m", "64m", "tutor/lab", "sh")), &spec))
	require.NotEmpty(t, spec.OCIVersion)
	require.Equal(t, "web", spec.Hostname)
	require.Equal(t, []string{"sh"}, spec.Process.Args)
	require.Equal(t, int64(64<<20), spec.Linux.Resources.Memory.Limit)
	require.Empty(t, leftovers(t))
}

// Each lab's Program runs, and knows no more than its lab.
func TestEveryLabRuns(t *testing.T) {
	root(t)
	inside := map[string]string{}
	for _, lab := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		args := []string{"run", "--rm", "--lab", lab}
		if lab >= "4" {
			args = append(args, "tutor/lab")
		}
		inside[lab] = strings.TrimSpace(ok(t, append(args, "sh", "-c", "echo $$")...))
	}
	require.NotEqual(t, "1", inside["1"])
	for _, lab := range []string{"2", "3", "4", "5", "6", "7"} {
		require.Equal(t, "1", inside[lab], "lab %s", lab)
	}
	require.Equal(t, 125, tutor(t, "run", "--lab", "8", "true").code)
	require.Empty(t, leftovers(t))
}

// A stopped container stays, without --rm, with its exit code; its name stays taken.
func TestAStoppedContainerStays(t *testing.T) {
	root(t)
	require.Equal(t, 3, tutor(t, "run", "--name", "stays", "tutor/lab", "sh", "-c", "exit 3").code)
	states, err := filepath.Glob(filepath.Join(home, "root", "containers", "*", "state.json"))
	require.NoError(t, err)
	require.Len(t, states, 1)
	defer os.RemoveAll(filepath.Dir(states[0]))
	content, err := os.ReadFile(states[0])
	require.NoError(t, err)
	var state struct {
		Name, Status, Image string
		ExitCode            int
	}
	require.NoError(t, json.Unmarshal(content, &state))
	require.Equal(t, "stays", state.Name)
	require.Equal(t, "exited", state.Status)
	require.Equal(t, 3, state.ExitCode)
	r := tutor(t, "run", "--name", "stays", "tutor/lab")
	require.Equal(t, 125, r.code)
	require.Contains(t, r.stderr, `The container name "/stays" is already in use by container`)
}
