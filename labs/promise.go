package labs

import "strings"

// A difference is one line where what was promised and what came do not agree, or one where they do.
type difference struct {
	kind agreement
	text string
}

type agreement int

const (
	same agreement = iota
	promisedOnly
	gotOnly
)

// words for people who do not see colours.
var agreementWords = map[agreement]string{same: "", promisedOnly: "promised", gotOnly: "got"}

// differences compares line by line; nil: all is as promised. A line that is just "…" stands for any lines, within
// a line it stands for anything. How many blanks are between two words does not matter: columns are as wide as
// what is in them.
func differences(promised []string, got string) []difference {
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if got == "" {
		lines = nil
	}
	table := costs(promised, lines)
	if table[0][0] == 0 {
		return nil
	}
	var found []difference
	for i, j := 0, 0; i < len(promised) || j < len(lines); {
		here := table[i][j]
		switch {
		case i < len(promised) && promised[i] == anything && here == table[i+1][j]:
			i++
		case i < len(promised) && promised[i] == anything:
			found = append(found, difference{same, lines[j]})
			j++
		case i < len(promised) && j < len(lines) && fits(promised[i], lines[j]) && here == table[i+1][j+1]:
			found = append(found, difference{same, lines[j]})
			i, j = i+1, j+1
		case i < len(promised) && here == table[i+1][j]+1:
			found = append(found, difference{promisedOnly, promised[i]})
			i++
		default:
			found = append(found, difference{gotOnly, lines[j]})
			j++
		}
	}
	return found
}

const anything = "…"

// costs[i][j] is how many lines at least do not fit when promised[i:] is compared with lines[j:].
func costs(promised, lines []string) [][]int {
	table := make([][]int, len(promised)+1)
	for i := len(promised); i >= 0; i-- {
		table[i] = make([]int, len(lines)+1)
		for j := len(lines); j >= 0; j-- {
			table[i][j] = cost(table, promised, lines, i, j)
		}
	}
	return table
}

func cost(table [][]int, promised, lines []string, i, j int) int {
	if i == len(promised) {
		return len(lines) - j
	}
	if promised[i] == anything {
		if j == len(lines) {
			return table[i+1][j]
		}
		return min(table[i+1][j], table[i][j+1])
	}
	best := table[i+1][j] + 1
	if j < len(lines) {
		best = min(best, table[i][j+1]+1)
		if fits(promised[i], lines[j]) {
			best = min(best, table[i+1][j+1])
		}
	}
	return best
}

// fits tells if a line is what was promised.
func fits(promised, line string) bool {
	parts := strings.Split(blanks(promised), anything)
	line = blanks(line)
	if len(parts) == 1 {
		return parts[0] == line
	}
	rest, begins := strings.CutPrefix(line, parts[0])
	if !begins {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// blanks makes one space of every run of blanks, and none at the end.
func blanks(line string) string {
	var b strings.Builder
	space := false
	for _, r := range line {
		if r == ' ' || r == '\t' || r == '\r' {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
