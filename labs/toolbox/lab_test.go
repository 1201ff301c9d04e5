package toolbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// begin starts a command and returns its output, line by line. It is killed at the end of the test.
func begin(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return bufio.NewReader(out)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	text, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(text, "\n")
}

func TestEatTouchesWhatItTakes(t *testing.T) {
	cmd := command(t, "", "eat", "40M")
	out := begin(t, cmd)
	require.Equal(t, "16M", line(t, out))
	require.Equal(t, "32M", line(t, out))
	require.Equal(t, "holding 40M", line(t, out))
	p, ok := readProcess(cmd.Process.Pid)
	require.True(t, ok)
	require.GreaterOrEqual(t, p.rss, uint64(40<<20), "memory that is not touched is not used, and no limit notices it")
}

func TestForkbombMakesProcessesAndTakesThemBack(t *testing.T) {
	got := run(t, "", "", "forkbomb", "--max", "5")
	require.Equal(t, result{"5 processes, then: that was enough (--max)\n", "", 0}, got)
}

func TestForkbombEndsWhereTheKernelSaysEAGAIN(t *testing.T) {
	got := script(t, "", "echo $$ > "+pidsGroup(t, 50)+"/cgroup.procs; exec forkbomb")
	require.Regexp(t, `^\d+ processes, then: resource temporarily unavailable\n$`, got.out)
	require.Equal(t, 1, got.code, got.err)
}

// pidsGroup makes a cgroup that holds n processes at most.
func pidsGroup(t *testing.T, n int) string {
	t.Helper()
	dir := "/sys/fs/cgroup"
	if _, err := os.Stat(dir + "/pids"); err == nil {
		dir += "/pids" // version 1
	}
	dir = filepath.Join(dir, fmt.Sprintf("toolbox-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skip("no cgroups to write to:", err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(n)), 0); err != nil {
		t.Skip("no pids controller here:", err)
	}
	return dir
}

func TestZombieIsSeenAsZ(t *testing.T) {
	out := begin(t, command(t, "", "zombie", "30"))
	said := line(t, out)
	pid := regexp.MustCompile(`^\d+`).FindString(said)
	require.NotEmpty(t, pid, said)
	require.Regexp(t, `^Z`, run(t, "", "", "ps", "-o", "stat=", "-p", pid).out)
}

func TestSpinReportsTheTimeItGot(t *testing.T) {
	got := run(t, "", "", "spin", "1", "0.3")
	var seconds float64
	_, err := fmt.Sscanf(got.out, "%g CPU seconds", &seconds)
	require.NoError(t, err, got.out)
	require.Greater(t, seconds, 0.02)
}

func TestWriterWritesAllOfIt(t *testing.T) {
	dir := t.TempDir()
	got := run(t, dir, "", "writer", "-s", "3M", "data")
	require.Regexp(t, `^3\.1 MB in .* MB/s\n$`, got.out, got.err)
	info, err := os.Stat(filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.Equal(t, int64(3<<20), info.Size())
}

func TestPsSeesItselfAndItsColumns(t *testing.T) {
	got := script(t, "", `ps -o pid,ppid,comm,args -p $$; ps aux | head -n 1; ps -ef | head -n 1; ps | head -n 1`)
	want := strings.Fields(`PID PPID COMMAND COMMAND`)
	lines := strings.Split(got.out, "\n")
	require.Equal(t, want, strings.Fields(lines[0]))
	require.Equal(t, strconv.Itoa(os.Getpid()), strings.Fields(lines[1])[1])
	require.Equal(t, "USER PID %CPU %MEM VSZ RSS TTY STAT STIME TIME COMMAND", squeeze(lines[2]))
	require.Equal(t, "UID PID PPID C STIME TTY TIME CMD", squeeze(lines[3]))
	require.Equal(t, "PID USER TIME COMMAND", squeeze(lines[4]))
}

func TestTopInBatchModePrintsOnePicture(t *testing.T) {
	got := run(t, "", "", "top", "-b", "-n", "1")
	require.Regexp(t, `(?s)^Mem: .* used, .*\nLoad average: .*\n +PID +PPID USER`, got.out, got.err)
}

func TestMountsAndDisksAndMemoryAreShown(t *testing.T) {
	require.Regexp(t, `(?m)^\S+ on / type \S+ \(r[ow].*\)$`, run(t, "", "", "mount").out)
	require.Regexp(t, `(?s)^Filesystem +Size +Used +Avail +Use% Mounted on\n.* /\n?`, run(t, "", "", "df", "-h", "/").out)
	require.Regexp(t, `(?s)^ +total +used .*\nMem: +\d+`, run(t, "", "", "free", "-m").out)
}
