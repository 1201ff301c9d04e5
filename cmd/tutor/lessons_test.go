package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/labs"
	"tutor/runtime/pace"
)

// eachLesson runs a test for every lab. Most of a lesson is waiting, so they run beside one another; but lab 3 compares
// processor time, and has the machine to itself. Nothing of any stays.
func eachLesson(t *testing.T, run func(t *testing.T, lab labs.Lab)) {
	root(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Run("alone", func(t *testing.T) { run(t, labs.Labs[2]) })
	t.Run("beside one another", func(t *testing.T) {
		for _, lab := range append(labs.Labs[:2:2], labs.Labs[3:]...) {
			t.Run(lab.Name, func(t *testing.T) {
				t.Parallel()
				run(t, lab)
			})
		}
	})
	nothingOfALab(t)
}

// What GitHub shows is what happens: every command of every lesson runs here, and prints what the lesson says.
func TestEveryLessonDoesWhatItSays(t *testing.T) {
	pace.Fast(t) // make vm runs each with --yes
	eachLesson(t, func(t *testing.T, lab labs.Lab) {
		r := tutor(t, "lab", "--yes", lab.Name)
		for try := 1; r.code == 1 && try < 3 && lab.Name == "3-cgroups"; try++ {
			r = tutor(t, "lab", "--yes", lab.Name) // of the processor time that it compares, others may have taken a part
		}
		require.Zero(t, r.code, "%s%s", r.stdout, r.stderr)
		require.NotContains(t, r.stdout, "not what the lesson promised")
	})
}

// A person goes through every lesson, with the trace on: predicts, runs, stops a step with Ctrl-C, runs it again, makes the
// terminal wider, quits, comes back and goes on to the end.
func TestEveryLessonAtATerminal(t *testing.T) {
	pace.Fast(t) // make vm runs each with --yes
	eachLesson(t, func(t *testing.T, lab labs.Lab) {
		s, cmd := labAt(t, "--restart", "--explain", lab.Name)
		s.turnsTo("Enter: run")
		for key := "\n"; !s.interrupts(cmd, key); key = "r" {
			s.turnsTo("Enter: next")
		}
		s.turnsTo("Enter: run")
		s.resize(30, 120)
		s.turnsTo("Enter: run") // it is drawn once more
		s.press("r")
		s.turnsTo("Enter: next")
		s.press("q")
		require.NoError(t, cmd.Wait())
		require.NoDirExists(t, filepath.Join(home, "root", "labs", lab.Name))
		s, cmd = labOn(t, 2000, "--explain", lab.Name) // whole traces, without turning pages
		s.sees("You have stopped at step")
		said := s.turnsTo("The end of this lab.")
		require.NoError(t, cmd.Wait())
		require.Contains(t, said, "As promised.")
		require.Contains(t, said, "What tutor did", "the trace is on")
		if lab.Name != "3-cgroups" {
			require.Empty(t, broken(said))
		}
	})
}

// Ctrl-C in the middle of each step of each lesson: it can be run again, and the lesson goes on to its end.
func TestCtrlCInEveryStep(t *testing.T) {
	if os.Getenv("TUTOR_EVERY_STEP") == "" {
		t.Skip("stops every step of every lesson: make lessons")
	}
	eachLesson(t, func(t *testing.T, lab labs.Lab) {
		s, cmd := labOn(t, 2000, "--restart", lab.Name)
		const end = "The end of this lab."
		stopped := 0
		for !strings.HasSuffix(s.turnsTo("Enter: run", end), end) {
			if s.interrupts(cmd, "\n") {
				s.turnsTo("Enter: run")
				s.press("r")
				stopped++
			}
			s.turnsTo("Enter: next")
			s.press("\n")
		}
		require.NoError(t, cmd.Wait())
		lesson, err := lab.Lesson()
		require.NoError(t, err)
		require.GreaterOrEqual(t, 10*stopped, 9*runnable(lesson), "of the steps, only few are too quick to be stopped")
	})
}

// runnable is how many steps of a lesson run something here.
func runnable(l labs.Lesson) (n int) {
	for _, step := range l.Steps {
		if len(step.Commands) > 0 && !slices.Contains(step.When.Needs, "cgroup2") {
			n++
		}
	}
	return n
}

// broken are the steps that did not do what the lesson says.
func broken(said string) (steps []string) {
	for _, step := range strings.Split(said, "[Enter: run")[1:] {
		if text, _, found := strings.Cut(step, "not what the lesson promised"); found {
			steps = append(steps, text)
		}
	}
	return steps
}

var question = regexp.MustCompile(`\[((?:Enter|Your prediction)[^\]]*)\]|The end of this lab\.`)

// turnsTo answers whatever the lab asks with a prediction or with Enter, until it asks, or says, what begins with one of
// these. It returns all that was on the screen.
func (s *screen) turnsTo(wanted ...string) string {
	s.t.Helper()
	var said strings.Builder
	for range 300 {
		found := s.asked()
		text := s.shown()
		said.WriteString(text[:found[1]])
		asked := strings.TrimPrefix(text[found[0]:found[1]], "[")
		s.sees(text[found[0]:found[1]])
		switch {
		case slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(asked, w) }) && !strings.HasPrefix(asked, "Enter: more"):
			return said.String()
		case strings.HasPrefix(asked, "Your prediction"):
			s.press("a")
			s.sees("You say a.")
		default:
			s.press("\n")
		}
	}
	s.t.Fatalf("%q never came; last on the screen:\n%s", wanted, said.String())
	return ""
}

// asked waits for the next question, and tells where on the screen it is. Some steps take long on a busy machine.
func (s *screen) asked() []int {
	s.t.Helper()
	for deadline := time.Now().Add(pace.Times(2 * time.Minute)); ; time.Sleep(2 * time.Millisecond) {
		if found := question.FindStringIndex(s.shown()); found != nil {
			return found
		}
		require.True(s.t, time.Now().Before(deadline), "it asks nothing more; on the screen:\n%s", s.shown())
	}
}

// interrupts presses a key that runs a step, and then Ctrl-C in the middle of it: the step's shell stands still until that key has
// been pressed. false: the step has ended before.
func (s *screen) interrupts(lab *exec.Cmd, key string) bool {
	s.t.Helper()
	s.press(key)
	var shell int
	eventually(s.t, "the step's shell", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", lab.Process.Pid))
		for _, thread := range threads {
			fmt.Sscan(read(thread, "children"), &shell)
		}
		return shell != 0 || question.MatchString(s.shown())
	})
	if shell == 0 {
		return false
	}
	unix.Kill(shell, unix.SIGSTOP)
	stands := false
	eventually(s.t, "it stands still, or has ended", func() bool {
		_, state, there := strings.Cut(read(fmt.Sprintf("/proc/%d", shell), "stat"), ") ")
		stands = strings.HasPrefix(state, "T")
		return stands || !there || strings.HasPrefix(state, "Z")
	})
	if !stands {
		return false
	}
	s.press("\x03")
	require.NoError(s.t, unix.Kill(shell, unix.SIGCONT))
	s.sees("Stopped. r runs the step again")
	return true
}
