package labs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Lesson is what a README.md says, cut into steps.
type Lesson struct {
	Title    string // "Lab 2: namespaces"
	Question string // "What may it see?"
	Steps    []Step
}

// A Step is what a student does between two presses of Enter: read, guess, run, see why. One without commands is
// only read.
type Step struct {
	Head     string // one of Heads
	prose    []block
	Guess    *Guess
	Commands []Command
	When     When
	why      []block
}

// Heads are the parts of every lesson, in this order: the leak first, then the cure.
var Heads = []string{"See it leak", "By hand", "Read the source", "Run it", "Break it", "Build it", "Real world"}

// A Guess is what the student predicts before it happens.
type Guess struct {
	Question string
	Answers  []Answer
}

// An Answer is one to choose; its letter is that of its place: a, b, c.
type Answer struct {
	Text  string
	Right bool
}

// A Command is one line that is typed, and what the lesson promises that it prints.
type Command struct {
	Where    Where
	Line     string // of the shell; it may go over several lines
	Promised []string
}

// Where a command is typed.
type Where int

const (
	Alone     Where = iota // "$": on the host, and nothing stands beside it
	Host                   // "host$": on the host, beside the next
	Container              // "container$": the same, seen from inside
)

// A When is what stands behind ```console: how and whether the commands run.
type When struct {
	Container string   // that container$ means
	Exit      int      // of the last command
	Needs     []string // "cgroup2", "cgroup1", or a program
}

// parse cuts a lesson into steps.
func parse(source string) (Lesson, error) {
	var l Lesson
	var step Step
	keep := func() {
		if len(step.prose) > 0 || step.Guess != nil || step.Commands != nil {
			l.Steps = append(l.Steps, step)
		}
		step = Step{Head: step.Head}
	}
	page := markdown(source)
	if len(page) > 0 && page[0].kind == head && page[0].level == 1 {
		l.Title, page = page[0].text, page[1:]
	}
	if len(page) > 0 && page[0].kind == quotation && l.Title != "" {
		l.Question, page = words(page[0].inner), page[1:]
	}
	for i := 0; i < len(page); i++ {
		b := page[i]
		guess := guessOf(page[i:])
		name, options, _ := strings.Cut(b.info, " ")
		console := b.kind == code && name == "console"
		if step.Commands != nil && (b.kind == head || guess != nil || console) {
			keep()
		}
		switch {
		case b.kind == head && b.level == 2:
			keep()
			step.Head = b.text
		case guess != nil:
			step.Guess = guess
			i++
		case console:
			var err error
			if step.When, err = when(options); err != nil {
				return l, err
			}
			if step.Commands, err = commands(b.text); err != nil {
				return l, err
			}
		case step.Commands != nil:
			step.why = append(step.why, b)
		default:
			step.prose = append(step.prose, b)
		}
	}
	keep()
	return l, l.check()
}

// check tells what no lesson may lack.
func (l Lesson) check() error {
	if l.Title == "" || l.Question == "" {
		return fmt.Errorf("a lesson begins with a title (# …) and a question (> …)")
	}
	var heads []string
	for n, step := range l.Steps {
		if step.Head != "" && (len(heads) == 0 || heads[len(heads)-1] != step.Head) {
			heads = append(heads, step.Head)
		}
		if step.Guess != nil && step.Commands == nil {
			return fmt.Errorf("step %d: a prediction stands right before the commands that it is about", n+1)
		}
		for _, c := range step.Commands {
			if c.Where == Container && step.When.Container == "" {
				return fmt.Errorf("step %d: container$ needs ```console container=NAME", n+1)
			}
		}
	}
	if !slices.Equal(heads, Heads) {
		return fmt.Errorf("the heads are %q, and have to be %q, with something below each", heads, Heads)
	}
	return nil
}

// guessOf reads "Predict: …" and the task list right behind it; nil: there is none.
func guessOf(page []block) *Guess {
	if len(page) < 2 || page[0].kind != paragraph || page[1].kind != list {
		return nil
	}
	question, found := strings.CutPrefix(page[0].text, "Predict:")
	if !found {
		return nil
	}
	g := &Guess{Question: strings.TrimSpace(question)}
	for n, it := range page[1].items {
		letter := string(rune('a'+n)) + ". "
		text, lettered := strings.CutPrefix(words(it.blocks), letter)
		if it.task == "" || !lettered {
			return nil
		}
		g.Answers = append(g.Answers, Answer{text, it.task == "x"})
	}
	return g
}

// words is the text of blocks, with its marks, in one line.
func words(blocks []block) string {
	var all []string
	for _, b := range blocks {
		all = append(all, b.text)
	}
	return strings.Join(strings.Fields(strings.Join(all, " ")), " ")
}

func when(options string) (w When, err error) {
	for _, word := range strings.Fields(options) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "container":
			w.Container = value
		case "exit":
			w.Exit, err = strconv.Atoi(value)
		case "if":
			w.Needs = append(w.Needs, strings.Split(value, ",")...)
		default:
			err = fmt.Errorf("```console %s: there are container=, exit= and if=", word)
		}
		if err == nil && value == "" {
			err = fmt.Errorf("```console %s: a value is missing", word)
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// prompts are what a typed line begins with.
var prompts = []struct {
	text  string
	where Where
}{
	{"$ ", Alone},
	{"host$ ", Host},
	{"container$ ", Container},
}

// commands reads what is typed and what it prints. A line that ends with a backslash goes on in the next.
func commands(text string) ([]Command, error) {
	var found []Command
	more := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if more {
			last := &found[len(found)-1]
			last.Line += "\n" + line
			more = strings.HasSuffix(line, `\`)
			continue
		}
		typed := false
		for _, p := range prompts {
			if rest, is := strings.CutPrefix(line, p.text); is {
				found = append(found, Command{Where: p.where, Line: rest})
				typed, more = true, strings.HasSuffix(rest, `\`)
			}
		}
		if typed {
			continue
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("console: %q is printed by no command: the first line begins with \"$ \"", line)
		}
		last := &found[len(found)-1]
		last.Promised = append(last.Promised, line)
	}
	if found == nil {
		return nil, fmt.Errorf("console: there is no command in it")
	}
	return found, nil
}
