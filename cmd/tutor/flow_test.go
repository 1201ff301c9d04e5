package main_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// piped runs a line in which $T is tutor.
func piped(t *testing.T, line string) run {
	t.Helper()
	cmd := exec.Command("bash", "-c", line)
	cmd.Env = append(os.Environ(), "T="+binary)
	return command(t, cmd)
}

// A pipe's reader may be slow, and all that was written comes to him.
func TestASlowReaderGetsEverything(t *testing.T) {
	root(t)
	for name, line := range map[string]string{
		"run":      `$T run --rm tutor/lab seq 20000 | (sleep 2; wc -l)`,
		"start -a": `$T create --name slow tutor/lab seq 20000 >/dev/null; $T start -a slow | (sleep 2; wc -l); $T rm slow >/dev/null`,
		"run -t":   `$T run --rm -t tutor/lab seq 20000 | (sleep 2; wc -l)`,
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, run{stdout: "20000\n"}, piped(t, line)) })
	}
}

// `| head` has what it wants, and goes. The command then gets SIGPIPE or EPIPE, as it does without a container; tutor does
// not die of it, and clears up.
func TestAClosedOutputIsTheCommandsToNotice(t *testing.T) {
	root(t)
	for name, line := range map[string]string{
		"it ends":           `$T run --rm tutor/lab yes | head -1`,
		"with a terminal":   `$T run --rm -t tutor/lab yes | head -1`,
		"it does not care":  `$T run --rm tutor/lab sh -c 'trap "" PIPE; for i in 1 2 3 4 5; do echo y 2>/dev/null; sleep 0.1; done' | head -1`,
		"it is with others": `$T run --rm tutor/lab sh -c 'yes | head -1'`,
	} {
		t.Run(name, func(t *testing.T) {
			r := piped(t, line)
			require.Equal(t, "y", strings.TrimSpace(r.stdout), r.stderr)
			require.Empty(t, leftovers(t), "nothing is left for the next tutor to clear")
		})
	}
}

// What is typed may wait until the command reads it; a signal does not wait for that.
func TestASignalOvertakesWhatIsTyped(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "create", "-i", "--name", "deaf", "tutor/lab", "sh", "-c", "trap 'exit 3' USR1; echo here; while :; do sleep 0.1; done")
	cmd := exec.Command(binary, "start", "-ai", "deaf")
	typed, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	go func() {
		for {
			if _, err := typed.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}()
	first, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "here\n", first)
	time.Sleep(500 * time.Millisecond) // until every pipe on the way is full
	require.NoError(t, cmd.Process.Signal(syscall.SIGUSR1))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
		require.Equal(t, 3, cmd.ProcessState.ExitCode())
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		t.Fatal("the signal has not come through")
	}
}

// A terminal that refuses, here because its process group is an orphan in the background, is an error and no crash.
func TestATerminalThatCannotBeSetIsAnError(t *testing.T) {
	root(t)
	said := filepath.Join(t.TempDir(), "said")
	cmd := exec.Command(tool(t, "python3"), "-c", `import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    r, w = os.pipe(); os.set_inheritable(w, True)
    leader = os.fork()
    if leader == 0:
        os.setpgid(0, 0)
        if os.fork() == 0:
            while os.getppid() == leader: time.sleep(0.01)
            os.dup2(os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT), 2)
            os.execv(sys.argv[1], ["tutor", "run", "--rm", "-it", "--explain", "--explain-to", "/dev/null", "tutor/lab", "sleep", "1"])
        os._exit(0)
    os.waitpid(leader, 0)
    os.close(w)
    os.read(r, 1) # until the last one has gone
    os._exit(0)
try:
    while os.read(terminal, 1000): pass
except OSError: pass`, binary, said)
	require.NoError(t, cmd.Run())
	words, err := os.ReadFile(said)
	require.NoError(t, err)
	require.Contains(t, string(words), "input/output error")
	require.NotContains(t, string(words), "panic")
	eventually(t, "nothing is left", func() bool { return len(leftovers(t)) == 0 })
}

// PID 1 hears no SIGINT that it has not asked for. Whoever presses Ctrl-C three times wants his terminal back.
func TestTheThirdCtrlCEndsIt(t *testing.T) {
	root(t)
	cmd := exec.Command(binary, "run", "--rm", "--name", "numb", "tutor/lab", "sh", "-c", "echo begun; while :; do sleep 1; done")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var says bytes.Buffer
	cmd.Stderr = &says
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("begun"))) // Go's own first steps hear every signal
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		time.Sleep(pace.Times(time.Second))
		require.NotEmpty(t, ok(t, "ps", "-q"), "it has not asked for it")
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	cmd.Wait()
	require.Equal(t, 137, cmd.ProcessState.ExitCode())
	require.Regexp(t, `^tutor: hint: PID 1 of a container hears only .*\n$`, says.String())
	require.Empty(t, leftovers(t))
}

