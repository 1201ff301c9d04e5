package layers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A container may lay directories into one another deeper than the host may open files.
func TestRemoveAllGoesDeeperThanFilesMayBeOpen(t *testing.T) {
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	few := before
	few.Cur = 400
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &before) })
	top, outside := filepath.Join(t.TempDir(), "top"), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "kept"), nil, 0o600))
	require.NoError(t, os.Mkdir(top, 0o700))
	dir, err := openDirectory(unix.AT_FDCWD, top)
	require.NoError(t, err)
	for i := range 3000 {
		require.NoError(t, unix.Mkdirat(dir, "d", 0o700))
		require.NoError(t, unix.Symlinkat(outside, dir, "out"))
		if i%100 == 0 {
			for n := range 3 {
				require.NoError(t, unix.Mkdirat(dir, fmt.Sprint("beside", n), 0o700))
			}
		}
		next, err := openDirectory(dir, "d")
		require.NoError(t, err)
		unix.Close(dir)
		dir = next
	}
	unix.Close(dir)
	require.ErrorIs(t, os.RemoveAll(top), unix.EMFILE, "the control")
	require.NoError(t, RemoveAll(top))
	require.NoDirExists(t, top)
	require.FileExists(t, filepath.Join(outside, "kept"))
	require.NoError(t, RemoveAll(top), "what is not there")
	require.NoError(t, RemoveAll(filepath.Join(top, "below")), "nor its directory")
}
