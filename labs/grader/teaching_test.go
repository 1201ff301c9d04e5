package grader_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// killTable is which wrong solution is found out by which check: what TestEachWrongSolutionFailsTheCheckNamedForIt proves.
func killTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| lab | wrong solution | what is wrong with it | found out by |\n|---|---|---|---|\n")
	for _, lab := range grader.Labs {
		mutants, err := labs.Mutants(lab.Number)
		require.NoError(t, err)
		for _, m := range mutants {
			fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", lab.Number, m.Name, m.Wrong, m.Check)
		}
	}
	return b.String()
}

// TestTheKillTableIsInTheDocs holds docs/teaching.md to the mutants. UPDATE_GOLDEN=1 writes it anew.
func TestTheKillTableIsInTheDocs(t *testing.T) {
	const page, begin, end = "../../docs/teaching.md", "<!-- kill table -->\n", "<!-- end -->\n"
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found)
	shown, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+killTable(t)+end+after), 0o644))
		return
	}
	require.Equal(t, killTable(t), shown)
}

// What a teacher plans with is what a student reads in the starter.
func TestTheTimesInTheDocsAreTheStarters(t *testing.T) {
	content, err := os.ReadFile("../../docs/teaching.md")
	require.NoError(t, err)
	words := strings.NewReplacer("one", "1", "two", "2", "three", "3", "four", "4", "five", "5", "six", "6", "eight", "8", " to ", "-", " hours", " h")
	for _, lab := range grader.Labs {
		starter, err := labs.Starter(lab.Number, "go")
		require.NoError(t, err)
		_, rest, found := strings.Cut(starter["README.md"], "\nTime: ")
		require.True(t, found, lab.Name)
		time := words.Replace(rest[:strings.IndexAny(rest, ".;")])
		require.Regexp(t, `\n\| `+lab.Name+` \|[^|]+\|[^|]+\| `+time+` \|`, string(content), "the starter says %s", time)
	}
}

func TestEveryWrongSolutionIsNamedForACheckThatIsThere(t *testing.T) {
	for _, lab := range grader.Labs {
		ids := map[string]bool{}
		for _, c := range lab.Checks {
			for _, need := range c.Needs {
				require.True(t, ids[need], "%s needs %s, which does not come before it", c.ID, need)
			}
			require.False(t, ids[c.ID], c.ID)
			require.Positive(t, c.Points, c.ID)
			require.Len(t, c.Hints, 3, c.ID)
			ids[c.ID] = true
		}
		right, err := labs.Solution(lab.Number)
		require.NoError(t, err)
		mutants, err := labs.Mutants(lab.Number)
		require.NoError(t, err)
		require.NotEmpty(t, mutants)
		for _, m := range mutants {
			require.True(t, ids[m.Check], "%s: no check %s", m.Name, m.Check)
			wrong, err := m.Of(right)
			require.NoError(t, err)
			require.NotEqual(t, right, wrong, m.Name)
		}
	}
}
