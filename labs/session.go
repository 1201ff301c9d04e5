package labs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tutor/runtime/container"
)

// A Session is one person, or a test, going through one lesson.
type Session struct {
	Lab      Lab
	Lesson   Lesson
	Room     *Room
	Out      io.Writer
	Ink      Ink
	Size     func() (columns, rows int)
	Explain  bool              // print the trace of every step
	Stepping bool              // start containers entry by entry
	Note     func(Place) error // keeps the progress; nil: nobody does
	Place    Place             // where the person has stopped last time

	keys    *Keyboard
	at      int // the step on the screen
	built   int // how many steps the room has behind it; -1: a step was stopped in the middle
	done    map[int]deed
	guessed int // the answer that was chosen; -1: none yet
}

// A deed is a step that was run.
type deed struct {
	outcomes []Outcome
	trace    string
}

// ErrNotKept is for a lesson that promised what this machine did not do.
var ErrNotKept = errors.New("not what the lesson promised")

// patience is how long a step may take where nobody can stop it.
const patience = 2 * time.Minute

// Straight runs through the lesson without a stop. It goes on after a step that did not do what the lesson says,
// and reports all such.
func (s *Session) Straight(ctx context.Context) error {
	s.done = map[int]deed{}
	fmt.Fprint(s.Out, s.page().cover(s.Lab, s.Lesson))
	var broken []string
	for n, step := range s.Lesson.Steps {
		s.print("\n" + s.page().title(s.Lesson, n) + "\n" + s.page().before(step) + "\n")
		if len(step.Commands) == 0 {
			continue
		}
		if reason := step.skipped(); reason != "" {
			s.print(s.page().notRun(step, reason))
			continue
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		d, err := s.run(limited, step)
		cancel()
		s.print(s.after(step, d, -1))
		if ctx.Err() != nil {
			return ErrStopped
		}
		if errors.Is(err, ErrStopped) {
			s.print(s.Ink.bad(fmt.Sprintf("It did not end within %s, and was stopped.", patience)) + "\n")
		} else if err != nil {
			return err
		}
		if err != nil || slices.ContainsFunc(d.outcomes, func(o Outcome) bool { return !o.Kept() }) {
			broken = append(broken, fmt.Sprint(n+1))
		}
	}
	if broken != nil {
		return fmt.Errorf("step %s of %d: %w", strings.Join(broken, ", "), len(s.Lesson.Steps), ErrNotKept)
	}
	return nil
}

// run runs a step's commands.
func (s *Session) run(ctx context.Context, step Step) (d deed, err error) {
	trace := filepath.Join(s.Room.Home.Root, "trace")
	os.Remove(trace)
	var env []string
	if s.Explain {
		env = append(env, "TUTOR_EXPLAIN_TO="+trace, fmt.Sprintf("TUTOR_EXPLAIN_MARK=%d", s.Lab.Number))
	}
	if s.Stepping && s.keys != nil {
		env = append(env, "TUTOR_STEP=1")
	}
	err = s.Room.Run(ctx, step, env, func(o Outcome) { d.outcomes = append(d.outcomes, o) })
	content, _ := os.ReadFile(trace)
	d.trace = string(content)
	return d, err
}

// after is what a student reads when it has run.
func (s *Session) after(step Step, d deed, guessed int) string {
	p := s.page()
	parts := []string{p.outcomes(d.outcomes) + p.verdict(d.outcomes)}
	if d.trace != "" {
		parts = append(parts, p.head("What tutor did")+"\n"+strings.TrimRight(d.trace, "\n")+"\n")
	}
	if step.Guess != nil {
		parts = append(parts, p.answer(*step.Guess, guessed))
	}
	if len(step.why) > 0 {
		parts = append(parts, p.text(step.why, p.width))
	}
	return strings.Join(parts, "\n")
}

func (s *Session) page() page {
	columns, _ := s.Size()
	return page{Ink: s.Ink, width: min(columns, 100), columns: s.keys != nil && columns >= 100}
}

func (s *Session) print(text string) { io.WriteString(s.Out, text) }

// cover is the first thing to read.
func (p page) cover(lab Lab, l Lesson) string {
	return p.head(l.Title) + "\n\n" + p.wrap(l.Question, p.width, "    ", "    ") + "\n" +
		p.wrap(fmt.Sprintf("%d steps. The control groups of this machine are version %s. Nothing of the lab stays when it ends.",
			len(l.Steps), strings.TrimPrefix(container.HostLayout().Version(), "v")), p.width, "", "")
}

// skipped is why a step does not run on this machine; "": it does.
func (s Step) skipped() string {
	layout := container.HostLayout()
	for _, need := range s.When.Needs {
		switch need {
		case "cgroup2":
			if layout.Unified == "" || len(layout.V1) > 0 {
				return "control groups are " + layout.Version() + " here, and this is for version 2 alone"
			}
		case "cgroup1":
			if len(layout.V1) == 0 {
				return "control groups are " + layout.Version() + " here, and this is for version 1"
			}
		default:
			if _, err := exec.LookPath(need); err != nil {
				return need + " is not installed here"
			}
		}
	}
	return ""
}
