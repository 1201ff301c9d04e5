package layers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
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

// A sweep of one tutor and the rm of another may meet at the same directory: neither fails, and nothing is left.
func TestTwoMayRemoveTheSame(t *testing.T) {
	for range pace.Fewer(20, 5) {
		top := filepath.Join(t.TempDir(), "top")
		for i := range 40 {
			require.NoError(t, os.MkdirAll(filepath.Join(top, fmt.Sprint(i%4), fmt.Sprint(i), "a", "b"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(top, fmt.Sprint(i%4), fmt.Sprint(i), "a", "file"), nil, 0o644))
		}
		errs := make(chan error)
		for range 4 {
			go func() { errs <- RemoveAll(top) }()
		}
		for range 4 {
			require.NoError(t, <-errs)
		}
		require.NoDirExists(t, top)
	}
}
