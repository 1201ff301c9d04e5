package grader

import (
	"regexp"
	"strconv"
	"strings"
)

var plain = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// shellWords is a command line that can be typed.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if !plain.MatchString(w) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func quote(text string) string { return strconv.Quote(text) }

// firstLine is the first line of what a program said, short enough to be read.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if len(line) > 160 {
		line = line[:160] + "…"
	}
	return line
}
