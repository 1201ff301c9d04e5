package grader

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Only a probe's own file is written to: what a box has put in its place since neither holds the grader up nor is changed by it.
func TestOnlyAProbesFileIsWrittenTo(t *testing.T) {
	pipe, kept := filepath.Join(t.TempDir(), "pipe"), filepath.Join(t.TempDir(), "kept")
	require.NoError(t, unix.Mkfifo(pipe, 0o600))
	require.NoError(t, os.WriteFile(kept, []byte("content"), 0o600))
	wasSeen(pipe, ready) // nobody reads
	wasSeen(kept, ready)
	content, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.Equal(t, "content", string(content))

	size := func(name string) (stat unix.Stat_t) {
		file := tell(name)
		defer unix.Close(file)
		wasSeen(fmt.Sprintf("/proc/self/fd/%d", file), ready)
		require.NoError(t, unix.Fstat(file, &stat))
		return stat
	}
	require.Equal(t, int64(1), size(ready).Size)
	require.Zero(t, size(heard).Size, "another's name")
}
