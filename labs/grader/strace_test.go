package grader

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A thread that is not the first of its process may do the execve; it then returns under the process's number.
func TestAThreadMayBecomeCommand(t *testing.T) {
	for _, broken := range []string{"<unfinished ...>", "<pid changed to 7 ...>"} {
		calls := parseTrace(`7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 9
9 execve("/tutor/bin/tutor", ["tutor", "probe", "hold"], 0x2 /* 3 vars */ ` + broken + `
7 +++ superseded by execve in pid 9 +++
7 <... execve resumed>)             = 0
7 chroot("/jail") = 0
`)
		require.Len(t, calls, 1)
		require.Equal(t, traced{"7", "execve", `"/tutor/bin/tutor", ["tutor", "probe", "hold"], 0x2 /* 3 vars */`, "0"}, calls[0])
	}
}
