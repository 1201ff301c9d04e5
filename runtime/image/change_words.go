package image

import (
	"errors"
	"fmt"
	"strings"
)

// An instruction is one line of a Dockerfile.
type instruction struct {
	name  string // in upper case
	flags []string
	rest  string // what stands after the flags, without space at both ends
}

const blanks = " \t\v\f\r"

// logicalLines cuts a text into instructions: without comments and empty lines, and with the lines joined that
// end in a backslash.
func logicalLines(text string) []string {
	var lines []string
	open := false
	for line := range strings.SplitSeq(text, "\n") {
		start := strings.TrimLeft(line, blanks)
		if start == "" || start[0] == '#' {
			continue // between the parts of a long line too
		}
		if !open {
			lines = append(lines, "")
			line = start
		}
		var part string
		part, open = strings.CutSuffix(strings.TrimRight(line, " \t"), `\`)
		if !open {
			part = line
		}
		lines[len(lines)-1] += part
	}
	return lines
}

func parseInstruction(line string) instruction {
	name, rest := firstWord(line)
	i := instruction{name: strings.ToUpper(name), rest: rest}
	for strings.HasPrefix(i.rest, "--") {
		var flag string
		if flag, i.rest = firstWord(i.rest); flag == "--" {
			break
		}
		i.flags = append(i.flags, flag)
	}
	return i
}

func firstWord(text string) (word, rest string) {
	text = strings.Trim(text, blanks)
	at := strings.IndexAny(text, blanks)
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimLeft(text[at:], blanks)
}

type pair struct{ name, value string }

// pairs reads NAME=VALUE …, or the old form of one pair, NAME VALUE. All variables have the values that they had
// before the line.
func (ch *changing) pairs(i instruction) ([]pair, error) {
	words := quotedWords(i.rest)
	if len(words) == 0 {
		return nil, fmt.Errorf("%s requires at least one argument", i.name)
	}
	var pairs []pair
	if !strings.Contains(words[0], "=") {
		name, value := firstWord(i.rest)
		if value == "" {
			return nil, fmt.Errorf("%s must have two arguments", i.name)
		}
		words, pairs = nil, []pair{{name, value}}
	}
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		if !found {
			return nil, fmt.Errorf("Syntax error - can't find = in %q. Must be of the form: name=value", word)
		}
		pairs = append(pairs, pair{name, value})
	}
	for at, p := range pairs {
		if p.name == "" {
			return nil, fmt.Errorf("%s names can not be blank", i.name)
		}
		var errName, errValue error
		pairs[at].name, errName = ch.expand(p.name)
		pairs[at].value, errValue = ch.expand(p.value)
		if err := errors.Join(errName, errValue); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// quotedWords cuts at spaces, except between quotes and after a backslash; quotes and backslashes stay.
func quotedWords(text string) []string {
	var words []string
	var word strings.Builder
	quote, escaped := rune(0), false
	for _, c := range text {
		if quote == 0 && !escaped && strings.ContainsRune(blanks+"\n", c) {
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteRune(c)
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quote != '\'':
			escaped = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
