package labs

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A span is a stretch of text within a paragraph that looks the same.
type span struct {
	text         string
	code         bool
	strong, weak bool   // **strong**, *emphasis*
	to           string // where a link leads
}

// spans reads the marks of a paragraph.
func spans(text string) []span { return (&inline{rest: text}).read() }

// An inline reads a paragraph from left to right. A mark that is never closed is text.
type inline struct {
	rest  string
	found []span
	plain strings.Builder
}

func (p *inline) read() []span {
	for p.rest != "" {
		if p.escaped() || p.coded() || p.marked("**", func(s *span) { s.strong = true }) || p.marked("*", func(s *span) { s.weak = true }) ||
			p.marked("_", func(s *span) { s.weak = true }) || p.linked() || p.address() {
			continue
		}
		_, size := utf8.DecodeRuneInString(p.rest)
		p.plain.WriteString(p.rest[:size])
		p.rest = p.rest[size:]
	}
	p.flush()
	return p.found
}

func (p *inline) flush() {
	if p.plain.Len() > 0 {
		p.found = append(p.found, span{text: html.UnescapeString(p.plain.String())})
		p.plain.Reset()
	}
}

func (p *inline) escaped() bool {
	if len(p.rest) < 2 || p.rest[0] != '\\' || !strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", rune(p.rest[1])) {
		return false
	}
	p.flush()
	p.found = append(p.found, span{text: p.rest[1:2]})
	p.rest = p.rest[2:]
	return true
}

// coded reads `code`, which ends at as many backquotes as it began with.
func (p *inline) coded() bool {
	n := len(p.rest) - len(strings.TrimLeft(p.rest, "`"))
	if n == 0 {
		return false
	}
	end := closing(p.rest[n:], n)
	if end < 0 {
		p.plain.WriteString(p.rest[:n])
		p.rest = p.rest[n:]
		return true
	}
	text := strings.ReplaceAll(p.rest[n:n+end], "\n", " ")
	if strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") && strings.TrimSpace(text) != "" {
		text = text[1 : len(text)-1]
	}
	p.flush()
	p.found = append(p.found, span{text: text, code: true})
	p.rest = p.rest[n+end+n:]
	return true
}

// closing is where a run of exactly n backquotes begins; -1: nowhere.
func closing(text string, n int) int {
	for i := 0; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		run := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
		if run == n {
			return i
		}
		i += run
	}
	return -1
}

// marked reads what stands between two marks.
func (p *inline) marked(mark string, set func(*span)) bool {
	inner, found := strings.CutPrefix(p.rest, mark)
	if !found || inner == "" || unicode.IsSpace(rune(inner[0])) || (mark == "_" && p.inWord()) {
		return false
	}
	end := p.end(inner, mark)
	if end <= 0 {
		return false
	}
	p.flush()
	for _, s := range spans(inner[:end]) {
		set(&s)
		p.found = append(p.found, s)
	}
	p.rest = inner[end+len(mark):]
	return true
}

// inWord tells if the mark stands right behind a letter: snake_case is no emphasis.
func (p *inline) inWord() bool {
	r, _ := utf8.DecodeLastRuneInString(p.plain.String())
	return p.plain.Len() > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// end is where the closing mark stands: right behind something, and not within code.
func (p *inline) end(text, mark string) int {
	for i := 0; i < len(text); {
		if text[i] == '\\' {
			i += 2
			continue
		}
		if text[i] == '`' {
			run := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
			i += run
			if end := closing(text[i:], run); end >= 0 {
				i += end + run
			}
			continue
		}
		if !strings.HasPrefix(text[i:], mark) || i == 0 || unicode.IsSpace(rune(text[i-1])) {
			i++
			continue
		}
		after, _ := utf8.DecodeRuneInString(text[i+len(mark):])
		if mark == "*" && strings.HasPrefix(text[i:], "**") || mark == "_" && (unicode.IsLetter(after) || unicode.IsDigit(after)) {
			i += 2
			continue
		}
		return i
	}
	return -1
}

// linked reads [text](address).
func (p *inline) linked() bool {
	if p.rest[0] != '[' {
		return false
	}
	middle := strings.Index(p.rest, "](")
	if middle < 0 || strings.Contains(p.rest[1:middle], "[") {
		return false
	}
	end := strings.IndexAny(p.rest[middle+2:], ") \n")
	if end < 0 || p.rest[middle+2+end] != ')' {
		return false
	}
	to := p.rest[middle+2 : middle+2+end]
	p.flush()
	for _, s := range spans(p.rest[1:middle]) {
		s.to = to
		p.found = append(p.found, s)
	}
	p.rest = p.rest[middle+2+end+1:]
	return true
}

// address reads <https://…>.
func (p *inline) address() bool {
	end := strings.IndexAny(p.rest, "> \n")
	if p.rest[0] != '<' || end < 0 || p.rest[end] != '>' || !strings.HasPrefix(p.rest, "<http") {
		return false
	}
	p.flush()
	p.found = append(p.found, span{text: p.rest[1:end], to: p.rest[1:end]})
	p.rest = p.rest[end+1:]
	return true
}
