package grader_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
	"tutor/labs/toolbox"
	"tutor/runtime/pace"
)

// The graders graded: the right solution gets every point, the starter none, and each wrong solution fails the check
// that is named for it and no other.

// TestMain makes the test binary the probe when it is called as one, as cmd/tutor's main does.
func TestMain(m *testing.M) {
	if grader.IsProbe(os.Args) {
		os.Exit(grader.Probe(os.Args[2:], func(args []string) int { return toolbox.Main(args[0], args[1:]) }))
	}
	os.Exit(m.Run())
}

func root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, mounts and cgroups")
	}
}

// folder writes a program's files to a directory.
func folder(t *testing.T, files labs.Files) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755))
	}
	return dir
}

// graded is the report on what was handed in.
func graded(t *testing.T, o grader.Order) *grader.Report {
	t.Helper()
	o.Dir, o.Seed, o.After = filepath.Join(t.TempDir(), "grade"), cmp.Or(o.Seed, seed()), func(*grader.Report) {}
	report, err := grader.Run(o)
	require.NoError(t, err)
	require.Empty(t, report.Error)
	return report
}

// seed is another one every time; a failure prints it.
func seed() uint64 { return uint64(os.Getpid()) }

// story is a report in short, for the message of a failed test.
func story(r *grader.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\n", r.Seed)
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-5s %s %s\n", c.Status, c.ID, c.Why)
		if c.Status == grader.Fail {
			fmt.Fprintf(&b, "      ran %s\n      expected %s\n      got %s\n", c.Command, c.Expected, c.Actual)
		}
	}
	return b.String()
}

// The last lab's solution passes all that there are.
func TestTheSolutionOfALabPassesAllItsChecks(t *testing.T) {
	pace.Fast(t) // make vm grades each
	root(t)
	for i := range grader.Labs {
		lab := &grader.Labs[i]
		t.Run(lab.Name, func(t *testing.T) {
			t.Parallel()
			files, err := labs.Solution(lab.Number)
			require.NoError(t, err)
			report := graded(t, grader.Order{Lab: lab, Path: folder(t, files), Alone: i < len(grader.Labs)-1})
			require.Equal(t, lab.Points(), report.Points, story(report))
			require.Equal(t, 0, report.Exit(), story(report))
			for _, c := range report.Checks {
				require.Equal(t, grader.Pass, c.Status, story(report))
			}
		})
	}
}

func TestAStarterBuildsAndHasNoPointYet(t *testing.T) {
	pace.Fast(t)
	root(t)
	for i := range grader.Labs {
		lab := &grader.Labs[i]
		t.Run(lab.Name, func(t *testing.T) {
			t.Parallel()
			files, err := labs.Starter(lab.Number, "go")
			require.NoError(t, err)
			report := graded(t, grader.Order{Lab: lab, Path: folder(t, files), Alone: true})
			require.Zero(t, report.Points, story(report))
			for _, c := range report.Checks {
				require.NotContains(t, c.Actual, "go build", "the starter does not build")
				require.NotEqual(t, grader.Error, c.Status, story(report))
			}
		})
	}
}

// That it fails no other check is for `make flakes`, which makes them all.
func TestEachWrongSolutionFailsTheCheckNamedForIt(t *testing.T) {
	root(t)
	for i := range grader.Labs {
		lab := &grader.Labs[i]
		t.Run(lab.Name, func(t *testing.T) {
			if lab.Number != 3 { // control groups are not the same everywhere
				pace.Fast(t)
			}
			t.Parallel()
			right, err := labs.Solution(lab.Number)
			require.NoError(t, err)
			mutants, err := labs.Mutants(lab.Number)
			require.NoError(t, err)
			for _, m := range mutants {
				t.Run(m.Name, func(t *testing.T) {
					t.Parallel()
					files, err := m.Of(right)
					require.NoError(t, err)
					foundOut(t, m, graded(t, grader.Order{Lab: lab, Path: folder(t, files), Only: m.Check}))
				})
			}
		})
	}
}

// foundOut holds a wrong solution's report to the check that is named for it.
func foundOut(t *testing.T, m labs.Mutant, report *grader.Report) {
	t.Helper()
	found := false
	for _, c := range report.Checks {
		if c.ID == m.Check {
			found = true
			require.Equal(t, grader.Fail, c.Status, "%s: %s\n%s", m.Name, m.Wrong, story(report))
			continue
		}
		require.Contains(t, []grader.Status{grader.Pass, grader.Skip}, c.Status, "%s: %s\n%s", m.Name, m.Wrong, story(report))
	}
	require.True(t, found, "%s was not made", m.Check)
}
