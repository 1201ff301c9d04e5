package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
)

// What version 2 of cgroups does that version 1 cannot. These run on a host with version 2 alone: the small machine of
// TestPureCgroupV2 is one, and so is the classroom's of `make vm`.

// version2 skips a test on a host whose groups are not of version 2 alone; it returns the directory of tutor's groups.
func version2(t *testing.T) string {
	t.Helper()
	root(t)
	layout := container.HostLayout()
	if layout.Version() != "v2" {
		t.Skip("needs cgroup v2 alone; here is " + layout.Version())
	}
	return layout.Top()
}

func wordsOf(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Fields(string(content))
}

// systemd writes "-memory" to the root's file when no unit of its own wants the controller.
func TestVersion2LimitsCannotBeTakenAwayFromAbove(t *testing.T) {
	top := version2(t)
	s, _ := running(t, "pinned", "touch /ready; sleep 1000", "--memory", "64m", "--cpuset-cpus", "0")
	for _, dir := range []string{filepath.Dir(top), top} {
		on := wordsOf(t, filepath.Join(dir, "cgroup.subtree_control"))
		for _, controller := range []string{"memory", "cpuset", "pids"} {
			require.Contains(t, on, controller, "%s hands it down", dir)
		}
	}
	err := os.WriteFile(filepath.Join(filepath.Dir(top), "cgroup.subtree_control"), []byte("-cpuset"), 0)
	require.ErrorIs(t, err, unix.EBUSY)
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		out, err := exec.Command("systemctl", "daemon-reload").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	require.Equal(t, strconv.Itoa(64<<20), groupFile(s, "memory.max"))
	require.Equal(t, "0", groupFile(s, "cpuset.cpus"))
}

func TestVersion2ChildIsBornInItsGroup(t *testing.T) {
	version2(t)
	trace := filepath.Join(t.TempDir(), "trace")
	ok(t, "run", "--rm", "--explain=json", "--explain-to", trace, "tutor/lab", "true")
	content, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.Contains(t, string(content), "CLONE_INTO_CGROUP")
	require.NotContains(t, string(content), `cgroup.procs`, "nobody is moved")
}

func TestVersion2KillsAGroupAtOneStroke(t *testing.T) {
	version2(t)
	s, _ := running(t, "many", "for i in 1 2 3 4 5; do sleep 1000 & done; touch /ready; wait")
	procs, err := filepath.Glob("/sys/fs/cgroup/*/tutor-" + s.ID + "/cgroup.procs")
	require.NoError(t, err)
	require.Len(t, procs, 1)
	require.GreaterOrEqual(t, len(wordsOf(t, procs[0])), 6)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(procs[0]), "cgroup.kill"), []byte("1"), 0))
	require.Equal(t, "137\n", ok(t, "wait", "many"))
	require.NoDirExists(t, filepath.Dir(procs[0]))
}

// memory.events counts in either case; what dies with memory.oom.group is the whole container.
func TestVersion2OutOfMemoryTakesOneProcessOrAll(t *testing.T) {
	version2(t)
	noneStays(t)
	line := "eat -q 1G; echo the shell has seen $?; cat /sys/fs/cgroup/memory.events"
	one := tutor(t, "run", "--name", "one", "-m", "64m", "--memory-swap", "64m", "tutor/lab", "sh", "-c", line)
	require.Contains(t, one.stdout, "the shell has seen 137\n")
	require.Contains(t, one.stdout, "\noom_kill 1\n")
	all := tutor(t, "run", "--name", "all", "-m", "64m", "--memory-swap", "64m", "--cgroup-conf", "memory.oom.group=1", "tutor/lab", "sh", "-c", line)
	require.Equal(t, run{code: 137}, all)
	require.Equal(t, "true\n", ok(t, "inspect", "--format", "{{.State.OOMKilled}}", "all"))
}

func TestVersion2StatsTellWhatAContainerWaitsFor(t *testing.T) {
	version2(t)
	if _, err := os.Stat("/proc/pressure/cpu"); err != nil {
		t.Skip("needs a kernel that counts pressure: psi=1 at boot")
	}
	running(t, "waiting", "spin -q 1 & touch /ready; wait", "--cpus", "0.2")
	eventually(t, "a processor that is given for a fifth of the time is waited for", func() bool {
		texts := strings.Fields(ok(t, "stats", "--no-stream", "--format", "{{.CPUPressure}} {{.MemPressure}} {{.IOPressure}}", "waiting"))
		require.Len(t, texts, 3)
		require.False(t, slices.Contains(texts, "--"), "%v", texts)
		return percent(t, texts[0]) > 20
	})
}

func TestGroupFilesAreRefusedThatWouldMoveSomebodyOrComeToNothing(t *testing.T) {
	root(t)
	for _, file := range []string{"cgroup.procs=1", "../memory.max=1", "memory.max", "=1"} {
		r := tutor(t, "run", "--rm", "--cgroup-conf", file, "tutor/lab", "true")
		require.Equal(t, 125, r.code, file)
		require.Contains(t, r.stderr, "--cgroup-conf", file)
		require.Contains(t, r.stderr, "tutor: hint: ", file)
	}
}
