package container

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATreeHasEveryProcessBelowItsParent(t *testing.T) {
	shown := ""
	for _, p := range tree([]Process{{PID: 30, Parent: 10}, {PID: 10, Parent: 1}, {PID: 20, Parent: 10}, {PID: 25, Parent: 20}, {PID: 40, Parent: 7}}) {
		shown += string("....."[:p.Depth]) + string(rune('0'+p.PID/10)) + " "
	}
	require.Equal(t, "1 .2 ..2 .3 4 ", shown, "25 below 20 and 30, both below 10; 40 came from outside")
}

// PIDs are used again: a process may have the PID of its own grandparent's parent by the time that we look.
func TestATreeLosesNobody(t *testing.T) {
	require.Len(t, tree([]Process{{PID: 2, Parent: 1}, {PID: 3, Parent: 2}, {PID: 4, Parent: 9}}), 3)
	require.Empty(t, tree(nil))
}

func TestACommandCannotTypeIntoTheTerminalOfWhoeverLooks(t *testing.T) {
	require.Equal(t, "sh -c ?[2Jboo? x", Process{Arguments: []string{"sh", "-c", "\x1b[2Jboo\n", "x"}}.Command())
	require.Equal(t, "[defunct?]", Process{Name: "defunct\x1b"}.Command())
	require.Equal(t, "h?h", Process{Arguments: []string{"h\x9bh"}}.Command(), "CSI in one byte")
}

func TestAProcessIsReadAsProcHasIt(t *testing.T) {
	p, there := readProcess(os.Getpid())
	require.True(t, there)
	require.Equal(t, os.Getpid(), p.PID)
	require.Equal(t, os.Getppid(), p.Parent)
	require.Equal(t, os.Args, p.Arguments)
	require.Equal(t, uint32(os.Geteuid()), p.UID)
	require.Positive(t, p.Resident)
	_, there = readProcess(1 << 30)
	require.False(t, there)
}
