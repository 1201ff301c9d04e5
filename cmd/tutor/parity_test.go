package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever attaches a pipe to a terminal inside could not leave it again.
func TestAttachNeedsATerminalForATerminal(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-dt", "--name", "at", "tutor/lab", "sh", "-c", "until [ -e /go ]; do sleep 0.1; done; echo went")
	require.Equal(t, run{stderr: "tutor: the input device is not a TTY\ntutor: hint: --no-stdin shows the output alone\n", code: 1}, piped(t, "timeout 10 $T attach at </dev/null"))
	r := piped(t, "(sleep 0.5; $T exec at touch /go) & timeout 10 $T attach --no-stdin at </dev/null; wait")
	require.Equal(t, run{stdout: "went\r\n"}, r)
}

func TestANetworkIsLookedForByAPattern(t *testing.T) {
	root(t)
	ok(t, "network", "create", "nab")
	ok(t, "network", "create", "nabla")
	defer ok(t, "network", "rm", "nab", "nabla")
	require.Equal(t, "nab\n", ok(t, "network", "ls", "--filter", "name=^nab$", "--format", "{{.Name}}"))
	require.Equal(t, "nab\nnabla\n", ok(t, "network", "ls", "--filter", "name=n.b", "--format", "{{.Name}}"))
	require.Empty(t, ok(t, "network", "ls", "--filter", "name=(", "--format", "{{.Name}}"))
}
