package image

import (
	"errors"
	"fmt"
	"strings"
)

// expand fills in $NAME and ${NAME}, and takes quotes and backslashes away, as Docker does in a Dockerfile: like
// a shell, but nothing is ever run and nothing is split.
func (ch *changing) expand(text string) (string, error) {
	x := &expansion{text: text, env: map[string]string{}}
	for _, e := range ch.config.Env {
		name, value, _ := strings.Cut(e, "=")
		x.env[name] = value
	}
	value, err := x.until(0)
	if err != nil {
		return "", fmt.Errorf("failed to process %q: %w", text, err)
	}
	return value, nil
}

// An expansion reads a text from left to right. No byte of UTF-8's longer characters looks like one of ours.
type expansion struct {
	text string
	at   int
	env  map[string]string
}

// peek is the next byte, 0 at the end.
func (x *expansion) peek() byte {
	if x.at == len(x.text) {
		return 0
	}
	return x.text[x.at]
}

func (x *expansion) next() byte {
	c := x.peek()
	x.at = min(x.at+1, len(x.text))
	return c
}

func (x *expansion) ended() bool { return x.at == len(x.text) }

// until expands up to stop, which it takes too, or to the end for 0.
func (x *expansion) until(stop byte) (string, error) {
	var b strings.Builder
	for !x.ended() {
		c := x.next()
		if stop != 0 && c == stop {
			return b.String(), nil
		}
		var part string
		var err error
		switch c {
		case '\'':
			part, err = x.singleQuoted()
		case '"':
			part, err = x.doubleQuoted()
		case '$':
			part, err = x.dollar()
		case '\\':
			if !x.ended() {
				part = string([]byte{x.next()})
			}
		default:
			part = string([]byte{c})
		}
		if err != nil {
			return "", err
		}
		b.WriteString(part)
	}
	if stop != 0 {
		return "", errors.New("syntax error: missing '}'")
	}
	return b.String(), nil
}

func (x *expansion) singleQuoted() (string, error) {
	inside, _, found := strings.Cut(x.text[x.at:], "'")
	if !found {
		return "", errors.New("unexpected end of statement while looking for matching single-quote")
	}
	x.at += len(inside) + 1
	return inside, nil
}

func (x *expansion) doubleQuoted() (string, error) {
	var b strings.Builder
	for !x.ended() {
		c := x.next()
		if c == '"' {
			return b.String(), nil
		}
		if c == '\\' && !x.ended() && strings.IndexByte("\"$\\", x.peek()) >= 0 {
			c = x.next()
		} else if c == '$' {
			value, err := x.dollar()
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			continue
		}
		b.WriteByte(c)
	}
	return "", errors.New("unexpected end of statement while looking for matching double-quote")
}

// dollar is what stands after a $.
func (x *expansion) dollar() (string, error) {
	if x.peek() != '{' {
		name := x.name()
		if name == "" {
			return "$", nil
		}
		return x.env[name], nil
	}
	x.next()
	if x.ended() {
		return "", errors.New("syntax error: missing '}'")
	}
	if strings.IndexByte("{}:", x.peek()) >= 0 {
		return "", errors.New("syntax error: bad substitution")
	}
	name := x.name()
	value, set := x.env[name]
	modifier := x.next()
	if modifier == '}' {
		return value, nil
	}
	shown := string([]byte{modifier})
	if modifier == ':' {
		set = value != "" // ${A:-x}: empty is as good as not there
		modifier = x.next()
		shown = string([]byte{modifier})
	}
	if modifier == 0 {
		return "", errors.New("syntax error: missing '}'")
	}
	if strings.IndexByte("-+?", modifier) < 0 {
		return "", fmt.Errorf("unsupported modifier (%s) in substitution", shown)
	}
	word, err := x.until('}')
	if err != nil {
		return "", err
	}
	return substitute(name, value, set, modifier, word)
}

func substitute(name, value string, set bool, modifier byte, word string) (string, error) {
	switch {
	case modifier == '-' && !set:
		return word, nil
	case modifier == '+' && set:
		return word, nil
	case modifier == '+':
		return "", nil
	case modifier == '?' && !set && word == "":
		return "", fmt.Errorf("%s: is not allowed to be unset", name)
	case modifier == '?' && !set:
		return "", fmt.Errorf("%s: %s", name, word)
	}
	return value, nil
}

// name takes the name of a variable: $1 is one digit's, and $$ and its kin, which a shell would know, are always
// empty.
func (x *expansion) name() string {
	rest := x.text[x.at:]
	end := 0
	switch {
	case rest == "":
		return ""
	case strings.IndexByte("@*#?-$!", rest[0]) >= 0:
		end = 1
	case rest[0] >= '0' && rest[0] <= '9':
		end = len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	default:
		end = len(rest) - len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
	}
	x.at += end
	return rest[:end]
}
