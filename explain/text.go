package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"

	"tutor/runtime/program"
)

// A Style is how text is coloured; without colour every function returns what it is given.
type Style struct {
	name, quiet, call, bad func(a ...any) string
	mark                   int // a lab, whose entries are marked; 0: none
	width                  int // columns of the terminal; 0: there is none, and no line is broken
}

// NewStyle colours, or not: fatih/color's own rule (NO_COLOR, a terminal) is the caller's to ask.
func NewStyle(colour bool) Style {
	paint := func(attributes ...color.Attribute) func(a ...any) string {
		c := color.New(attributes...)
		if colour {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.SprintFunc()
	}
	return Style{name: paint(color.Bold, color.FgCyan), quiet: paint(color.Faint), call: paint(color.FgGreen), bad: paint(color.FgRed)}
}

// Marking is the style that says which entries a lab is the first to add.
func (s Style) Marking(lab int) Style {
	s.mark = lab
	return s
}

// Within is the style for a terminal that is so wide: reasons are broken between words.
func (s Style) Within(columns int) Style {
	s.width = columns
	return s
}

// narrow is a terminal on which there is no room to break lines in.
const narrow = 40

// title is an entry's name, marked if it is new, and its reason, or why it is left out.
func (s Style) title(op program.Op) string {
	name, words, paint := op.Name, op.Why, fmt.Sprint
	if !op.Runs() {
		words, paint = "left out: "+op.LeftOut, s.quiet
	}
	if s.mark != 0 && op.Lab == s.mark {
		name += fmt.Sprintf(" [new in lab %d]", s.mark)
	}
	if s.width > narrow {
		folded := strings.ReplaceAll(Fold(name+" "+words, s.width-2, ""), "\n", "\n  ")
		words = strings.TrimPrefix(folded, name+" ")
	}
	return s.name(op.Name) + strings.TrimPrefix(name, op.Name) + " " + paint(words)
}

// Heading paints the title of a part.
func (s Style) Heading(text string) string { return s.name(text) }

// Text prints the Ops from first to last (not included) with what they did, each under its reason.
func Text(w io.Writer, t Trace, s Style, first, last int) {
	var b strings.Builder
	for i := first; i < last && i < len(t.Program); i++ {
		t.op(&b, s, i)
	}
	io.WriteString(w, b.String())
}

func (t Trace) op(b *strings.Builder, s Style, index int) {
	op := t.Program[index]
	if !op.Runs() {
		b.WriteString(s.title(op) + "\n\n")
		return
	}
	results := t.of(index, false)
	b.WriteString(s.title(op) + "\n")
	t.details(b, s, op)
	for _, n := range results {
		t.line(b, s, n)
	}
	if (op.Name == "clone" || op.Name == "hold") && t.PID != 0 {
		fmt.Fprintf(b, "    %s\n", s.name(t.birth()))
	}
	b.WriteByte('\n')
}

func (t Trace) details(b *strings.Builder, s Style, op program.Op) {
	note := fmt.Sprintf("lab %d, %s", op.Lab, op.Man)
	if op.Shell != "" {
		fmt.Fprintf(b, "    %s  %s\n", s.quiet("$ "+op.Shell), s.quiet("# "+note))
		return
	}
	fmt.Fprintf(b, "    %s\n", s.quiet("# "+note))
}

// Calls prints what one Op has done, without its reason.
func Calls(w io.Writer, t Trace, s Style, index int) {
	var b strings.Builder
	for _, n := range t.of(index, false) {
		t.line(&b, s, n)
	}
	if b.Len() > 0 && t.Program[index].Name == "clone" && t.PID != 0 {
		fmt.Fprintf(&b, "    %s\n", s.name(t.birth()))
	}
	io.WriteString(w, b.String())
}

// of are the indexes of the results of one Op.
func (t Trace) of(index int, undo bool) []int {
	var found []int
	for i, r := range t.Results {
		if r.Op == index && r.Undo == undo {
			found = append(found, i)
		}
	}
	return found
}

// line is one call: number, hand, host PID, container PID, µs, the call, the answer.
func (t Trace) line(b *strings.Builder, s Style, n int) {
	r := t.Results[n]
	op := t.Program[r.Op]
	host, inside := t.pids(op)
	container := "-"
	if inside != 0 {
		container = fmt.Sprint(inside)
	}
	text := answer(r)
	if r.Failed() {
		text = s.bad(text)
	}
	fmt.Fprintf(b, "%4d  %-5s %6d %5s %6d µs  %s = %s\n", t.Before+n+1, op.By, host, container, duration(r).Microseconds(), s.call(callText(r.Call, r.Registers)), text)
	messages(b, s, r.Call)
}

// Header names the columns.
func Header(w io.Writer, s Style) {
	fmt.Fprintf(w, "%s\n\n", s.quiet("   #  hand    host   ctr       time  system call = answer"))
}

// Undone prints what was undone: when the container had ended, or because a call failed.
func Undone(w io.Writer, t Trace, s Style) {
	var b strings.Builder
	last := -1
	for i, r := range t.Results {
		if !r.Undo {
			continue
		}
		if last < 0 {
			why := "when it had ended"
			if t.Program.Find("clone") == nil && t.failed() {
				why = "because a call failed"
			}
			b.WriteString("\n" + s.name("undone") + " " + why + "\n")
		}
		last = r.Op
		t.line(&b, s, i)
	}
	io.WriteString(w, b.String())
}

func (t Trace) failed() bool {
	return slices.ContainsFunc(t.Results, func(r program.Result) bool { return !r.Undo && r.Failed() })
}

// Views prints host beside container.
func Views(w io.Writer, t Trace, s Style) {
	if len(t.Views) == 0 {
		return
	}
	const most = 38 // more of a long value, and the two no longer stand beside each other; json has all of it
	what, widest := len("processes "), 0
	rows := []View{{"", "host", "container"}}
	for _, v := range t.Views {
		v.Host, v.Container = beginning(v.Host, most), beginning(v.Container, most)
		what = max(what, len(v.What)) // memory.limit_in_bytes
		widest = max(widest, len([]rune(v.Host)))
		rows = append(rows, v)
	}
	var b strings.Builder
	b.WriteString(s.name("two views") + " of the same process\n")
	for i, v := range rows {
		line := fmt.Sprintf("    %-*s %-*s  %s", what, v.What, widest, v.Host, v.Container)
		if i == 0 {
			line = s.quiet(line)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	io.WriteString(w, b.String())
}

// beginning is a text, or of a long one what fits into so many columns.
func beginning(text string, columns int) string {
	if long := []rune(text); len(long) > columns {
		return string(long[:columns-1]) + "…"
	}
	return text
}

// DryRun prints the Program without having run it: what would be done, and the same by hand.
func DryRun(w io.Writer, p program.Program, s Style) {
	var b strings.Builder
	for _, op := range p {
		if !op.Runs() {
			b.WriteString(s.title(op) + "\n\n")
			continue
		}
		b.WriteString(s.title(op) + "\n")
		Trace{}.details(&b, s, op)
		for _, call := range op.Calls {
			fmt.Fprintf(&b, "      %-5s  %s\n", op.By, s.call(callText(call, nil)))
			messages(&b, s, call)
		}
		for _, call := range op.Undo {
			fmt.Fprintf(&b, "      %-5s  %s\n", "undo", s.call(callText(call, nil)))
		}
		b.WriteByte('\n')
	}
	io.WriteString(w, b.String())
}
