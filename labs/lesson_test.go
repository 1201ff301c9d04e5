package labs

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

func TestALessonIsCutIntoSteps(t *testing.T) {
	source, err := os.ReadFile("testdata/lesson.md")
	require.NoError(t, err)
	l, err := parse(string(source))
	require.NoError(t, err)
	require.Equal(t, "Lab 0: a lesson", l.Title)
	require.Equal(t, "What is tested?", l.Question)
	require.Len(t, l.Steps, 9)
	require.Empty(t, l.Steps[0].Head, "the words before the first head")
	leak := l.Steps[1]
	require.Equal(t, "See it leak", leak.Head)
	require.Equal(t, []Command{{Alone, "echo one \\\n  two", []string{"one two"}}, {Alone, "true", nil}}, leak.Commands)
	require.Len(t, leak.prose, 1)
	require.Len(t, leak.why, 2)
	guess := l.Steps[2]
	require.Equal(t, &Guess{"what comes?", []Answer{{"one", false}, {"`two`, because", true}}}, guess.Guess)
	require.Equal(t, When{Exit: 3}, guess.When)
	require.Equal(t, When{Container: "web", Needs: []string{"cgroup2", "nonesuch"}}, l.Steps[3].When)
	require.Equal(t, []Where{Host, Container}, []Where{l.Steps[3].Commands[0].Where, l.Steps[3].Commands[1].Where})
	require.NotEmpty(t, l.Steps[3].skipped())
}

func TestALessonThatIsWrongIsRefused(t *testing.T) {
	whole, err := os.ReadFile("testdata/lesson.md")
	require.NoError(t, err)
	for from, to := range map[string]string{
		"# Lab 0: a lesson":      "Lab 0",
		"> What is tested?":      "What is tested?",
		"## Break it":            "## Brake it",
		"$ exit 3":               "exit 3",
		"exit=3":                 "exit=three",
		"container=web if=":      "if=",
		"if=cgroup2,nonesuch":    "iff=cgroup2",
		"```console exit=3\n":    "```sh\n",
		"$ echo one \\\n  two\n": "echo\n",
	} {
		require.Contains(t, string(whole), from)
		_, err := parse(strings.Replace(string(whole), from, to, 1))
		require.Error(t, err, "%q instead of %q", to, from)
	}
}

func TestEveryLessonThatIsThereCanBeRead(t *testing.T) {
	pace.Fast(t)
	read := 0
	for _, lab := range Labs {
		if _, err := readmes.ReadFile(lab.Name + "/README.md"); err != nil {
			continue
		}
		read++
		lesson, err := lab.Lesson()
		require.NoError(t, err)
		for n, step := range lesson.Steps {
			for width := range 60 { // no width is too small
				require.NotEmpty(t, page{Ink: NewInk(width%2 == 0), width: width * 3}.before(step), "step %d", n+1)
			}
			if step.Guess != nil {
				right := 0
				for _, a := range step.Guess.Answers {
					if a.Right {
						right++
					}
				}
				require.Equal(t, 1, right, "%s step %d: one answer is right", lab.Name, n+1)
			}
		}
	}
	require.NotZero(t, read)
}

// On a narrow terminal the reason is wrapped as the rest of a lesson is.
func TestWhyAStepDoesNotRunFitsTheTerminal(t *testing.T) {
	p := page{Ink: NewInk(false), width: 40}
	text := p.notRun(Step{}, "control groups are v1 here, and this is for version 2 alone")
	require.Equal(t, "Not run: control groups are v1 here, and\nthis is for version 2 alone.\n\n", text)
}

func TestALabIsFoundByWhateverIsItsOwn(t *testing.T) {
	for text, want := range map[string]string{"2": "2-namespaces", "2-namespaces": "2-namespaces", "namespaces": "2-namespaces", "name": "2-namespaces",
		"2-n": "2-namespaces", "net": "6-network", "7": "7-ports", "i": "5-image"} {
		lab, err := Find(text)
		require.NoError(t, err, text)
		require.Equal(t, want, lab.Name)
	}
	for _, text := range []string{"", "8", "n", "0", "-"} {
		_, err := Find(text)
		require.Error(t, err, "%q", text)
	}
}

func FuzzLesson(f *testing.F) {
	source, err := os.ReadFile("testdata/lesson.md")
	require.NoError(f, err)
	f.Add(string(source), 80)
	f.Add(string(dialect), 40)
	f.Fuzz(func(t *testing.T, source string, width int) {
		p := page{Ink: NewInk(false), width: min(max(width, 0), 1000)}
		l, err := parse(source)
		p.text(markdown(source), p.width)
		if err != nil {
			return
		}
		for _, step := range l.Steps {
			p.before(step)
			for _, c := range step.Commands {
				differences(c.Promised, strings.Join(c.Promised, "\n"))
			}
		}
	})
}
