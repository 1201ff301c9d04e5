package main_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// kill -9 of tutor while it starts, at random moments: the host's mount table never changes, and nothing is
// left that the next start does not clear.
func TestKilledAtAnyMoment(t *testing.T) {
	root(t)
	tool(t, "pgrep")
	ok(t, "run", "--rm", "tutor/lab", "true")
	before := mountTable(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	start := time.Now()
	ok(t, "run", "--rm", "tutor/lab", "true")
	whole := time.Since(start)
	for range pace.Fewer(200, 50) {
		cmd := exec.Command(binary, "run", "--rm", "--memory", "64m", "--pids-limit", "30", "tutor/lab", "sleep", "7654") // nobody else sleeps so long
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(random.Int64N(int64(whole))))
		require.NoError(t, cmd.Process.Kill())
		cmd.Wait()
		require.Equal(t, before, mountTable(t), "the host's mount table changed")
	}
	ok(t, "run", "--rm", "tutor/lab", "true") // clears what is left
	require.Empty(t, leftovers(t))
	out, err := exec.Command("pgrep", "-f", "^sleep 7654$").Output()
	require.Error(t, err, "processes are left: %s", out)
}

// mountTable is the host's, without what other tests have mounted meanwhile: in temporary directories of their own, and in /run.
func mountTable(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	var ours strings.Builder
	for line := range strings.Lines(string(content)) {
		point := strings.Fields(line)[4]
		if strings.Contains(line, home) || !strings.HasPrefix(point, os.TempDir()+"/") && !strings.HasPrefix(point, "/run/") {
			ours.WriteString(line)
		}
	}
	return ours.String()
}
