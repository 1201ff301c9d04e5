package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
)

// idling starts a container that does nothing until it is killed.
func idling(t *testing.T, name string, flags ...string) (container.State, *exec.Cmd) {
	t.Helper()
	state, owner := running(t, name, "touch /ready; exec sleep 1000", flags...)
	eventually(t, name+" idles", func() bool {
		processes, err := testHome().Processes(state)
		return err == nil && len(processes) == 1 && processes[0].Command() == "sleep 1000"
	})
	return state, owner
}

// Docker's flags, each by what a command inside sees of it.
func TestExecFlags(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "env"), []byte("# a comment\nA=1\nB=two words\n"), 0o644))
	t.Setenv("FROM_THE_CALLER", "yes")
	idling(t, "entered", "-e", "OWN=container", "--hostname", "web", "-w", "/var/www", "--ulimit", "nofile=100:100")
	for _, c := range []struct{ flags, line, want string }{
		{"", "hostname", "web"},
		{"", "cat /proc/1/cmdline | tr '\\0' ' '", "sleep 1000"},
		{"", "pwd", "/var/www"},
		{"-w /tmp", "pwd", "/tmp"},
		{"", "echo $OWN $HOSTNAME $HOME $PATH ${TERM-no terminal} ${FROM_THE_CALLER-nothing of the caller}", "container web /root /bin no terminal nothing of the caller"},
		{"-e OWN=exec -e FROM_THE_CALLER -e NOT_SET", "echo $OWN $FROM_THE_CALLER ${NOT_SET-unset}", "exec yes unset"},
		{"--env-file DIR/env", "echo $A $B", "1 two words"},
		{"-t", "echo $TERM; tty", "xterm\r\n/dev/pts/0\r"},
		{"-u student", "id -un; echo $HOME; grep Groups /proc/self/status", "student\n/home/student\nGroups:\t10"},
		{"-u 1234:5678", "echo $(id -u) $(id -g)", "1234 5678"},
		{"-u student", "echo x > /dev/stderr && echo its own streams", "its own streams"},
		{"", "grep CapEff /proc/self/status", "CapEff:\t00000000a80425fb"},
		{"", "grep -e CapInh -e CapAmb -e CapBnd /proc/self/status", "CapInh:\t0000000000000000\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000"},
		{"-u student", "grep CapEff /proc/self/status", "CapEff:\t0000000000000000"},
		{"", "grep Groups /proc/self/status", "Groups:\t"},
		{"", "grep 'open files' /proc/self/limits | tr -s ' ' | cut -d ' ' -f 4,5", "100 100"},
		{"", "umask; cat", "0022"},
		{"", "ls -l /proc/self/fd | grep -v -e cpu.max -e anon_inode -e total | wc -l", "3"}, // 0, 1, 2 and none of the caller's; Go's own aside
	} {
		t.Run(c.flags+" "+c.line, func(t *testing.T) {
			flags := strings.Fields(strings.ReplaceAll(c.flags, "DIR", dir))
			out := execAs(t, append(append([]string{"exec"}, flags...), "entered", "sh", "-c", c.line)...)
			require.True(t, strings.HasPrefix(out, c.want), "%q", out)
		})
	}
	cmd := exec.Command(binary, "exec", "-i", "entered", "cat")
	cmd.Stdin = strings.NewReader(strings.Repeat("what the caller says\n", 50000))
	require.Equal(t, strings.Repeat("what the caller says\n", 50000), command(t, cmd).stdout)
	r := tutor(t, "exec", "entered", "sh", "-c", "echo out; echo err >&2")
	require.Equal(t, run{"out\n", "err\n", 0}, r)
	require.Equal(t, "--explain\n", ok(t, "exec", "entered", "--", "echo", "--explain"))
}

// execAs runs a command line for a caller who has open files, groups, an odd mask and inheritable powers.
func execAs(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `umask 077; exec "$@" 5</ 7</ 9</`, "sh", binary}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: []uintptr{13}, Credential: &syscall.Credential{Groups: []uint32{4, 24}}}
	cmd.Stdin = strings.NewReader("a word from the caller\n")
	r := command(t, cmd)
	require.Zero(t, r.code, r.stderr)
	require.NotContains(t, r.stdout, "a word from the caller")
	return r.stdout
}

