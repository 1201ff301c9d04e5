package toolbox

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

func printfMain(t *tool) error {
	if len(t.args) == 0 {
		return usageError("a format, please")
	}
	return formatAll(t.out, t.args[0], t.args[1:], func(err error) { t.complain(err) })
}

// formatAll is printf(1): the format is used again until all arguments are printed.
func formatAll(w io.Writer, format string, args []string, complain func(error)) error {
	for {
		f := &formatter{args: args, complain: complain}
		stopped := f.run(format)
		if _, err := io.WriteString(w, f.out.String()); err != nil {
			return err
		}
		if stopped || f.used == 0 || f.used >= len(args) {
			return nil
		}
		args = args[f.used:]
	}
}

// A formatter runs through a format once.
type formatter struct {
	out      strings.Builder
	args     []string
	used     int
	complain func(error)
}

func (f *formatter) next() string {
	f.used++
	if f.used > len(f.args) {
		return ""
	}
	return f.args[f.used-1]
}

// run returns true when a \c said that nothing more shall be printed.
func (f *formatter) run(format string) bool {
	for i := 0; i < len(format); i++ {
		switch {
		case format[i] == '\\' && i+1 < len(format):
			out, n := escape(format[i+1:], true)
			if format[i+1] == 'c' {
				return true
			}
			f.out.WriteString(out)
			i += n
		case format[i] == '%' && i+1 < len(format):
			n, stopped := f.verb(format[i:])
			if stopped {
				return true
			}
			i += n - 1
		default:
			f.out.WriteByte(format[i])
		}
	}
	return false
}

// verb prints one %…x and returns its length.
func (f *formatter) verb(spec string) (n int, stopped bool) {
	if spec[1] == '%' {
		f.out.WriteByte('%')
		return 2, false
	}
	end, how := f.flags(spec)
	if end == len(spec) {
		f.complain(fmt.Errorf("%s: incomplete format", spec))
		return end, true
	}
	switch spec[end] {
	case 's':
		fmt.Fprintf(&f.out, how+"s", f.next())
	case 'b':
		text, stop := unescape(f.next())
		fmt.Fprintf(&f.out, how+"s", text)
		return end + 1, stop
	case 'q':
		fmt.Fprintf(&f.out, how+"s", quote(f.next()))
	case 'c':
		fmt.Fprintf(&f.out, how+"s", firstByte(f.next()))
	case 'd', 'i':
		fmt.Fprintf(&f.out, how+"d", f.integer(f.next()))
	case 'u':
		fmt.Fprintf(&f.out, how+"d", uint64(f.integer(f.next())))
	case 'o', 'x', 'X':
		fmt.Fprintf(&f.out, how+spec[end:end+1], uint64(f.integer(f.next())))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		fmt.Fprintf(&f.out, how+spec[end:end+1], f.float(f.next()))
	default:
		f.complain(fmt.Errorf("%%%c: invalid format", spec[end]))
		return end + 1, true
	}
	return end + 1, false
}

// flags reads flags, width and precision; a "*" takes the next argument.
func (f *formatter) flags(spec string) (end int, how string) {
	end, how = 1, "%"
	for end < len(spec) && strings.IndexByte("-+ #0123456789.*", spec[end]) >= 0 {
		if spec[end] == '*' {
			how += strconv.Itoa(int(f.integer(f.next())))
		} else {
			how += spec[end : end+1]
		}
		end++
	}
	return end, how
}

func firstByte(s string) string { return s[:min(1, len(s))] }

// integer reads 42, 0x2a, 052, and 'a for the code of a letter.
func (f *formatter) integer(text string) int64 {
	if len(text) > 1 && (text[0] == '\'' || text[0] == '"') {
		return int64([]rune(text[1:])[0])
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 0, 64)
	if err != nil && text != "" {
		f.complain(fmt.Errorf("%s: invalid number", text))
	}
	return n
}

func (f *formatter) float(text string) float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil && text != "" {
		f.complain(fmt.Errorf("%s: invalid number", text))
	}
	return n
}

// quote makes a word that a shell reads back as it is.
func quote(word string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || r == '.' || r == '/' || r == ':' || r == ',' || r == '@' || r == '%' || r == '+' || r == '=' ||
			r >= '0' && r <= '9' || r|32 >= 'a' && r|32 <= 'z'
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
