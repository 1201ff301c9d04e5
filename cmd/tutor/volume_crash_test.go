package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// A disk that is full, a directory that nobody may write to, kill -9: a volume is filled whole, or not at all.
func TestAVolumeIsNeverHalfFull(t *testing.T) {
	root(t)
	noVolumes(t)
	var entries []entry
	for i := range 300 {
		entries = append(entries, file(fmt.Sprintf("data/%03d", i), 0o644, strings.Repeat("x", 20000)))
	}
	bring(t, "large", v1.Config{}, entries...)
	ok(t, "run", "--rm", "large", "/bin/cat", "/etc/hosts")
	whole := func(t *testing.T, name string) {
		t.Helper()
		ok(t, "run", "--rm", "-v", name+":/data", "large", "/bin/cat", "/data/299")
		require.Len(t, globbed(t, volumeData(name)+"/*"), 300)
		require.ElementsMatch(t, []string{"_data", "volume.json"}, names(t, filepath.Dir(volumeData(name))), "something is left beside it")
	}
	t.Run("killed", func(t *testing.T) {
		half := 0
		for i := range 20 {
			name := fmt.Sprintf("killed%d", i)
			cmd := exec.Command(binary, "run", "--rm", "-v", name+":/data", "large", "/bin/cat", "/data/299")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			require.NoError(t, cmd.Start())
			eventually(t, "it is being filled", func() bool {
				begun := globbed(t, filepath.Join(home, "root", "volumes", name, "*", "tree", fmt.Sprintf("%03d", i*14)))
				return len(begun) > 0 || len(globbed(t, volumeData(name)+"/*")) > 0
			})
			require.NoError(t, cmd.Process.Kill())
			cmd.Wait()
			if n := len(globbed(t, volumeData(name)+"/*")); n < 300 {
				half++
				require.True(t, n == 0 || len(globbed(t, filepath.Join(home, "root", "volumes", name, "full"))) == 1, "%d files, and nothing says that more are to come", n)
			}
			whole(t, name)
		}
		require.NotZero(t, half, "each was too late")
	})
	t.Run("two at once", func(t *testing.T) {
		var both []*exec.Cmd
		for range 4 {
			cmd := exec.Command(binary, "run", "--rm", "-v", "both:/data", "large", "/bin/cat", "/data/000", "/data/299")
			require.NoError(t, cmd.Start())
			both = append(both, cmd)
		}
		for _, cmd := range both {
			require.NoError(t, cmd.Wait())
		}
		whole(t, "both")
	})
	t.Run("the disk is full", func(t *testing.T) {
		disk := t.TempDir()
		script := `mount -t tmpfs -o size=5m none "$2/volumes" && cd / && "$1" run --rm -v late:/data large /bin/cat /data/299; echo "[$?]"; ls -A "$2/volumes/late" "$2/volumes/late/_data"; "$1" volume create other; umount "$2/volumes"`
		require.NoError(t, os.MkdirAll(filepath.Join(home, "root", "volumes"), 0o700))
		r := command(t, exec.Command("unshare", "--mount", "sh", "-c", script, "sh", binary, filepath.Join(home, "root"), disk))
		require.Contains(t, r.stderr, "filling volume late:")
		require.Contains(t, r.stderr, "no space left on device")
		require.Contains(t, r.stdout, "[125]\n")
		require.Regexp(t, `(?s)/late:\n_data\nvolume.json\n\n.*/_data:\nother\n$`, r.stdout, "half a volume is left")
	})
	t.Run("interrupted", func(t *testing.T) {
		cmd := exec.Command(binary, "run", "--rm", "-v", "stopped:/data", "large", "/bin/cat", "/data/299")
		require.NoError(t, cmd.Start())
		eventually(t, "it is being filled", func() bool {
			return len(globbed(t, filepath.Join(home, "root", "volumes", "stopped", "*", "tree", "*"))) > 0 || len(globbed(t, volumeData("stopped")+"/*")) > 0
		})
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		cmd.Wait()
		whole(t, "stopped")
	})
	t.Run("nobody may write", func(t *testing.T) {
		cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "volume", "create", "denied")
		r := command(t, cmd)
		require.Equal(t, 1, r.code)
		require.Contains(t, r.stderr, "permission denied\ntutor: hint: ")
	})
}

func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// What a tutor that was killed between two moves has left is finished first, and the user's own file wins.
func TestAFillingThatWasBegunIsFinished(t *testing.T) {
	root(t)
	noVolumes(t)
	bring(t, "seeds", v1.Config{}, file("data/a", 0o644, "image\n"), file("data/b", 0o644, "image\n"))
	ok(t, "volume", "create", "begun")
	full := filepath.Join(home, "root", "volumes", "begun", "full")
	require.NoError(t, os.MkdirAll(full+"/tree", 0o700))
	require.NoError(t, os.MkdirAll(full+"/looks", 0o700))
	require.NoError(t, os.Chmod(full+"/looks", 0o711))
	for name, content := range map[string]string{full + "/tree/b": "begun\n", full + "/tree/c": "begun\n", volumeData("begun") + "/b": "user\n", volumeData("begun") + "/a": "begun\n"} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	require.Equal(t, "begun\nuser\nbegun\n", ok(t, "run", "--rm", "-v", "begun:/data", "seeds", "/bin/cat", "/data/a", "/data/b", "/data/c"))
	require.Equal(t, uint32(0o711), status(t, volumeData("begun")).Mode&0o7777)
	require.ElementsMatch(t, []string{"_data", "volume.json"}, names(t, filepath.Dir(volumeData("begun"))))
}
