package grader

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs/contract"
)

// A promise that nobody looks at would end the grader; a look that no promise asks for would never be made.
func TestEveryPromiseIsLookedAt(t *testing.T) {
	all := []looks{processLooks, namespaceLooks, cgroupLooks, layerLooks, imageLooks, networkLooks, portLooks}
	require.Len(t, Labs, len(all))
	for i, lab := range Labs {
		require.Equal(t, i+1, lab.Number)
		require.FileExists(t, "../"+lab.Name+"/grade.go")
		require.ElementsMatch(t, lab.IDs(), slices.Collect(maps.Keys(all[i])))
		for _, c := range lab.Checks {
			require.NotNil(t, c.Run, c.ID)
		}
	}
}

// What the machine could not tell is no skip either, for whatever builds on it: a skip costs points.
func TestWhatNeedsAnErrorIsAnError(t *testing.T) {
	b := sandboxed(t).bench
	check := func(id string, err error, needs ...string) Check {
		return Check{contract.Promise{ID: id, Points: 2, Needs: needs}, func(*Sandbox) error { return err }}
	}
	report := &Report{}
	b.Grade(report, &Lab{Name: "lab"}, []Check{
		check("machine", errors.New("out of memory")), check("above", nil, "machine"), check("higher", nil, "above"),
		check("wrong", wrong("right", "wrong")), check("builds", nil, "wrong"), check("right", nil),
	}, true, func(*Report) {})
	came := map[string]Status{}
	for _, r := range report.Checks {
		came[r.ID] = r.Status
	}
	require.Equal(t, map[string]Status{"machine": Error, "above": Error, "higher": Error, "wrong": Fail, "builds": Skip, "right": Pass}, came)
}
