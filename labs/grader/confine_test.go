package grader

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
	"tutor/runtime/privileges"
	"tutor/runtime/sys"
)

// sandboxed is an empty sandbox.
func sandboxed(t *testing.T) *Sandbox {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, mounts and cgroups")
	}
	b, err := Open(filepath.Join(t.TempDir(), "grade"), 1)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	b.patience, b.files = pace.Times(20*time.Second), t.TempDir()
	s, err := b.newSandbox(newRandom(1, t.Name()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close()) })
	return s
}

// does tells if root in the sandbox succeeds with a line of shell.
func (s *Sandbox) does(t *testing.T, line string) (bool, string) {
	t.Helper()
	box, err := s.launch(command{args: []string{"sh", "-c", line}, dir: "/tmp"})
	require.NoError(t, err)
	require.NoError(t, box.Wait())
	return box.Code() == "0", box.Stdout.String() + box.Stderr.String()
}

// Each row is harmless where it succeeds, as it does for root on the host where host is true.
func TestRootInTheSandboxDoesNotReachTheMachine(t *testing.T) {
	s := sandboxed(t)
	const proc = "mkdir -p p && mount -t proc proc p && "
	for _, row := range []struct {
		name, line, needs string
		host              bool
	}{
		{"settings, by the proc that is there", "cat /proc/sys/kernel/core_pattern > kept; cat kept > /proc/sys/kernel/core_pattern", "", true},
		{"settings, by a fresh proc", proc + "cat p/sys/kernel/core_pattern > kept && cat kept > p/sys/kernel/core_pattern", "kernel settings", true},
		{"settings of memory, by a fresh proc", proc + "cat p/sys/vm/swappiness > kept && cat kept > p/sys/vm/swappiness", "kernel settings", true},
		{"sysrq, by the proc that is there", ": >> /proc/sysrq-trigger", "", false},
		{"a device made by hand", "mknod null c 1 3", "", true},
		{"the kernel's log, by a fresh devtmpfs", "mkdir -p d && mount -t devtmpfs dev d && : < d/kmsg", "devices", true},
		{"other devices, by a fresh devtmpfs", "mkdir -p d && mount -t devtmpfs dev d && : < d/loop-control", "devices", false},
		{"the kernel's log", "dmesg > /dev/null", "seccomp", true},
		{"release_agent", "mkdir -p c && mount -t cgroup -o memory c c && mount -o remount,memory,release_agent=/nonesuch c", "", false},
		{"a hierarchy of its own", "mkdir -p c && mount -t cgroup -o none,name=mine c c", "", false},
		{"the clock", "date -s @$(date +%s)", "", false},
		{"a module", "modprobe dummy", "", false},
		{"the groups of others", "ls -d /sys/fs/cgroup/*/tutor-grade-* /sys/fs/cgroup/tutor-grade-* /sys/fs/cgroup/*/tutor/tutor-grade-*", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.needs != "" && s.group.Layout.Unified == "" {
				t.Skipf("this machine has no fence for %s: it needs cgroup v2", row.needs)
			}
			require.True(t, row.needs == "" || slices.Contains(s.bench.held, row.needs), "no fence for %s is held, only %v", row.needs, s.bench.held)
			done, said := s.does(t, row.line)
			require.False(t, done, said)
			if row.host {
				here := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", row.line)
				here.Dir = t.TempDir()
				require.NoError(t, here.Run(), "it proves nothing: root on the host cannot do it either")
			}
		})
	}
}

// The fences must not stand in the way of what the labs ask for.
func TestABoxMayStillDoWhatItsLabsNeed(t *testing.T) {
	s := sandboxed(t)
	const proc = "mkdir -p p && mount -t proc proc p && "
	for name, line := range map[string]string{
		"a setting of its own network":  proc + "echo 1 > p/sys/net/ipv4/ip_forward && grep -q 1 p/sys/net/ipv4/ip_forward",
		"its own host name":             proc + "echo mine > p/sys/kernel/hostname && [ $(hostname) = mine ]",
		"the usual devices":             "echo > /dev/null && head -c 9 /dev/zero /dev/urandom /dev/random > /dev/null && ! echo 2> /dev/null > /dev/full",
		"the usual devices of devtmpfs": "mkdir -p d && mount -t devtmpfs dev d && echo > d/null && head -c 9 d/urandom > /dev/null",
		"a terminal":                    "mkdir -p t && mount -t devpts -o newinstance,ptmxmode=666 t t && : < t/ptmx",
		"a whiteout": "mkdir -p o && mount -t tmpfs o o && mkdir o/l o/u o/w o/m && echo > o/l/f && " +
			"mount -t overlay -o lowerdir=o/l,upperdir=o/u,workdir=o/w o o/m && rm o/m/f && [ -c o/u/f ]",
	} {
		t.Run(name, func(t *testing.T) {
			done, said := s.does(t, line)
			require.True(t, done, said)
		})
	}
}

// A name that no call has would be passed over.
func TestTheFilterStopsWhatItNames(t *testing.T) {
	filter, err := privileges.Assemble(&needless)
	require.NoError(t, err)
	require.NotEmpty(t, filter)
	for _, name := range needless.Syscalls[0].Names {
		require.True(t, slices.ContainsFunc(sys.ABIs[0].Numbers, func(n sys.Numbered) bool { return n.Name == name }), name)
	}
	require.Empty(t, needless.Architectures, "other ABIs would be let in, and judged by their own numbers")
}
