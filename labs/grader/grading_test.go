package grader

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the machine could not tell is no skip either, for whatever builds on it: a skip costs points.
func TestWhatNeedsAnErrorIsAnError(t *testing.T) {
	b := sandboxed(t).bench
	check := func(id string, err error, needs ...string) Check {
		return Check{ID: id, Points: 2, Needs: needs, Run: func(*Sandbox) error { return err }}
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
