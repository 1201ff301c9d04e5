package toolbox

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strings"
)

// tr maps bytes, as coreutils' does: table[b] is what becomes of b.
func tr(t *tool) error {
	o, err := parse("+cCds", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) == 0 || len(o.rest) == 1 && !o.has("ds") || len(o.rest) > 2 {
		return usageError("one set to delete or squeeze, two to translate")
	}
	first := expandSet(o.rest[0])
	if o.has("cC") {
		first = complement(first)
	}
	second := []byte(nil)
	if len(o.rest) == 2 {
		second = expandSet(o.rest[1])
	}
	var drop, squeeze [256]bool
	var become [256]byte
	for i := range become {
		become[i] = byte(i)
	}
	translating := !o.has("d") && len(o.rest) == 2
	if translating && len(second) == 0 {
		return usageError("the second set is empty")
	}
	for i, b := range first {
		if translating {
			become[b] = second[min(i, len(second)-1)]
		}
		drop[b] = o.has("d")
		squeeze[b] = o.has("s") && len(o.rest) == 1
	}
	if o.has("s") {
		for _, b := range second {
			squeeze[b] = true
		}
	}
	return translate(t.out, os.Stdin, drop, squeeze, become)
}

func translate(w *bufio.Writer, from io.Reader, drop, squeeze [256]bool, become [256]byte) error {
	r := bufio.NewReader(from)
	last := -1
	for {
		b, err := r.ReadByte()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if drop[b] {
			continue
		}
		b = become[b]
		if squeeze[b] && last == int(b) {
			continue
		}
		last = int(b)
		if err := w.WriteByte(b); err != nil {
			return err
		}
		if r.Buffered() == 0 {
			w.Flush() // nothing more is waiting: what came through a pipe goes on at once
		}
	}
}

func complement(set []byte) []byte {
	var rest []byte
	for i := range 256 {
		if !slices.Contains(set, byte(i)) {
			rest = append(rest, byte(i))
		}
	}
	return rest
}

// expandSet writes out a-z, [:upper:] and escapes.
func expandSet(text string) []byte {
	var set []byte
	for len(text) > 0 {
		if class, rest, ok := strings.Cut(strings.TrimPrefix(text, "[:"), ":]"); ok && strings.HasPrefix(text, "[:") {
			set, text = append(set, classMembers(class)...), rest
			continue
		}
		from, rest := oneByte(text)
		if len(rest) > 1 && rest[0] == '-' {
			to, after := oneByte(rest[1:])
			for b := int(from); b <= int(to); b++ {
				set = append(set, byte(b))
			}
			text = after
			continue
		}
		set, text = append(set, from), rest
	}
	return set
}

// oneByte takes one character, or one escape, off text.
func oneByte(text string) (byte, string) {
	if text[0] != '\\' || len(text) == 1 {
		return text[0], text[1:]
	}
	out, used := escape(text[1:], true)
	if len(out) == 0 {
		return text[1], text[2:]
	}
	return out[0], text[1+used:]
}

func classMembers(class string) []byte {
	test := map[string]func(b byte) bool{
		"upper":  func(b byte) bool { return b >= 'A' && b <= 'Z' },
		"lower":  func(b byte) bool { return b >= 'a' && b <= 'z' },
		"digit":  func(b byte) bool { return b >= '0' && b <= '9' },
		"alpha":  func(b byte) bool { return b|32 >= 'a' && b|32 <= 'z' },
		"alnum":  func(b byte) bool { return b|32 >= 'a' && b|32 <= 'z' || b >= '0' && b <= '9' },
		"space":  func(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' },
		"blank":  func(b byte) bool { return b == ' ' || b == '\t' },
		"cntrl":  func(b byte) bool { return b < 32 || b == 127 },
		"print":  func(b byte) bool { return b >= 32 && b < 127 },
		"graph":  func(b byte) bool { return b > 32 && b < 127 },
		"punct":  func(b byte) bool { return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", b) >= 0 },
		"xdigit": func(b byte) bool { return b >= '0' && b <= '9' || b|32 >= 'a' && b|32 <= 'f' },
	}[class]
	var members []byte
	for i := range 256 {
		if test != nil && test(byte(i)) {
			members = append(members, byte(i))
		}
	}
	return members
}
