package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// removed sees to it that a test's containers go.
func removed(t *testing.T, names ...string) {
	t.Helper()
	t.Cleanup(func() { tutor(t, append([]string{"rm", "-f"}, names...)...) })
}

func TestTheLifeOfAContainer(t *testing.T) {
	root(t)
	removed(t, "box")
	id := strings.TrimSpace(ok(t, "create", "--name", "box", "tutor/lab", "sh", "-c", "echo out; echo err >&2; trap 'echo bye; exit 7' TERM; while :; do sleep 0.1; done"))
	require.Regexp(t, `^[0-9a-f]{64}$`, id)
	require.Empty(t, ok(t, "ps", "-q"))
	require.Regexp(t, `^CONTAINER ID   IMAGE       COMMAND                  CREATED +STATUS    PORTS     NAMES\n`+id[:12]+
		`   tutor/lab   "sh -c 'echo out; ec…"   .* ago   Created             box\n$`, ok(t, "ps", "-a"))
	require.Equal(t, "box\n", ok(t, "start", "box"))
	require.Equal(t, "box Up", strings.Join(strings.Fields(ok(t, "ps", "--format", "{{.Names}} {{.Status}}"))[:2], " "))
	eventually(t, "the first words", func() bool { return ok(t, "logs", id[:10]) == "out\nerr\n"[:4] })
	pid, err := strconv.Atoi(strings.TrimSpace(ok(t, "inspect", "-f", "{{.State.Pid}}", "box")))
	require.NoError(t, err)
	require.Contains(t, read(fmt.Sprintf("/proc/%d", pid), "status"), fmt.Sprintf("NSpid:\t%d\t1\n", pid))
	r := tutor(t, "rm", "box")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "You cannot remove a running container "+id+". Stop the container before attempting removal or force remove")

	require.Equal(t, "box\n", ok(t, "pause", "box"))
	require.Contains(t, ok(t, "ps"), "(Paused)")
	r = tutor(t, "pause", "box")
	require.Contains(t, r.stderr, "is already paused")
	require.Equal(t, "box\n", ok(t, "unpause", "box"))
	require.Equal(t, "", ok(t, "rename", "box", "crate"))
	ok(t, "rename", "crate", "box")

	require.Equal(t, "box\n", ok(t, "stop", "box"))
	require.Contains(t, ok(t, "ps", "-a", "--filter", "exited=7"), "Exited (7)")
	require.Equal(t, "out\nbye\n", ok(t, "logs", "box"))
	require.Equal(t, "7\n", ok(t, "wait", "box"))
	require.Equal(t, "box\n", ok(t, "restart", "-t", "1", "box"))
	require.Equal(t, "box\n", ok(t, "kill", "-s", "KILL", "box"))
	require.Equal(t, "137\n", ok(t, "wait", "box"))
	require.Equal(t, "box\n", ok(t, "rm", "box"))
	r = tutor(t, "stop", "box")
	require.Equal(t, run{"", "tutor: No such container: box\ntutor: hint: tutor ps -a shows the containers that there are\n", 1}, r)
	require.Empty(t, leftovers(t))
}

func TestLogsAreByteForByteWhatWasWritten(t *testing.T) {
	root(t)
	removed(t, "writer", "mute")
	script := `printf 'one\ntwo\n\377\000bytes\n'; printf 'no newline'; echo error >&2`
	direct := tutor(t, "run", "--name", "writer", "tutor/lab", "sh", "-c", script)
	require.Equal(t, "one\ntwo\n\xff\x00bytes\nno newline", direct.stdout)
	logs := tutor(t, "logs", "writer")
	require.Equal(t, direct.stdout, logs.stdout)
	require.Equal(t, "error\n", logs.stderr)
	last := ok(t, "logs", "-n", "3", "writer") // the error is one of the three, if it came late: by another pipe
	require.Equal(t, "\xff\x00bytes\nno newline", strings.TrimPrefix(last, "two\n"))
	require.Equal(t, "", ok(t, "logs", "--tail", "0", "writer"))
	require.Regexp(t, `^\d{4}-\d\d-\d\dT[0-9:.]{18}Z one\n`, ok(t, "logs", "-t", "writer"))
	require.Equal(t, "", ok(t, "logs", "--since", "2100-01-01", "writer"))

	r := tutor(t, "run", "--name", "mute", "--without", "streams", "tutor/lab", "echo", "past the log")
	require.Equal(t, "past the log\n", r.stdout, "it keeps tutor's own output")
	require.Empty(t, ok(t, "logs", "mute"))
}