// Who is attached cannot end such a container, but can leave it.
func TestTheThirdCtrlCLeavesAnAttachedContainer(t *testing.T) {
	root(t)
	running(t, "numb", "touch /ready; while :; do echo a word; sleep 0.1; done")
	cmd := exec.Command(binary, "attach", "numb")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var says bytes.Buffer
	cmd.Stderr = &says
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("a word"))) // it is attached
	require.NoError(t, err)
	go io.Copy(io.Discard, out)
	for range 3 {
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		time.Sleep(200 * time.Millisecond) // two that come together are one (signal(7))
	}
	cmd.Wait()
	require.Equal(t, 130, cmd.ProcessState.ExitCode())
	require.Equal(t, "tutor: hint: numb goes on: tutor stop numb ends it\n", says.String())
	require.Equal(t, "running\n", ok(t, "inspect", "-f", "{{.State.Status}}", "numb"))
}

// The input of a container that was started in the background is everybody's: one who has no more to say does not close it.
func TestOnePersonsEndIsNotTheCommands(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-d", "-i", "--name", "echo", "tutor/lab", "cat")
	for _, word := range []string{"one", "two"} {
		piped(t, "echo "+word+" | timeout -s KILL "+seconds(2*time.Second)+" $T attach echo")
		eventually(t, word, func() bool { return strings.Contains(tutor(t, "logs", "echo").stdout, word+"\n") })
	}
	require.Equal(t, "running\n", ok(t, "inspect", "-f", "{{.State.Status}}", "echo"))
	require.Equal(t, run{stdout: "here\n"}, piped(t, "echo here | $T run --rm -i tutor/lab cat"), "in the foreground it is")
}

// The working directory is the image's word, or the caller's: it is made and entered before the command becomes a user who may have
// no right to, and before the root becomes read-only, as in Docker.
func TestTheWorkingDirectoryDoesNotDependOnTheUser(t *testing.T) {
	root(t)
	noneStays(t)
	for line, want := range map[string]string{
		"-u 5:5 -w /new/one":        "/new/one",
		"-u 5:5 -w /root":           "/root",
		"--read-only -w /new":       "/new",
		"--tmpfs /t -u 5 -w /t/new": "/t/new",
	} {
		require.Equal(t, want+"\n", ok(t, append(append([]string{"run", "--rm"}, strings.Fields(line)...), "tutor/lab", "pwd")...), line)
	}
	ok(t, "run", "-d", "--name", "box", "tutor/lab", "sleep", "1000")
	require.Equal(t, "/root\n", ok(t, "exec", "-u", "5", "-w", "/root", "box", "pwd"))
}

// What was asked for is found again by Docker's words, and what was not asked for is there, empty.
func TestInspectTellsWhatWasAskedFor(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "create", "--name", "box", "-p", "127.0.0.1:8080:80", "-p", "8081:80", "--cpu-quota", "50000", "--ulimit", "nofile=64:128", "--dns", "9.9.9.9",
		"--add-host", "a:1.2.3.4", "--tmpfs", "/run:size=1m", "-v", "/etc:/host:ro", "--security-opt", "no-new-privileges", "tutor/lab", "true")
	for template, want := range map[string]string{
		`{{(index .HostConfig.PortBindings "80/tcp" 0).HostIp}} {{(index .HostConfig.PortBindings "80/tcp" 1).HostPort}}`: "127.0.0.1 8081",
		"{{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}} {{.HostConfig.NanoCpus}}":                                     "50000 100000 500000000",
		"{{(index .HostConfig.Ulimits 0).Name}} {{(index .HostConfig.Ulimits 0).Soft}}":                                   "nofile 64",
		"{{.HostConfig.Dns}} {{.HostConfig.ExtraHosts}} {{.HostConfig.SecurityOpt}}":                                      "[9.9.9.9] [a:1.2.3.4] [no-new-privileges]",
		"{{.HostConfig.Binds}} {{.HostConfig.Tmpfs}} {{.HostConfig.ShmSize}} {{.HostConfig.Privileged}}":                  "[/etc:/host:ro] map[/run:size=1m] 67108864 false",
		`{{index .Config.Labels "none"}}|{{.NetworkSettings.IPPrefixLen}}`:                                                "|0",
		`{{range .Mounts}}{{.Type}} {{.Propagation}},{{end}}`:                                                             "bind rprivate,tmpfs ,",
	} {
		require.Equal(t, want+"\n", ok(t, "inspect", "-f", template, "box"), template)
	}
}
