package grader_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// The checks of labs 6 and 7 ask for what there is, and not for how the solutions make it.
func TestACableLaidFromOutsideAndAPortLedOnByRulesAreAsGood(t *testing.T) {
	root(t)
	script, err := os.ReadFile("testdata/box-network.sh")
	require.NoError(t, err)
	for lab, check := range map[string]string{"6-network": "lab6.boxes", "7-ports": "lab7.left"} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			report, err := grader.Run(grader.Order{Lab: grader.Find(lab), Path: folder(t, labs.Files{"box": string(script)}),
				Dir: filepath.Join(t.TempDir(), "grade"), Seed: seed(), Alone: true, Only: check, After: func(*grader.Report) {}})
			require.NoError(t, err)
			require.Equal(t, 0, report.Exit(), story(report))
		})
	}
}