func TestLogsFollowUntilTheEnd(t *testing.T) {
	root(t)
	removed(t, "talker")
	ok(t, "run", "-d", "--name", "talker", "tutor/lab", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
	require.Equal(t, "1\n2\n3\n", ok(t, "logs", "-f", "talker"))
}

func TestAHugeLineDoesNotFillMemory(t *testing.T) {
	root(t)
	removed(t, "flood")
	ok(t, "run", "-d", "--name", "flood", "tutor/lab", "sh", "-c", "head -c 100000000 /dev/zero; sleep 100")
	log := strings.TrimSpace(ok(t, "inspect", "-f", "{{.LogPath}}", "flood"))
	eventually(t, "all of it is in the log", func() bool {
		info, err := os.Stat(log)
		return err == nil && info.Size() > 100_000_000
	})
	monitor := strings.TrimSpace(ok(t, "inspect", "-f", "{{.State.MonitorPid}}", "flood"))
	status := read("/proc/"+monitor, "status")
	_, peak, _ := strings.Cut(status, "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(peak)[0])
	require.NoError(t, err)
	require.Less(t, kilobytes, 60_000)
	ok(t, "stop", "-t", "0", "flood")
	var out bytes.Buffer
	cmd := exec.Command(binary, "logs", "flood")
	cmd.Stdout = &out
	require.NoError(t, cmd.Run())
	require.True(t, bytes.Equal(make([]byte, 100_000_000), out.Bytes()), "%d bytes", out.Len())
}

func TestAttachAndLeave(t *testing.T) {
	root(t)
	removed(t, "box")
	cmd := exec.Command(binary, "run", "-it", "--name", "box", "tutor/lab", "sh")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("# ")
	s.press("echo first\r")
	s.sees("\nfirst\r\n")
	s.press("\x10\x11") // Ctrl-P Ctrl-Q
	s.sees("read escape sequence")
	require.NoError(t, cmd.Wait())
	require.Contains(t, ok(t, "ps"), "Up ")

	again := exec.Command(binary, "attach", "box")
	s = attach(t, again)
	require.NoError(t, again.Start())
	s.press("echo $((6*7)); tty\r")
	s.sees("\n42\r\n/dev/pts/0")
	s.resize(33, 111)
	s.press("\x10x\x7f\x7fstty size\r") // the first key of the sequence is a key as well
	s.press("exit 5\r")
	require.Error(t, again.Wait())
	require.Equal(t, 5, again.ProcessState.ExitCode(), s.shown())
	require.Contains(t, ok(t, "logs", "box"), "first")
}

// Without a terminal there are no keys to leave with; --sig-proxy=false leaves Ctrl-C to tutor, as in Docker.
func TestLeavingWithoutATerminal(t *testing.T) {
	root(t)
	removed(t, "loud")
	cmd := exec.Command(binary, "run", "--sig-proxy=false", "--name", "loud", "tutor/lab", "sh", "-c", "while :; do echo word; sleep 0.05; done")
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	require.NoError(t, err)
	defer out.Close()
	cmd.Stdout = out
	require.NoError(t, cmd.Start())
	eventually(t, "its first word", func() bool { return read(dir, "out") != "" })
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode())
	require.Contains(t, ok(t, "ps"), "loud")
}

// A container that was run with --rm and whose tutor was killed holds its volume no longer.
func TestAVolumeIsFreeWhenItsUserWasKilled(t *testing.T) {
	root(t)
	_, cmd := running(t, "holder", "touch /ready; exec sleep 1000", "--rm", "-v", "kept:/kept")
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	require.Equal(t, "kept\n", ok(t, "volume", "rm", "kept"))
}

func TestStartAttachedIsAsRunWas(t *testing.T) {
	root(t)
	removed(t, "counter")
	r := tutor(t, "run", "--name", "counter", "-i", "tutor/lab", "sh", "-c", "wc -c; echo run >> /runs; wc -l < /runs; exit 3")
	require.Equal(t, 3, r.code)
	cmd := exec.Command(binary, "start", "-ai", "counter")
	cmd.Stdin = strings.NewReader("12345")
	again := command(t, cmd)
	require.Equal(t, 3, again.code, again.stderr)
	require.Equal(t, []string{"5", "2"}, strings.Fields(again.stdout), "what it wrote the first time is still there")
	ok(t, "create", "--name", "quick", "tutor/lab", "echo", "hello")
	removed(t, "quick")
	for range 20 { // the first words come before the word that it runs
		require.Equal(t, "hello\n", ok(t, "start", "-a", "quick"))
	}
}

// The monitor dies: nobody could say how the container ended, so the next command ends it and says so.
func TestTheTruthAfterTheMonitorIsKilled(t *testing.T) {
	root(t)
	removed(t, "orphan")
	id := strings.TrimSpace(ok(t, "run", "-d", "--name", "orphan", "tutor/lab", "sleep", "1000"))
	pid := number(t, ok(t, "inspect", "-f", "{{.State.Pid}}", "orphan"))
	monitor := number(t, ok(t, "inspect", "-f", "{{.State.MonitorPid}}", "orphan"))
	require.NoError(t, unix.Kill(monitor, unix.SIGKILL))
	eventually(t, "the monitor is gone", func() bool { return unix.Kill(monitor, 0) != nil })
	require.Empty(t, ok(t, "ps", "-q"))
	require.Equal(t, "exited 137\n", ok(t, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "orphan"))
	eventually(t, "the container is gone", func() bool { return unix.Kill(pid, 0) != nil })
	ok(t, "start", "orphan")
	ok(t, "rm", "-f", id)
	require.Empty(t, leftovers(t))
}

// A reboot: everything in TUTOR_RUN is gone, and every process.
func TestTheTruthAfterAReboot(t *testing.T) {
	root(t)
	removed(t, "sleeper")
	ok(t, "run", "-d", "--name", "sleeper", "tutor/lab", "sleep", "1000")
	pid := number(t, ok(t, "inspect", "-f", "{{.State.Pid}}", "sleeper"))
	monitor := number(t, ok(t, "inspect", "-f", "{{.State.MonitorPid}}", "sleeper"))
	require.NoError(t, unix.Kill(monitor, unix.SIGKILL))
	require.NoError(t, unix.Kill(pid, unix.SIGKILL))
	eventually(t, "both are gone", func() bool { return unix.Kill(pid, 0) != nil && unix.Kill(monitor, 0) != nil })
	id := strings.TrimSpace(ok(t, "inspect", "-f", "{{.Id}}", "sleeper"))
	for _, pattern := range []string{filepath.Join(home, "run", "*"), "/sys/fs/cgroup/*/tutor-" + id, "/sys/fs/cgroup/tutor-" + id} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, p := range paths {
			if os.RemoveAll(p) != nil {
				os.Remove(p)
			}
		}
	}
	require.NotContains(t, ok(t, "ps", "-a"), "Up ")
	require.Equal(t, "sleeper\n", ok(t, "start", "sleeper"))
	require.Contains(t, ok(t, "ps"), "Up ")
}

