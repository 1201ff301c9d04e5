package labs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsPromisedIsCompared(t *testing.T) {
	for _, c := range []struct {
		name, promised, got string
		kept                bool
	}{
		{"the same", "a\nb", "a\nb\n", true},
		{"nothing", "", "", true},
		{"nothing promised", "", "a\n", false},
		{"nothing came", "a", "", false},
		{"the last line without its end", "a", "a", true},
		{"any lines", "a\n…\nd", "a\nb\nc\nd\n", true},
		{"any lines, also none", "a\n…\nd", "a\nd\n", true},
		{"only any lines", "…", "", true},
		{"any lines twice", "…\nb\n…", "a\nb\nc\n", true},
		{"any lines, and what must come does not", "…\nx\n…", "a\nb\n", false},
		{"any characters", "PID … of …!", "PID 4711 of 12!\n", true},
		{"any characters, also none", "a…b", "ab\n", true},
		{"begins otherwise", "a…", "ba\n", false},
		{"ends otherwise", "…a", "ab\n", false},
		{"what is between must be there", "a…x…b", "a y b\n", false},
		{"columns are as wide as they are", "NAME  SIZE", "NAME      SIZE  \n", true},
		{"but a word is a word", "a b", "ab\n", false},
		{"numbers are meant", "exit code 0", "exit code 1\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var promised []string
			if c.promised != "" {
				promised = strings.Split(c.promised, "\n")
			}
			require.Equal(t, c.kept, differences(promised, c.got) == nil)
		})
	}
}

// The difference shows what is right as well, so that the line is found in its place.
func TestADifferenceIsShownLineByLine(t *testing.T) {
	require.Equal(t, []difference{{same, "one"}, {promisedOnly, "two"}, {gotOnly, "2"}, {same, "three"}, {gotOnly, "four"}},
		differences([]string{"one", "two", "three"}, "one\n2\nthree\nfour\n"))
	require.Equal(t, []difference{{same, "x"}, {same, "y"}, {same, "last"}, {gotOnly, "four"}}, differences([]string{"…", "last"}, "x\ny\nlast\nfour\n"))
	text := page{Ink: NewInk(false), width: 80}.outcome(Outcome{Command: Command{Line: "count"}, Ran: true, Wrong: "exit code 1, and the lesson promised 0",
		Differences: differences([]string{"one", "two"}, "one\n2\n")})
	require.Equal(t, "$ count\n         | one\npromised | two\ngot      | 2\nexit code 1, and the lesson promised 0\n", text)
}
