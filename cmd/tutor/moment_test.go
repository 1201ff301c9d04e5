package main_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever comes first, a container that starts at the moment of an update has its limits: it reads what it is to be when nobody else
// is about to change that.
func TestAnUpdateAtTheMomentOfAStartHolds(t *testing.T) {
	root(t)
	removed(t, "moment")
	ok(t, "create", "--name", "moment", "--pids-limit", "10", "tutor/lab", "sleep", "1000")
	s, err := testHome().Find("moment")
	require.NoError(t, err)
	for limit := 20; limit < 40; limit++ {
		update := exec.Command(binary, "update", "--pids-limit", fmt.Sprint(limit), "moment")
		start := exec.Command(binary, "start", "moment")
		require.NoError(t, start.Start())
		require.NoError(t, update.Start())
		require.NoError(t, start.Wait())
		require.NoError(t, update.Wait())
		require.Equal(t, fmt.Sprint(limit), groupFile(s, "pids.max"))
		require.Equal(t, fmt.Sprint(limit), strings.TrimSpace(ok(t, "inspect", "-f", "{{.HostConfig.PidsLimit}}", "moment")))
		ok(t, "stop", "-t", "0", "moment")
	}
}
