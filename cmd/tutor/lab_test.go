package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/labs"
)

const keysLesson = "testdata/lab/keys.md"

// labAt starts a lab at a terminal.
func labAt(t *testing.T, args ...string) (*screen, *exec.Cmd) {
	t.Helper()
	return labOn(t, 24, args...)
}

// labOn starts a lab at a terminal of so many lines.
func labOn(t *testing.T, lines uint16, args ...string) (*screen, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"lab"}, args...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "TERM=xterm")
	s := attach(t, cmd)
	s.resize(lines, 80)
	require.NoError(t, cmd.Start())
	return s, cmd
}

// through presses Enter until text is on the screen; before each, the lab must ask.
func (s *screen) through(text string) {
	s.t.Helper()
	for range 30 {
		s.sees("all keys]")
		s.press("\n")
		eventually(s.t, "something new", func() bool { return strings.Contains(s.shown(), "all keys]") })
		if strings.Contains(s.shown(), text) {
			s.sees(text)
			return
		}
	}
	s.t.Fatalf("%q never came; on the screen:\n%s", text, s.shown())
}

// pages turns a text that does not fit the screen until some words are on it.
func (s *screen) pages(words string) {
	s.t.Helper()
	for range 50 {
		eventually(s.t, words, func() bool { return strings.Contains(s.shown(), words) || strings.Contains(s.shown(), "Enter: more") })
		if strings.Contains(s.shown(), words) {
			s.sees(words)
			return
		}
		s.sees("Enter: more   n: to the end   q: quit]")
		s.press("\n")
	}
	s.t.Fatalf("%q never came", words)
}

