package container

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An entry that no start of the catalogue does has no calls to be explained by. One is excused only if no flag
// and no host could make it run.
func TestEveryEntryRunsInSomeStartOfTheCatalogue(t *testing.T) {
	catalogue, err := Catalogue()
	require.NoError(t, err)
	for _, op := range catalogue[0] {
		runs, reason := false, ""
		for _, p := range catalogue[:len(catalogue)-2] { // the last two are an exec and a stop
			same := p.Find(op.Name)
			require.NotNil(t, same, "%s is not in every start", op.Name)
			runs, reason = runs || same.Runs(), same.LeftOut
		}
		if !runs {
			require.Regexp(t, "^this version of tutor has no ", reason, "%s: no start of the catalogue does it", op.Name)
		}
	}
}
