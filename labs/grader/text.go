package grader

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"
)

// Text prints results for a person, each as it comes.
type Text struct {
	Out     io.Writer
	Colour  bool
	Hint    int // 0 to 3: how much is said of what to do
	Seed    uint64
	Path    string // what was handed in, as it was typed
	printed int
	lab     string
}

var marks = map[Status]struct {
	word   string
	colour color.Attribute
}{
	Pass:  {"pass ", color.FgGreen},
	Fail:  {"FAIL ", color.FgRed},
	Error: {"error", color.FgYellow},
	Skip:  {"skip ", color.FgYellow},
}

// Show prints what is new in the report.
func (t *Text) Show(r *Report) {
	for ; t.printed < len(r.Checks); t.printed++ {
		c := r.Checks[t.printed]
		if c.Lab != t.lab {
			t.heading(r, c.Lab)
		}
		t.line(c)
	}
}

func (t *Text) heading(r *Report, lab string) {
	if t.lab != "" {
		fmt.Fprintln(t.Out)
	}
	t.lab = lab
	if lab == r.Lab {
		fmt.Fprintf(t.Out, "Lab %s   seed %d\n", lab, r.Seed)
		return
	}
	fmt.Fprintf(t.Out, "Lab %s: what worked still works\n", lab)
}

func (t *Text) line(c Result) {
	m, score := marks[c.Status], ""
	if c.MaxPoints > 0 {
		score = fmt.Sprintf("%d/%d", c.Points, c.MaxPoints)
	}
	if c.Status == Pass && c.MaxPoints == 0 {
		score = "ok"
	}
	fmt.Fprintf(t.Out, "%s %5s  %-14s %s\n", t.paint(m.word, m.colour), score, c.ID, c.Title)
	for _, line := range t.lesson(c) {
		fmt.Fprintln(t.Out, "      "+line)
	}
}

func (t *Text) paint(word string, c color.Attribute) string {
	if !t.Colour {
		return word
	}
	return color.New(c).Sprint(word)
}

// lesson is what a failure teaches: what ran, what was expected and seen, what to try, and where to read.
func (t *Text) lesson(c Result) []string {
	if c.Status == Skip || c.Status == Error {
		return []string{Clean(c.Why)}
	}
	if c.Status == Pass || (c.Expected == buildable && c.Command == "") { // what a compiler has said is told once
		return nil
	}
	var lines []string
	for _, part := range []struct{ word, text string }{{"ran       ", c.Command}, {"expected  ", c.Expected}, {"got       ", c.Actual}} {
		if part.text != "" {
			lines = append(lines, part.word+indent(Clean(part.text)))
		}
	}
	for i := range min(t.Hint, len(c.Hints)) {
		lines = append(lines, "hint      "+c.Hints[i])
	}
	if c.Man == "" {
		return lines // not all is told
	}
	read := "read      man " + manual(c.Man)
	if c.Read != "" {
		read += fmt.Sprintf("; “%s” in tutor lab %s", c.Read, c.Lab)
	}
	return append(lines, read,
		fmt.Sprintf("again     sudo tutor grade %s%s --only %s --seed %d --hint %d", t.lab, t.path(), c.ID, t.Seed, min(3, t.Hint+1)))
}

// path is the argument after the lab; nothing where it is the folder that one stands in.
func (t *Text) path() string {
	if t.Path == "" || t.Path == "." {
		return ""
	}
	return " " + shellWords([]string{t.Path})
}

// manual turns "wait(2)" into what man takes: "2 wait".
func manual(page string) string {
	name, section, _ := strings.Cut(strings.TrimSuffix(page, ")"), "(")
	return section + " " + name
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n                ") }

// Clean takes out what a terminal or an XML reader would obey: control characters that box has printed.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || (r >= ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0) && r != 0xfffe && r != 0xffff && r != 0xfffd) {
			return r
		}
		return '·'
	}, strings.ToValidUTF8(text, "·"))
}

// Words are all of a report as t prints it, so far as it goes.
func Words(r *Report, t Text) []byte {
	var b bytes.Buffer
	t.Out = &b
	if t.Show(r); r.Complete {
		t.Sum(r)
	}
	return b.Bytes()
}

// Sum prints the last lines.
func (t *Text) Sum(r *Report) {
	if r.Error != "" {
		fmt.Fprintf(t.Out, "\nThis machine cannot grade: %s\n", r.Error)
		return
	}
	fmt.Fprintf(t.Out, "\n%d of %d points", r.Points, r.MaxPoints)
	for _, s := range []struct {
		status Status
		words  string
	}{{Fail, "failed"}, {Skip, "skipped"}, {Error, "could not be told here"}} {
		if n := r.Count(s.status); n > 0 {
			fmt.Fprintf(t.Out, ", %d %s", n, s.words)
		}
	}
	if failed, of := r.Hidden(); of > 0 {
		fmt.Fprintf(t.Out, ", %d of %d hidden checks failed", failed, of)
	}
	if r.GivenUp {
		fmt.Fprint(t.Out, ", after a look at the solution")
	}
	fmt.Fprintln(t.Out)
	if left := leftovers(r); len(left) > 0 {
		fmt.Fprintf(t.Out, "left behind by box when a check ended, and cleared by the grader: %s\n", strings.Join(left, ", "))
	}
	if build := Build(t.Path); build != "" && r.Count(Fail) > 0 {
		fmt.Fprintf(t.Out, "what ran can be typed after this: %s\n", build)
	}
}

func leftovers(r *Report) []string {
	var all []string
	for _, c := range r.Checks {
		if c.Status == Fail {
			for _, l := range c.Left {
				all = append(all, c.ID+": "+Clean(l))
			}
		}
	}
	return all
}
