package toolbox

import (
	"strconv"
	"strings"
)

func trueMain(*tool) error  { return nil }
func falseMain(*tool) error { return exitCode(1) }

func echo(t *tool) error {
	args, newline, escapes := t.args, true, false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		newline = newline && !strings.Contains(args[0], "n")
		escapes = (escapes || strings.Contains(args[0], "e")) && !strings.Contains(args[0], "E")
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		var stopped bool
		if text, stopped = unescape(text); stopped {
			newline = false
		}
	}
	t.out.WriteString(text)
	if newline {
		t.println("")
	}
	return nil
}

func yes(t *tool) error {
	line := "y"
	if len(t.args) > 0 {
		line = strings.Join(t.args, " ")
	}
	for {
		if _, err := t.out.WriteString(line + "\n"); err != nil {
			return err
		}
	}
}

// unescape replaces the escapes of echo -e and %b; stopped says that a \c cut the rest off.
func unescape(text string) (out string, stopped bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		if text[i+1] == 'c' {
			return b.String(), true
		}
		s, n := escape(text[i+1:], false)
		b.WriteString(s)
		i += n
	}
	return b.String(), false
}

// escape reads what follows a backslash, and says how many bytes that was. Octal numbers have a leading 0 in
// echo (\0101) and none in printf and tr (\101).
func escape(text string, bare bool) (out string, n int) {
	if i := strings.IndexByte(`abefnrtv\`, text[0]); i >= 0 {
		return "\a\b\x1b\f\n\r\t\v\\"[i : i+1], 1
	}
	digits, base, from := 3, 8, 0
	switch {
	case text[0] == 'x':
		digits, base, from = 2, 16, 1
	case text[0] == '0' && !bare:
		from = 1
	case text[0] < '0' || text[0] > '7' || !bare:
		return `\` + text[:1], 1
	}
	end := from
	for end < len(text) && end < from+digits {
		if _, err := strconv.ParseUint(text[end:end+1], base, 8); err != nil {
			break
		}
		end++
	}
	if end == from && base == 16 {
		return `\x`, 1
	}
	code, _ := strconv.ParseUint("0"+text[from:end], base, 16)
	return string([]byte{byte(code)}), end
}
