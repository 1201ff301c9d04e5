package labs

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Interactive goes through the lesson with somebody who sits at a terminal. It returns when the lesson is over or
// the person leaves.
func (s *Session) Interactive(tty *os.File, restart bool) (over bool, err error) {
	if s.keys, err = NewKeyboard(tty); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.keys.Close()) }()
	s.done = map[int]deed{}
	s.print(s.page().cover(s.Lab, s.Lesson) + "\n")
	if !restart && s.Place.Step > 0 && s.Place.Step < len(s.Lesson.Steps) {
		if s.at, err = s.resume(); err != nil {
			return false, left(err)
		}
	}
	if s.at == 0 {
		s.Place.Right, s.Place.Asked, s.Place.Guessed = 0, 0, nil
	}
	for s.at < len(s.Lesson.Steps) {
		if err := s.step(); err != nil {
			if errors.Is(err, errLeft) {
				s.print(fmt.Sprintf("Left at step %d of %d: tutor lab %s goes on there.\n", s.at+1, len(s.Lesson.Steps), s.Lab.Name))
			}
			return false, errors.Join(left(err), s.note(false))
		}
	}
	s.print("\n" + s.Ink.head("The end of this lab.") + " " + s.page().score(s.Place) + "\n")
	return true, s.note(true)
}

// errLeft is for a person who has gone.
var errLeft = errors.New("left")

func left(err error) error {
	if errors.Is(err, errLeft) {
		return nil
	}
	return err
}

func (p page) score(place Place) string {
	if place.Asked == 0 {
		return ""
	}
	return fmt.Sprintf("You have predicted %d of %d rightly.", place.Right, place.Asked)
}

func (s *Session) note(over bool) error {
	s.Place.Step, s.Place.Of = s.at, len(s.Lesson.Steps)
	if over {
		s.Place.Step, s.Place.Done = 0, true
	}
	if s.Note == nil {
		return nil
	}
	return s.Note(s.Place)
}

// resume asks where to go on.
func (s *Session) resume() (at int, err error) {
	s.print(fmt.Sprintf("You have stopped at step %d of %d.\n", s.Place.Step+1, len(s.Lesson.Steps)))
	for {
		switch s.ask("Enter: go on there   b: from the beginning   q: quit") {
		case Enter:
			return s.Place.Step, nil
		case 'b':
			return 0, nil
		case 'q', Stop, Gone:
			return 0, errLeft
		}
	}
}

// step is one step from its first word until the person goes elsewhere.
func (s *Session) step() error {
	s.guessed = -1
	if err := s.show(); err != nil {
		return err
	}
	for here := s.at; ; {
		if err := s.press(s.ask(s.choices())); err != nil || s.at != here {
			return err
		}
	}
}

// press does what a key says.
func (s *Session) press(key Key) error {
	step := s.Lesson.Steps[s.at]
	if s.guesses(step) && key >= 'a' && int(key-'a') < len(step.Guess.Answers) {
		s.choose(step, int(key-'a'))
		return nil
	}
	switch key {
	case Enter:
		return s.enter(step)
	case 'b':
		if s.at == 0 {
			s.print("This is the first step.\n")
			return nil
		}
		s.at--
		return s.note(false)
	case 'r':
		return s.again(step)
	case 'e':
		s.toggle()
	case 's':
		return s.shell()
	case '?', 'h':
		s.print(help)
	case Redraw, Resized:
		return s.redraw()
	case 'q', Stop, Gone:
		return errLeft
	}
	return nil
}

const help = `
Enter  run what is shown; then, go on to the next step
a b c  while a prediction waits: your answer
b      back to the step before
r      make everything new, run the steps before this one, then this one
e      the trace on or off: every system call of tutor's in a step
s      a shell: in the container that runs, or else where the lab works
q      quit; the next time you go on from here
Ctrl-L show this step once more
Ctrl-C stops what runs; where nothing runs, quits

`

// choices is the line under a step.
func (s *Session) choices() string {
	step := s.Lesson.Steps[s.at]
	_, ran := s.done[s.at]
	if s.guesses(step) {
		return "Your prediction, or Enter to see   ?: all keys"
	}
	if len(step.Commands) > 0 && !ran && step.skipped() == "" {
		return "Enter: run   b: back   q: quit   ?: all keys"
	}
	return "Enter: next   b: back   r: again   s: shell   q: quit   ?: all keys"
}

// guesses tells if a prediction waits for its answer.
func (s *Session) guesses(step Step) bool {
	_, ran := s.done[s.at]
	return step.Guess != nil && s.guessed < 0 && !ran && step.skipped() == ""
}

func (s *Session) ask(choices string) Key {
	fmt.Fprintf(s.Out, "%s ", s.Ink.quiet("["+choices+"]"))
	key := s.keys.Key()
	s.print("\n")
	return key
}

func (s *Session) choose(step Step, answer int) {
	s.guessed = answer
	if !slices.Contains(s.Place.Guessed, s.at) {
		s.Place.Guessed = append(s.Place.Guessed, s.at)
		s.Place.Asked++
		if step.Guess.Answers[answer].Right {
			s.Place.Right++
		}
	}
	s.print("You say " + letter(answer) + ".\n")
}

// enter runs the step, or goes on if that is done.
func (s *Session) enter(step Step) error {
	_, ran := s.done[s.at]
	if nothing := len(step.Commands) == 0 || step.skipped() != ""; nothing || ran {
		if nothing && s.built == s.at {
			s.built++
		}
		s.at++
		return s.note(false)
	}
	if s.built != s.at && !s.rebuild() {
		return nil
	}
	return s.perform(step)
}

// again runs the step as if for the first time: a container that it has made would be in its own way.
func (s *Session) again(step Step) error {
	if len(step.Commands) == 0 || step.skipped() != "" {
		return s.show()
	}
	if !s.rebuild() {
		return nil
	}
	return s.perform(step)
}

// show prints the step, and what came of it if it was run.
func (s *Session) show() error {
	step := s.Lesson.Steps[s.at]
	text := "\n" + s.page().title(s.Lesson, s.at) + "\n" + s.page().before(step) + "\n"
	if reason := step.skipped(); reason != "" && len(step.Commands) > 0 {
		text += s.page().notRun(step, reason)
	} else if d, ran := s.done[s.at]; ran {
		text += s.after(step, d, s.guessed)
	}
	return s.read(text)
}

func (s *Session) redraw() error {
	if os.Getenv("TERM") != "dumb" {
		s.print("\x1b[H\x1b[2J")
	}
	return s.show()
}

func (s *Session) toggle() {
	s.Explain = !s.Explain
	word := map[bool]string{true: "on: Enter or r runs a step with every system call of tutor's", false: "off"}[s.Explain]
	s.print("The trace is " + word + ".\n")
}

// shell lends the terminal to a shell in what was just built.
func (s *Session) shell() error {
	if name := s.Room.Newest(); name != "" {
		s.print("A shell in the container " + name + ". Type exit to come back.\n")
	} else {
		s.print(s.page().wrap(fmt.Sprintf("A shell where the lab works. Type exit to come back. What you make outside of it, a link, a network "+
			"namespace, a table of nft, a control group, goes with the lab if its name begins with lab%d-", s.Lab.Number), s.page().width, "", ""))
	}
	if err := s.keys.Lend(s.Room.Shell); err != nil {
		s.print(s.Ink.bad(err.Error()) + "\n")
	}
	return nil
}
