package labs

import (
	"fmt"
	"strings"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
)

// An Ink paints words; without colour it returns them as they are, and code keeps its backquotes.
type Ink struct {
	head, code, strong, weak, quiet, good, bad func(a ...any) string
	plain                                      bool
}

// NewInk colours, or not.
func NewInk(colour bool) Ink {
	paint := func(attributes ...color.Attribute) func(a ...any) string {
		c := color.New(attributes...)
		if c.DisableColor(); colour {
			c.EnableColor()
		}
		return c.SprintFunc()
	}
	return Ink{head: paint(color.Bold, color.FgCyan), code: paint(color.FgGreen), strong: paint(color.Bold), weak: paint(color.Underline),
		quiet: paint(color.Faint), good: paint(color.FgGreen), bad: paint(color.FgRed), plain: !colour}
}

// text prints blocks for a terminal that is width columns wide, with an empty line between each two.
func (k Ink) text(page []block, width int) string {
	var parts []string
	for _, b := range page {
		parts = append(parts, k.block(b, max(width, 20)))
	}
	return strings.Join(parts, "\n")
}

func (k Ink) block(b block, width int) string {
	switch b.kind {
	case head:
		return k.head(k.plainText(b.text)) + "\n"
	case code:
		return indented(strings.TrimRight(b.text, "\n"), "    ")
	case quotation:
		return indented(strings.TrimRight(k.text(b.inner, width-4), "\n"), "    ")
	case list:
		return k.list(b, width)
	case table:
		return k.table(b, width)
	case rule:
		return k.quiet(strings.Repeat("-", min(width, 20))) + "\n"
	}
	return k.wrap(b.text, width, "", "")
}

func indented(text, indent string) string {
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n"
}

// list prints items under each other; where one has several paragraphs, an empty line stands around them.
func (k Ink) list(b block, width int) string {
	var text strings.Builder
	for _, it := range b.items {
		mark := it.mark + " "
		if it.task != "" {
			mark = "[" + it.task + "] "
		}
		indent := strings.Repeat(" ", len(mark))
		inner := strings.TrimRight(k.text(it.blocks, width-len(mark)), "\n")
		text.WriteString(mark + strings.ReplaceAll(inner, "\n", "\n"+indent) + "\n")
	}
	return text.String()
}

// A word is what is never broken; glued to the one before it where no space is between.
type word struct {
	text  string // as it is painted
	width int
	glued bool
}

// words cuts a paragraph, with its marks, into painted words.
func (k Ink) words(text string) []word {
	var found []word
	space := true
	for _, s := range addressed(spans(text)) {
		if s.code && k.plain {
			s.text = "`" + s.text + "`"
		}
		fields := strings.Fields(s.text)
		if len(fields) == 0 {
			space = true
			continue
		}
		if s.text[0] == ' ' || s.text[0] == '\n' {
			space = true
		}
		for _, f := range fields {
			found = append(found, word{k.paint(s, f), runewidth.StringWidth(f), !space})
			space = true
		}
		last := s.text[len(s.text)-1]
		space = last == ' ' || last == '\n'
	}
	return found
}

// addressed writes the address behind the words that lead there: nobody can press on them.
func addressed(all []span) []span {
	var found []span
	for i, s := range all {
		found = append(found, s)
		last := i+1 == len(all) || all[i+1].to != s.to
		if s.to != "" && last && s.to != s.text {
			found = append(found, span{text: " (" + s.to + ")"})
		}
	}
	return found
}

func (k Ink) paint(s span, text string) string {
	switch {
	case s.code:
		return k.code(text)
	case s.strong:
		return k.strong(text)
	case s.weak:
		return k.weak(text)
	}
	return text
}

// wrap breaks a paragraph into lines.
func (k Ink) wrap(text string, width int, first, indent string) string {
	var b strings.Builder
	column := runewidth.StringWidth(first)
	b.WriteString(first)
	words := k.words(text)
	for i := 0; i < len(words); {
		n, wide := i+1, words[i].width // words that are glued together are one
		for n < len(words) && words[n].glued {
			wide += words[n].width
			n++
		}
		atStart := column == runewidth.StringWidth(first) && b.Len() == len(first)
		if !atStart && column+1+wide > width {
			b.WriteString("\n" + indent)
			column = runewidth.StringWidth(indent)
		} else if !atStart {
			b.WriteByte(' ')
			column++
		}
		for ; i < n; i++ {
			b.WriteString(words[i].text)
			column += words[i].width
		}
	}
	return b.String() + "\n"
}

// plainText is a line without its marks.
func (k Ink) plainText(text string) string {
	var b strings.Builder
	for _, s := range spans(text) {
		b.WriteString(s.text)
	}
	return b.String()
}

// table prints columns as wide as they need to be. Where that is too wide for the terminal, each row becomes a few
// lines, "head: cell", which also reads well aloud.
func (k Ink) table(b block, width int) string {
	widths := make([]int, len(b.rows[0]))
	total := 2 * (len(widths) - 1)
	for _, row := range b.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], k.columns(cell))
		}
	}
	for _, w := range widths {
		total += w
	}
	if total > width {
		return k.records(b, width)
	}
	var text strings.Builder
	for n, row := range b.rows {
		var line strings.Builder
		for i, cell := range row {
			painted := strings.TrimSuffix(k.wrap(cell, 1<<20, "", ""), "\n")
			if n == 0 {
				painted = k.strong(k.plainText(cell))
			}
			fmt.Fprintf(&line, "%s%s  ", painted, strings.Repeat(" ", widths[i]-k.columns(cell)))
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return text.String()
}

// columns is how wide a cell is when it is printed.
func (k Ink) columns(cell string) int {
	n := 0
	for _, w := range k.words(cell) {
		if n += w.width; !w.glued {
			n++
		}
	}
	return max(n-1, 0)
}

func (k Ink) records(b block, width int) string {
	var rows []string
	for _, row := range b.rows[1:] {
		var text strings.Builder
		for i, cell := range row {
			if name := k.plainText(b.rows[0][i]); name != "" {
				cell = "**" + name + ":** " + cell
			}
			text.WriteString(k.wrap(cell, width, "", "  "))
		}
		rows = append(rows, text.String())
	}
	return strings.Join(rows, "\n")
}