func TestALessonAtATerminal(t *testing.T) {
	root(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s, cmd := labAt(t, keysLesson)
	s.sees("Does every key work?")
	s.sees("Step 1 of 9")
	s.through("Step 2 of 9: See it leak")
	t.Log("a wrong prediction")
	s.sees("[Your prediction")
	s.press("a")
	s.sees("You say a.")
	s.press("\n")
	s.sees("$ echo two > file; cat file\r\ntwo\r\nAs promised.")
	s.sees("You said a. It is b: two")
	s.sees("Because we wrote it.")
	s.press("\n")
	s.sees("Step 3 of 9")
	s.press("\n")
	s.sees("It runs now.")
	t.Log("a shell inside the container")
	s.press("s")
	s.sees("A shell in the container box")
	s.press("echo $((40 + 2)) in $$; hostname\n")
	s.sees("42 in ")
	s.press("exit\n")
	s.sees("[Enter: next")
	t.Log("back, what was is still to be read, and forward")
	s.press("b")
	s.sees("Step 2 of 9")
	s.sees("Because we wrote it.")
	s.press("\n")
	s.sees("Step 3 of 9")
	s.sees("It runs now.")
	t.Log("again: the name box is free again, and the file is there again")
	s.press("r")
	s.sees("run again, so that all is as it was: .")
	s.sees("file\r\nbox\r\nAs promised.")
	t.Log("help, and a key that means nothing")
	s.press("?")
	s.sees("a shell: in the container that runs")
	s.press("x\x1b[A")
	s.press("\n")
	s.sees("Step 4 of 9: By hand")
	t.Log("side by side where it fits")
	s.resize(30, 120)
	s.sees("Step 4 of 9: By hand")
	s.sees("all keys]")
	s.press("\n")
	s.sees("host$ echo outside " + strings.Repeat(" ", 30))
	s.sees("| container$ echo inside")
	s.sees("Two sides.")
	s.press("\n")
	t.Log("another width, other lines")
	s.sees("that a person would\r\nlike to use")
	s.sees("all keys]")
	s.resize(24, 50)
	s.sees("This paragraph is long enough to be broken into\r\nseveral lines")
	s.sees("all keys]")
	s.resize(24, 80)
	s.sees("all keys]")
	s.press("\n")
	t.Log("the trace")
	s.sees("Step 6 of 9: Run it")
	s.press("e")
	s.sees("The trace is on")
	s.press("\n")
	s.sees("As promised.")
	s.sees("What tutor did")
	s.pages("clone a container is a process")
	s.pages("Enter: more")
	s.press("n")
	s.sees("It ran.")
	s.sees("all keys]")
	s.press("q")
	s.sees("Left at step 6 of 9: tutor lab ")
	cmd.Wait()
	require.Zero(t, cmd.ProcessState.ExitCode(), s.shown())
	nothingOfALab(t)

	t.Log("the next time goes on there")
	s, cmd = labAt(t, keysLesson)
	s.sees("You have stopped at step 6 of 9.")
	s.sees("q: quit]")
	s.press("\n")
	s.sees("Step 6 of 9")
	s.sees("all keys]")
	s.press("\n")
	s.sees("...")
	s.sees("ran\r\nAs promised.")
	s.press("\n")
	t.Log("Ctrl-C in the middle of a step")
	s.sees("Step 7 of 9: Break it")
	s.press("\n")
	reached := filepath.Join(home, "root", "labs", "0-own", "here", "reached")
	eventually(t, "the step to be in its middle", func() bool { _, err := os.Stat(reached); return err == nil })
	bridge := bridgeOf(t)
	s.sees("It runs. Ctrl-C stops it.")
	s.press("\x03")
	s.sees("sleep 1002\r\nso far\r\nStopped. r runs the step again")
	require.NotContains(t, strings.Join(ofALab(t), " "), "1002")
	t.Log("and from there to the end")
	s.press("q")
	cmd.Wait()
	nothingOfALab(t)
	require.NoFileExists(t, bridge)
	s, cmd = labAt(t, "--restart", keysLesson)
	s.sees("Step 1 of 9")
	s.press("\x03")
	cmd.Wait()
	require.Zero(t, cmd.ProcessState.ExitCode())
	nothingOfALab(t)
	t.Log("the progress is the person's")
	var progress map[string]labs.Place
	content, err := os.ReadFile(filepath.Join(os.Getenv("XDG_STATE_HOME"), "tutor", "progress.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &progress))
	require.Equal(t, labs.Place{Of: 9}, progress["0-own"])
}

// Whoever kills tutor leaves a container, a mount and processes behind. The next `tutor lab`, whichever, clears them.
func TestALabThatWasKilledIsClearedByTheNext(t *testing.T) {
	root(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	require.NoError(t, os.MkdirAll(filepath.Join(os.Getenv("XDG_STATE_HOME"), "tutor"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("XDG_STATE_HOME"), "tutor", "progress.json"), []byte(`{"0-own":{"step":6,"of":9}}`), 0o644))
	cmd := exec.Command("sh", "-c", `"$0" lab "$1"; sleep 1000`, binary, keysLesson) // the session outlives the lab
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("q: quit]")
	s.press("\n")
	s.sees("all keys]")
	s.press("\n")
	reached := filepath.Join(home, "root", "labs", "0-own", "here", "reached")
	eventually(t, "the step to be in its middle", func() bool { _, err := os.Stat(reached); return err == nil })
	other := tutor(t, "lab", "--yes", keysLesson)
	require.Equal(t, 1, other.code)
	require.Contains(t, other.stderr, "tutor: lab 0-own: this lab is open elsewhere")
	require.FileExists(t, reached, "who is refused clears nothing")
	eventually(t, "the last command", func() bool { return strings.Contains(strings.Join(ofALab(t), " "), "1002") })
	lab, err := strconv.Atoi(strings.TrimSpace(read(fmt.Sprintf("/proc/%d/task/%d", cmd.Process.Pid, cmd.Process.Pid), "children")))
	require.NoError(t, err)
	require.NoError(t, unix.Kill(lab, unix.SIGKILL))
	eventually(t, "the lab to be dead", func() bool { return read(fmt.Sprintf("/proc/%d", lab), "cmdline") == "" })
	require.Contains(t, strings.Join(ofALab(t), " "), "1002")
	require.NotEmpty(t, leftovers(t))
	bridge := bridgeOf(t)
	made, err := filepath.Glob("/sys/class/net/lab0-*")
	require.NoError(t, err)
	require.NotEmpty(t, made)
	ok(t, "lab")
	nothingOfALab(t)
	require.NoFileExists(t, bridge)
}

// Without a terminal it runs to the end, says what is not as promised, and exits with 1.
func TestALessonThatPromisesTooMuch(t *testing.T) {
	root(t)
	content, err := os.ReadFile(keysLesson)
	require.NoError(t, err)
	lesson := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(lesson, []byte(strings.Replace(string(content), "sleep 1002", "true", 1)), 0o644))
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	r := tutor(t, "lab", lesson)
	require.Equal(t, 1, r.code)
	require.Equal(t, "tutor: step 7, 8 of 9: not what the lesson promised\n", r.stderr)
	require.Contains(t, r.stdout, "         | one\npromised | two\ngot      | 2\n")
	require.Contains(t, r.stdout, "got      | never", "an output that nobody has promised")
	require.Contains(t, r.stdout, "Not run: nonesuch is not installed here")
	nothingOfALab(t)
}

func TestTheListOfLabs(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	out := ok(t, "lab")
	for _, lab := range labs.Labs {
		require.Contains(t, out, lab.Name)
	}
	require.Contains(t, out, "Go on with: sudo tutor lab 1-bare-process")
	r := tutor(t, "lab", "8")
	require.Equal(t, "tutor: there is no lab \"8\"\ntutor: hint: tutor lab lists all seven\n", r.stderr)
	require.Contains(t, ok(t, "__complete", "lab", "1"), "1-bare-process\twhat is a process?")
}
