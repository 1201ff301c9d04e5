package toolbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A key is one -k: from a character of a field to a character of another, and how it is compared.
type key struct {
	from, fromChar int
	to, toChar     int // 0: to the end of the line; toChar 0: to the end of the field
	flags          string
}

func sortMain(t *tool) error {
	o, err := parse("nrufbsk:t:", t.args)
	if err != nil {
		return err
	}
	keys, err := parseKeys(o)
	if err != nil {
		return err
	}
	separator := o.value('t', "")
	if len(separator) > 1 && separator != `\0` {
		return usageError("-t takes one character")
	}
	byKeys := func(a, b string) int {
		for _, k := range keys {
			if c := k.compare(a, b, separator); c != 0 {
				return c
			}
		}
		return 0
	}
	all := t.lines(o.rest)
	slices.SortStableFunc(all, func(a, b string) int {
		c := byKeys(a, b)
		if c != 0 || o.has("us") {
			return c
		}
		if o.has("r") {
			a, b = b, a
		}
		return strings.Compare(a, b) // the last resort: a defined order for lines that are equal by their keys
	})
	for i, line := range all {
		if i > 0 && o.has("u") && byKeys(all[i-1], line) == 0 {
			continue
		}
		t.println(line)
	}
	return nil
}

// parseKeys reads all -k; without any the whole line is the key. A key without letters of its own takes those of
// the command line.
func parseKeys(o options) ([]key, error) {
	own := ""
	for _, flag := range []string{"n", "r", "f", "b"} {
		if o.has(flag) {
			own += flag
		}
	}
	if !o.has("k") {
		return []key{{from: 1, fromChar: 1, flags: own}}, nil
	}
	var keys []key
	for _, text := range o.given['k'] {
		k, err := parseKey(text, own)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// parseKey reads 2, 2,3, 2.4,2.6 and the letters behind either: 2,2nr.
func parseKey(text, own string) (key, error) {
	k := key{fromChar: 1}
	from, to, both := strings.Cut(text, ",")
	var ok, okTo = false, true
	if k.from, k.fromChar, ok = position(from, &k.flags); k.fromChar == 0 {
		k.fromChar = 1
	}
	if both {
		k.to, k.toChar, okTo = position(to, &k.flags)
	}
	if !ok || !okTo || k.from < 1 || both && k.to < 1 {
		return k, usageError("-k " + text + ": not a key")
	}
	if k.flags == "" {
		k.flags = own
	}
	return k, nil
}

func position(text string, flags *string) (field, char int, ok bool) {
	digits := strings.TrimRight(text, "nrfb")
	*flags += text[len(digits):]
	f, c, dotted := strings.Cut(digits, ".")
	field, err := strconv.Atoi(f)
	if err != nil {
		return 0, 0, false
	}
	if dotted {
		char, err = strconv.Atoi(c)
	}
	return field, char, err == nil
}

func (k key) compare(a, b, separator string) int {
	a, b = k.of(a, separator), k.of(b, separator)
	c := 0
	switch {
	case strings.Contains(k.flags, "n"):
		c = cmp.Compare(leadingNumber(a), leadingNumber(b))
	case strings.Contains(k.flags, "f"):
		c = strings.Compare(strings.ToUpper(a), strings.ToUpper(b))
	default:
		c = strings.Compare(a, b)
	}
	if strings.Contains(k.flags, "r") {
		return -c
	}
	return c
}

// of cuts the key out of a line.
func (k key) of(line, separator string) string {
	begin := fieldStart(line, separator, k.from)
	if strings.Contains(k.flags, "b") {
		begin += len(line[begin:]) - len(strings.TrimLeft(line[begin:], " \t"))
	}
	begin = min(begin+k.fromChar-1, len(line))
	end := len(line)
	if k.to > 0 {
		if k.toChar > 0 {
			end = min(fieldStart(line, separator, k.to)+k.toChar, len(line))
		} else {
			end = fieldEnd(line, separator, k.to)
		}
	}
	return line[begin:max(begin, end)]
}

// fieldStart is where field n begins. Without -t a field begins with the blanks before its first letter (POSIX).
func fieldStart(line, separator string, n int) int {
	if n <= 1 {
		return 0
	}
	end := fieldEnd(line, separator, n-1)
	if separator != "" && end < len(line) {
		return end + 1
	}
	return end
}

func fieldEnd(line, separator string, n int) int {
	at := 0
	for ; n > 0; n-- {
		if separator != "" {
			next := strings.Index(line[at:], separator)
			if next < 0 {
				return len(line)
			}
			if at += next; n > 1 {
				at++
			}
			continue
		}
		for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
			at++
		}
		for at < len(line) && line[at] != ' ' && line[at] != '\t' {
			at++
		}
	}
	return at
}

// leadingNumber is the number at the start of s; 0 when there is none.
func leadingNumber(s string) float64 {
	s = strings.TrimLeft(s, " \t")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || s[end] == '-' && end == 0) {
		end++
	}
	n, _ := strconv.ParseFloat(s[:end], 64)
	return n
}