func TestAHundredAtOnce(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	ids := make([]string, 100)
	for i := range ids {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out, err := exec.Command(binary, "run", "-d", "--label", "class=hundred", "tutor/lab", "sleep", "1000").Output()
			if err != nil {
				t.Error(err)
			}
			ids[i] = strings.TrimSpace(string(out))
		})
	}
	group.Wait()
	require.Len(t, strings.Fields(ok(t, "ps", "-q", "--filter", "label=class=hundred")), 100)
	names := strings.Fields(ok(t, "ps", "--format", "{{.Names}}", "--filter", "label=class=hundred"))
	require.Len(t, names, 100)
	start := time.Now()
	ok(t, append([]string{"stop", "-t", "0"}, names[:50]...)...)
	ok(t, append([]string{"rm", "-f"}, ids...)...)
	t.Logf("stopped and removed in %s", time.Since(start))
	require.Empty(t, leftovers(t))
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	require.NoError(t, err)
	return n
}

func TestPsShowsBothPIDsOfEveryProcess(t *testing.T) {
	root(t)
	removed(t, "tree")
	ok(t, "run", "-d", "--name", "tree", "tutor/lab", "sh", "-c", "sleep 1000 & wait")
	eventually(t, "two processes", func() bool { return strings.Count(ok(t, "ps", "--pids"), "tree") == 2 })
	out := ok(t, "ps", "--pids")
	pid := strings.TrimSpace(ok(t, "inspect", "-f", "{{.State.Pid}}", "tree"))
	require.Regexp(t, `(?m)^CONTAINER +HOST PID +INSIDE +COMMAND\ntree +`+pid+` +1 +sh -c sleep 1000 & wait\ntree +\d+ +\d+ +  \S.*$`, out)
}

