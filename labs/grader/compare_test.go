package grader_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// TestExplainSaysWhatAWrongSolutionLeavesOut compares wrong solutions with the right one, as --explain does.
func TestExplainSaysWhatAWrongSolutionLeavesOut(t *testing.T) {
	root(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace: make deps installs it")
	}
	for _, row := range []struct {
		lab            int
		mutant, remark string
	}{
		{2, "mounts-shared", "you never made / private before mount"},
		{2, "hostname-forgotten", "you never set the host name before mount"},
		{4, "chroot-only", "you never changed the root with pivot_root before mount"},
	} {
		t.Run(row.mutant, func(t *testing.T) {
			t.Parallel()
			right, err := labs.Solution(row.lab)
			require.NoError(t, err)
			mutants, err := labs.Mutants(row.lab)
			require.NoError(t, err)
			m := mutants[slices.IndexFunc(mutants, func(m labs.Mutant) bool { return m.Name == row.mutant })]
			wrong, err := m.Of(right)
			require.NoError(t, err)
			order := grader.Order{Lab: &grader.Labs[row.lab-1], Path: folder(t, wrong), Dir: filepath.Join(t.TempDir(), "grade"), Seed: seed()}
			steps, err := order.Compare(m.Check, folder(t, right))
			require.NoError(t, err)
			var remarks []string
			for _, s := range steps {
				require.NotEmpty(t, s.Reference+s.Mine)
				remarks = append(remarks, s.Remark)
			}
			require.Contains(t, remarks, row.remark, "%+v", steps)
			order.Path = folder(t, right)
			steps, err = order.Compare(m.Check, folder(t, right))
			require.NoError(t, err)
			require.Greater(t, len(steps), 3)
			for _, s := range steps {
				require.Empty(t, s.Remark, "a right one has nothing to be told: %+v", s)
			}
		})
	}
}