func TestExecExitCodes(t *testing.T) {
	root(t)
	state, cmd := idling(t, "coded")
	require.Equal(t, 7, tutor(t, "exec", "coded", "sh", "-c", "exit 7").code, "the command's own")
	require.Equal(t, 137, tutor(t, "exec", "coded", "sh", "-c", "kill -9 $$").code, "128 + the signal")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"coded nonesuch", 127, `tutor: exec: execve\("/bin/nonesuch", .*\) = ENOENT \(no such file or directory\)\ntutor: hint: no such command`},
		{"coded /etc/passwd", 126, `tutor: exec: execve\("/etc/passwd", .*\) = EACCES \(permission denied\)\ntutor: hint: `},
		{"nonesuch true", 1, `tutor: No such container: nonesuch\n`},
		{"coded", 125, `tutor: exec needs a container and a command\ntutor: hint: `},
		{"--nonesuch coded true", 125, `tutor: unknown flag: --nonesuch\ntutor: hint: tutor exec --help`},
		{"--privileged coded true", 125, `tutor: exec --privileged is not supported: .*\ntutor: hint: .*--cap-add`},
		{"-u nobody-knows coded true", 125, `tutor: unable to find user nobody-knows: no matching entries in passwd file\ntutor: hint: `},
		{"-u 4294967296 coded true", 125, `tutor: unable to find user 4294967296`},
		{"-w /nonesuch coded true", 125, `tutor: workdir: openat2\(.*\) = ENOENT`},
		{"-w /proc/self/fd/9 coded true", 125, `tutor: workdir: openat2\(.*\) = ELOOP`},
		{"-it coded true", 125, `tutor: the input device is not a TTY\n`},
		{"--without enter-mount coded true", 125, `tutor: --without enter-mount: refused: `},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := tutor(t, append([]string{"exec"}, strings.Fields(c.args)...)...)
			require.Equal(t, c.code, r.code, r.stderr)
			require.Regexp(t, "^"+c.says, r.stderr)
			require.Empty(t, r.stdout)
		})
	}
	require.Len(t, groupMembers(t, state.ID), 1, "what has failed is gone")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM)) // PID 1 without a handler does not hear it
	require.NoError(t, syscall.Kill(first(t, state), syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	r := tutor(t, "exec", "coded", "true")
	require.Equal(t, 1, r.code)
	require.Regexp(t, "^tutor: container "+state.ID+" is not running\ntutor: hint: ", r.stderr)
	require.Regexp(t, "^tutor: container "+state.ID+" is not running\n", tutor(t, "top", "coded").stderr)
}

// groupMembers are the host's PIDs of all that is in the container.
func groupMembers(t *testing.T, id string) []string {
	t.Helper()
	dirs, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-" + id)
	more, _ := filepath.Glob("/sys/fs/cgroup/tutor-" + id)
	for _, dir := range append(more, dirs...) {
		procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		require.NoError(t, err)
		return strings.Fields(string(procs))
	}
	return nil
}

// first is the container's first process, as the host sees it.
func first(t *testing.T, state container.State) int {
	t.Helper()
	processes, err := testHome().Processes(state)
	require.NoError(t, err)
	at := slices.IndexFunc(processes, func(p container.Process) bool { return p.Inside == 1 })
	require.GreaterOrEqual(t, at, 0, "no PID 1")
	return processes[at].PID
}

func TestACommandLivesInTheContainersGroups(t *testing.T) {
	root(t)
	state, _ := idling(t, "limited", "--memory", "32m", "--pids-limit", "60")
	of := func(pid string) string {
		content, err := os.ReadFile("/proc/" + pid + "/cgroup")
		require.NoError(t, err)
		return string(content)
	}
	alone := groupMembers(t, state.ID)
	require.Len(t, alone, 1)
	ok(t, "exec", "-d", "limited", "sleep", "1000")
	both := groupMembers(t, state.ID)
	require.Len(t, both, 2)
	for _, pid := range both {
		require.Equal(t, of(alone[0]), of(pid), "every tree of groups")
	}
	require.Equal(t, 137, tutor(t, "exec", "limited", "eat", "200M").code, "killed at the container's 32 MiB")
	require.Len(t, groupMembers(t, state.ID), 2, "and nobody else was")
}

// With -d the command goes on when tutor has ended, holds nothing of the caller's, and ends with the container.
func TestADetachedCommandOutlivesTutor(t *testing.T) {
	root(t)
	state, cmd := idling(t, "host")
	require.Empty(t, ok(t, "exec", "-d", "-i", "-t", "host", "sh", "-c", "echo thrown away; ls -l /proc/self/fd > /fds; touch /there; exec sleep 1000"))
	eventually(t, "it runs", func() bool {
		_, err := os.Stat(filepath.Join(testHome().Dir(state.ID), "upper", "there"))
		return err == nil
	})
	fds := read(filepath.Join(testHome().Dir(state.ID), "upper"), "fds")
	require.Equal(t, 3, strings.Count(fds, "/dev/null")+strings.Count(fds, "/fds"), fds)
	require.NotContains(t, fds, "pipe:")
	require.Equal(t, 127, tutor(t, "exec", "-d", "host", "nonesuch").code)
	members := groupMembers(t, state.ID)
	require.Len(t, members, 2)
	require.NoError(t, syscall.Kill(first(t, state), syscall.SIGKILL))
	cmd.Wait()
	for _, pid := range members {
		require.NoFileExists(t, "/proc/"+pid+"/exe")
	}
	require.Nil(t, groupMembers(t, state.ID))
}
