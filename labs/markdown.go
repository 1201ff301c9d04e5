package labs

import (
	"regexp"
	"strings"
	"sync"
)

// A block is one piece of a page: a head, a paragraph, a list. The dialect is what lessons are written in, a small
// part of CommonMark with tables and task lists; a test compares what is read here with what goldmark reads.
type block struct {
	kind  kind
	level int        // of a head: 1 to 6
	info  string     // of code: what stands behind the fence
	text  string     // of a head or a paragraph, with its marks; of code, as it stands
	items []item     // of a list
	rows  [][]string // of a table, the head first
	inner []block    // of a quotation
}

type kind int

const (
	paragraph kind = iota
	head
	code
	list
	table
	quotation
	rule
)

// An item is one of a list.
type item struct {
	mark   string // "-" or "1."
	task   string // "x", " ", or "": it is none
	blocks []block
}

// These are what a line can begin. Whatever is none of them is part of a paragraph.
var (
	headLine   = matcher(`^ {0,3}(#{1,6}) +(.*?)(?: +#+)? *$`)
	fenceLine  = matcher("^( {0,3})(`{3,})([^`]*)$")
	quoteLine  = matcher(`^ {0,3}> ?(.*)$`)
	itemLine   = matcher(`^( {0,3})([-*+]|\d{1,9}[.)])( {1,4})(\S.*)$`)
	taskText   = matcher(`^\[([ xX])\] +(.*)$`)
	ruleLine   = matcher(`^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$`)
	tableRule  = matcher(`^ {0,3}\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$`)
	remarkLine = matcher(`^ {0,3}<!--`)
)

// matcher compiles its pattern when it is first asked: one that is compiled at start-up costs every command of tutor,
// and every tool in a container, some 20 µs.
func matcher(pattern string) func(line string) []string {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	return func(line string) []string { return compiled().FindStringSubmatch(line) }
}

// markdown reads a page.
func markdown(source string) []block {
	return blocksOf(strings.Split(strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\t", "    "), "\n"))
}

func blocksOf(lines []string) []block {
	var found []block
	for len(lines) > 0 {
		if strings.TrimSpace(lines[0]) == "" {
			lines = lines[1:]
			continue
		}
		b, n := next(lines)
		if lines = lines[n:]; b != nil {
			found = append(found, *b)
		}
	}
	return found
}

// next reads the block that the first line begins, and tells how many lines it takes; nil is a remark.
func next(lines []string) (*block, int) {
	line := lines[0]
	if m := fenceLine(line); m != nil {
		return fenced(lines, m)
	}
	if m := headLine(line); m != nil {
		return &block{kind: head, level: len(m[1]), text: m[2]}, 1
	}
	if ruleLine(line) != nil {
		return &block{kind: rule}, 1
	}
	if remarkLine(line) != nil {
		return nil, remark(lines)
	}
	if quoteLine(line) != nil {
		return quoted(lines)
	}
	if itemLine(line) != nil {
		return listed(lines)
	}
	if len(lines) > 1 && strings.Contains(line, "|") && tableRule(lines[1]) != nil && len(cells(line)) == len(cells(lines[1])) {
		return tabled(lines)
	}
	n := 1
	for n < len(lines) && continues(lines[n]) {
		n++
	}
	return &block{kind: paragraph, text: joined(lines[:n])}, n
}

// continues tells if a line goes on with a paragraph. A list may interrupt one only if it begins with 1.
func continues(line string) bool {
	if m := itemLine(line); m != nil {
		return strings.Trim(m[2], "0123456789") != m[2] && m[2] != "1." && m[2] != "1)"
	}
	return strings.TrimSpace(line) != "" && fenceLine(line) == nil && headLine(line) == nil && quoteLine(line) == nil &&
		ruleLine(line) == nil && remarkLine(line) == nil
}

func joined(lines []string) string {
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = strings.TrimSpace(line)
	}
	return strings.Join(trimmed, "\n")
}

// fenced reads code up to a fence that is at least as long, or to the end.
func fenced(lines []string, open []string) (*block, int) {
	b := &block{kind: code, info: strings.TrimSpace(open[3])}
	var text strings.Builder
	for n, line := range lines[1:] {
		if m := fenceLine(line); m != nil && len(m[2]) >= len(open[2]) && strings.TrimSpace(m[3]) == "" {
			b.text = text.String()
			return b, n + 2
		}
		for range len(open[1]) { // as far as the fence stands in, the code may
			line = strings.TrimPrefix(line, " ")
		}
		text.WriteString(line + "\n")
	}
	b.text = text.String()
	return b, len(lines)
}

func remark(lines []string) int {
	for n, line := range lines {
		if strings.Contains(line, "-->") {
			return n + 1
		}
	}
	return len(lines)
}

func quoted(lines []string) (*block, int) {
	var inner []string
	for _, line := range lines {
		m := quoteLine(line)
		if m == nil {
			break
		}
		inner = append(inner, m[1])
	}
	return &block{kind: quotation, inner: blocksOf(inner)}, len(inner)
}

// listed reads items with the same kind of mark. What belongs to an item stands as far in as its text does, or goes
// on with its paragraph.
func listed(lines []string) (*block, int) {
	b := &block{kind: list}
	kindOf := func(mark string) byte { return mark[len(mark)-1] }
	n := 0
	for n < len(lines) {
		m := itemLine(lines[n])
		if m == nil || ruleLine(lines[n]) != nil || (len(b.items) > 0 && kindOf(b.items[0].mark) != kindOf(m[2])) {
			break
		}
		indent := strings.Repeat(" ", len(m[1])+len(m[2])+len(m[3]))
		it := item{mark: m[2]}
		text := m[4]
		if task := taskText(text); task != nil {
			it.task, text = strings.ToLower(task[1]), task[2]
		}
		own := []string{text}
		for n++; n < len(lines); n++ {
			inside, deep := strings.CutPrefix(lines[n], indent)
			if !deep && strings.TrimSpace(lines[n]) != "" && (strings.TrimSpace(lines[n-1]) == "" || !continues(lines[n]) || itemLine(lines[n]) != nil) {
				break
			}
			own = append(own, inside)
		}
		it.blocks = blocksOf(own)
		b.items = append(b.items, it)
	}
	return b, n
}

func tabled(lines []string) (*block, int) {
	b := &block{kind: table, rows: [][]string{cells(lines[0])}}
	n := 2
	for ; n < len(lines) && continues(lines[n]) && itemLine(lines[n]) == nil; n++ {
		row := cells(lines[n])
		for len(row) < len(b.rows[0]) {
			row = append(row, "")
		}
		b.rows = append(b.rows, row[:len(b.rows[0])])
	}
	return b, n
}

// cells splits a row at its bars; one after a backslash is text.
func cells(line string) []string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	var row []string
	var cell strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) && line[i+1] == '|' {
			i++
			cell.WriteByte('|')
			continue
		}
		if line[i] != '|' {
			cell.WriteByte(line[i])
			continue
		}
		row = append(row, strings.TrimSpace(cell.String()))
		cell.Reset()
	}
	if rest := strings.TrimSpace(cell.String()); rest != "" || len(row) == 0 {
		row = append(row, rest)
	}
	return row
}