func TestVolumesAreSeenInPsAndInspect(t *testing.T) {
	root(t)
	t.Cleanup(func() { tutor(t, "volume", "rm", "-f", "shelf") })
	removed(t, "owner")
	ok(t, "create", "--name", "owner", "-v", "shelf:/books:ro", "tutor/lab", "true")
	for _, filter := range []string{"volume=shelf", "volume=/books"} {
		require.Equal(t, "owner shelf\n", ok(t, "ps", "-a", "--filter", filter, "--format", "{{.Names}} {{.Mounts}}"))
	}
	require.Empty(t, ok(t, "ps", "-aq", "--filter", "volume=other"))
	require.Equal(t, "volume shelf /books false\n", ok(t, "inspect", "-f", "{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}", "owner"))
}

// The first Docker lesson, with tutor in docker's place.
func TestTheFirstDockerLesson(t *testing.T) {
	root(t)
	mirror := serve(t, "library/python", pythonImage(t))
	t.Setenv("TUTOR_REGISTRY_MIRRORS", mirror)
	require.Contains(t, ok(t, "pull", "python"), "Status: Downloaded newer image for python:latest\n")
	require.Contains(t, ok(t, "images"), "python       latest")
	cmd := exec.Command(binary, "run", "-it", "--name", "first", "python")
	s := attach(t, cmd)
	removed(t, "first", "second")
	require.NoError(t, cmd.Start())
	s.sees(">>> ")
	s.press("print(6*7)\r")
	s.sees("\n42\r\n")
	s.press("exit()\r")
	require.NoError(t, cmd.Wait(), s.shown())
	require.Empty(t, ok(t, "ps", "-q"))
	require.Regexp(t, `python +"python3" .* Exited \(0\) .* first\n`, ok(t, "ps", "-a"))
	id := strings.TrimSpace(ok(t, "run", "-d", "--name", "second", "python", "python3", "-c", "import time; print('up', flush=True); time.sleep(1000)"))
	eventually(t, "its first word", func() bool { return ok(t, "logs", "second") == "up\n" })
	require.Regexp(t, id[:12]+` +python .* Up .* second\n`, ok(t, "ps"))
	require.Equal(t, "3\n", ok(t, "exec", "second", "python3", "-c", "print(1+2)"))
	r := tutor(t, "rmi", "python")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "conflict: unable to remove repository reference")
	require.Equal(t, "second\n", ok(t, "stop", "-t", "1", "second"))
	require.Equal(t, "first\nsecond\n", ok(t, "rm", "first", "second"))
	require.Contains(t, ok(t, "rmi", "python"), "Untagged: python:latest\n")
	require.Contains(t, ok(t, "run", "--rm", "tutor/lab", "ls"), "bin\n")
	require.Empty(t, leftovers(t))
}
