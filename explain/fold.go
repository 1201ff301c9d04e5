package explain

import "strings"

// Fold breaks text at spaces into lines of at most width columns, each after indent. A word that is too
// long has a line for itself.
func Fold(text string, width int, indent string) string {
	var lines []string
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && Columns(line)+1+Columns(word) > width {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// Columns is how wide a text is on a terminal, a column for each character.
func Columns(text string) int { return len([]rune(text)) }
