package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// said is what a program that still runs has printed.
type said struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// background starts a command line, and ends it with the test.
func background(t *testing.T, args ...string) (*exec.Cmd, *said) {
	t.Helper()
	out := &said{}
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, out
}

func TestWatchGradesAgainWhenBoxIsSaved(t *testing.T) {
	root(t)
	box := boxScript(t, `"$@"; exit 0`)
	cmd, out := background(t, "grade", "1", box, "--watch", "--only", "lab1.exit")
	eventually(t, "the first grade", func() bool { return strings.Contains(out.String(), "Waiting for "+box+" to change (inotify)") })
	require.Contains(t, out.String(), "FAIL    0/2  lab1.exit")
	require.NoError(t, os.WriteFile(box, []byte("#!/bin/sh\nshift 2\n\"$@\"\n"), 0o755))
	eventually(t, "the second grade", func() bool { return strings.Count(out.String(), "Waiting for") == 2 })
	require.Contains(t, out.String(), box+" has changed.")
	require.Contains(t, out.String(), "pass    2/2  lab1.exit")
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	require.NoError(t, cmd.Wait(), "it ends as the last grading did")
}

func TestAGradingThatIsInterruptedEndsSoonAndLeavesNothing(t *testing.T) {
	root(t)
	report := filepath.Join(t.TempDir(), "report.json")
	cmd, out := background(t, "grade", "1", boxScript(t, `exec sleep 1000`), "--output", report)
	eventually(t, "the first check to have begun", func() bool { return strings.Contains(out.String(), "lab1.argv") })
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	cmd.Wait()
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), out.String())
	require.Contains(t, read(filepath.Dir(report), "report.json"), `"complete": false`)
	require.Empty(t, graderLeft(t, cmd.Process.Pid))
}

// graderLeft is what the grader with that PID has left: directories, groups, mounts.
func graderLeft(t *testing.T, pid int) []string {
	t.Helper()
	var found []string
	name := fmt.Sprintf("tutor-grade-%d-*", pid)
	for _, pattern := range []string{filepath.Join(home, "run", "grade", name), "/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		found = append(found, paths...)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, fmt.Sprintf("tutor-grade-%d-", pid)) {
			found = append(found, line)
		}
	}
	return found
}

func TestTheSolutionIsForWhoHasPassedOrGivesUp(t *testing.T) {
	root(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	r := tutor(t, "grade", "1", "--solution")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "at 0 of 20 points")
	require.Empty(t, r.stdout)
	dir := t.TempDir()
	ok(t, "lab", "start", "1", filepath.Join(dir, "box"))
	require.Contains(t, ok(t, "grade", "1", "--solution", "--give-up"), "==> box.go <==")
	require.Contains(t, tutor(t, "grade", "1", filepath.Join(dir, "box"), "--this-lab-only").stdout, "0 of 20 points, 7 failed, 5 skipped, after a look at the solution")
	require.Regexp(t, `1-bare-process .* 0/20 given up`, ok(t, "lab"))
}

func TestProgressIsInTheListOfLabs(t *testing.T) {
	root(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	box := boxScript(t, `"$@"`)
	points := tutor(t, "grade", "1", box, "--this-lab-only")
	require.Equal(t, 1, points.code, "it passes no signal on")
	require.Regexp(t, `1-bare-process .* 1\d/20\b`, ok(t, "lab"))
	before := ok(t, "lab")
	tutor(t, "grade", "1", boxScript(t, "exit 9"), "--this-lab-only")
	require.Equal(t, before, ok(t, "lab"), "the best counts")
	tutor(t, "grade", "2", box, "--this-lab-only", "--student", "ada")
	require.NotRegexp(t, `2-namespaces .*/20`, ok(t, "lab"), "what is graded for another is not noted")
}

func TestAHiddenCheckTellsOnlyWhetherItPassed(t *testing.T) {
	root(t)
	box := boxScript(t, `"$@"; exit 0`)
	for _, format := range []string{"text", "json", "junit", "gradescope", "github"} {
		r := tutor(t, "grade", "1", box, "--only", "lab1.killed", "--hide", "lab1.exit", "--format", format)
		require.NotContains(t, r.stdout, "lab1.exit", format)
		require.NotContains(t, r.stdout, "exit code", format)
		require.Contains(t, r.stdout, "lab1.hidden1", format)
		require.Contains(t, r.stdout, "needs lab1.hidden1", format)
	}
	require.Contains(t, tutor(t, "grade", "1", box, "--only", "lab1.exit", "--hide", "lab1.exit").stdout, "1 of 1 hidden checks failed")
	mistyped := tutor(t, "grade", "1", box, "--hide", "lab1.exti")
	require.Equal(t, 2, mistyped.code, "else it would tell all")
	require.Contains(t, mistyped.stderr, "tutor: grade: --hide: no check is called lab1.exti\ntutor: hint: there are lab1.argv, ")
	require.NotEqual(t, 2, tutor(t, "grade", "2", box, "--only", "lab2.pid", "--hide", "lab1.exit").code, "an earlier lab's")
}

func TestExplainPutsTheCallsOfBoxBesideThoseOfTheSolution(t *testing.T) {
	root(t)
	tool(t, "strace")
	box := boxScript(t, `"$@"; exit 0`)
	r := tutor(t, "grade", "1", box, "--only", "lab1.exit", "--explain")
	require.Equal(t, 1, r.code, r.stderr)
	_, told, found := strings.Cut(r.stdout, "lab1.exit: the system calls of the solution, and of your box\n")
	require.True(t, found, r.stdout)
	require.Regexp(t, `(?s)ended\n    solution  exit_group\([1-9]\d*\) = \?\n    your box  exit_group\(0\) = \?\n`, told)
	require.Regexp(t, `became COMMAND\n    solution  execve\(.*"exit".*\n    your box  execve\(.*"exit"`, told)

	cmd := exec.Command(binary, "grade", "1", box, "--only", "lab1.exit", "--explain")
	cmd.Env = append(os.Environ(), "PATH="+t.TempDir())
	r = command(t, cmd)
	require.Contains(t, r.stderr, "tutor: hint: apt-get install strace")
	require.Equal(t, 3, r.code)
}
