package labs

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// A page is how one step is shown on a terminal of a certain width.
type page struct {
	Ink
	width   int
	columns bool // there is room for host and container side by side, and somebody who sees
}

// title says where in the lesson this is.
func (p page) title(l Lesson, n int) string {
	text := fmt.Sprintf("%s. Step %d of %d", l.Title, n+1, len(l.Steps))
	if name := l.Steps[n].Head; name != "" {
		text += ": " + name
	}
	return p.head(text) + "\n"
}

// before is what a student reads before anything runs.
func (p page) before(s Step) string {
	parts := []string{}
	if len(s.prose) > 0 {
		parts = append(parts, p.text(s.prose, p.width))
	}
	if s.Guess != nil {
		parts = append(parts, p.guess(*s.Guess))
	}
	if len(s.Commands) > 0 {
		var lines strings.Builder
		for _, c := range s.Commands {
			lines.WriteString(p.typed(c))
		}
		parts = append(parts, indented(strings.TrimRight(lines.String(), "\n"), "    "))
	}
	return strings.Join(parts, "\n")
}

// notRun is what stands in place of what a step would have printed, on a machine that cannot run it.
func (p page) notRun(s Step, reason string) string {
	return p.wrap("Not run: "+reason+".", p.width, "", "") + "\n" + p.text(s.why, p.width)
}

func (p page) guess(g Guess) string {
	text := p.wrap("**Predict:** "+g.Question, p.width, "", "")
	for i, a := range g.Answers {
		text += p.wrap(a.Text, p.width, "  "+letter(i)+". ", "     ")
	}
	return text
}

func letter(i int) string { return string(rune('a' + i)) }

var promptOf = map[Where]string{Alone: "$ ", Host: "host$ ", Container: "container$ "}

func (p page) typed(c Command) string { return p.strong(promptOf[c.Where]+c.Line) + "\n" }

// outcome is a command with what it printed, and where that is not what was promised, both.
func (p page) outcome(o Outcome) string {
	var b strings.Builder
	b.WriteString(p.typed(o.Command))
	if o.Differences == nil {
		b.WriteString(ended(visible(o.Got)))
	}
	for _, d := range o.Differences {
		name := agreementWords[d.kind]
		line := fmt.Sprintf("%-8s | %s", name, visible(d.text))
		if d.kind != same {
			line = p.bad(line)
		}
		b.WriteString(line + "\n")
	}
	if o.Wrong != "" {
		b.WriteString(p.bad(o.Wrong) + "\n")
	}
	return b.String()
}

// outcomes is a whole step; host and container stand side by side where that fits.
func (p page) outcomes(all []Outcome) string {
	var b strings.Builder
	for i := 0; i < len(all); i++ {
		pair := i+1 < len(all) && all[i].Where == Host && all[i+1].Where == Container
		if !pair || !p.columns || !all[i].Kept() || !all[i+1].Kept() {
			b.WriteString(p.outcome(all[i]))
			continue
		}
		b.WriteString(p.sideBySide(p.outcome(all[i]), p.outcome(all[i+1])))
		i++
	}
	return b.String()
}

// sideBySide puts two texts into columns, each half as wide as the page; one that is wider goes below.
func (p page) sideBySide(left, right string) string {
	half := (p.width - 3) / 2
	lefts, rights := strings.Split(strings.TrimSuffix(left, "\n"), "\n"), strings.Split(strings.TrimSuffix(right, "\n"), "\n")
	for _, line := range append(append([]string{}, lefts...), rights...) {
		if bare(line) > half {
			return left + right
		}
	}
	var b strings.Builder
	for i := range max(len(lefts), len(rights)) {
		var l, r string
		if i < len(lefts) {
			l = lefts[i]
		}
		if i < len(rights) {
			r = rights[i]
		}
		b.WriteString(strings.TrimRight(l+strings.Repeat(" ", half-bare(l))+" | "+r, " ") + "\n")
	}
	return b.String()
}

// bare is how wide a painted line is.
func bare(line string) int {
	for {
		before, after, found := strings.Cut(line, "\x1b[")
		if !found {
			return runewidth.StringWidth(line)
		}
		_, rest, _ := strings.Cut(after, "m")
		line = before + rest
	}
}

// visible makes harmless what a command printed: a lesson's output is text, and the terminal obeys nobody else.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// verdict says whether the machine did what the lesson promises.
func (p page) verdict(all []Outcome) string {
	for _, o := range all {
		if !o.Kept() {
			return p.bad("This is not what the lesson promised.") + "\n"
		}
	}
	return p.good("As promised.") + "\n"
}

// answer tells the right one, and whether it was guessed: guessed is its place, or -1.
func (p page) answer(g Guess, guessed int) string {
	for i, a := range g.Answers {
		if !a.Right {
			continue
		}
		text := fmt.Sprintf("The answer is %s: %s", letter(i), a.Text)
		if guessed == i {
			text = fmt.Sprintf("You were right, it is %s: %s", letter(i), a.Text)
		} else if guessed >= 0 {
			text = fmt.Sprintf("You said %s. It is %s: %s", letter(guessed), letter(i), a.Text)
		}
		return p.wrap(text, p.width, "", "")
	}
	return ""
}
