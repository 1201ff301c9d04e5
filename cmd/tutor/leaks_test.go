package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/process"
)

// The leak test: every entry of a Program has a probe, a command run inside, whose output must differ when the
// entry is left out. An entry that nobody can miss is to be deleted.

// A probe is what shows that an entry is there: flags that make it, and a shell line inside.
type probe struct{ op, flags, line string }

var probes = []probe{
	{"cgroup", "", "cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/unified/cgroup.procs 2>/dev/null | grep -q '^0$'; echo others: $?"}, // a process that is not of our pid namespace is 0 there
	{"memory", "--memory 64m --memory-swap -1", "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"},
	{"memory-swap", "--memory 64m", "cat /sys/fs/cgroup/memory.swap.max /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"},
	{"cpus", "--cpus 0.5", "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us"},
	{"cpu-shares", "--cpu-shares 512", "cat /sys/fs/cgroup/cpu.weight /sys/fs/cgroup/cpu/cpu.shares"},
	{"cpuset-cpus", "--cpuset-cpus 0", "cat /sys/fs/cgroup/cpuset.cpus /sys/fs/cgroup/cpuset/cpuset.cpus"},
	{"pids-limit", "--pids-limit 40", "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max"},
	{"device-read-bps", "--device-read-bps DISK:1m", "cat /sys/fs/cgroup/io.max /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device"},
	{"device-write-bps", "--device-write-bps DISK:1m", "cat /sys/fs/cgroup/io.max /sys/fs/cgroup/blkio/blkio.throttle.write_bps_device"},
	{"cgroup-conf", "V2:memory.oom.group=1", "cat /sys/fs/cgroup/memory.oom.group"},
	{"join", "--memory 64m", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes"},
	{"pid-ns", "", "echo $$"},
	{"descriptors", "", "ls /proc/self/fd"},
	{"session", "", "cut -d ' ' -f 6 /proc/self/stat"},
	{"umask", "", "umask"},
	{"stdin", "", "cat"},
	{"uts-ns", "", "hostname | wc -c"},
	{"hostname", "", "hostname | wc -c"},
	{"ipc-ns", "", "[ $(readlink /proc/self/ns/ipc) = HOST-ipc ] && echo the host\\'s || echo own"},
	{"net-ns", "", "[ $(readlink /proc/self/ns/net) = HOST-net ] && echo the host\\'s || echo own"},
	{"cgroup-ns", "", "grep -c /tutor- /proc/self/cgroup"},
	{"files-open", "", "cat /etc/hosts"},
	{"files", "", "cat /etc/hosts"},
	{"volumes-open", "-v DIR:/data", "ls /data"},
	{"volumes", "-v DIR:/data", "ls /data"},
	{"pivot", "", "ls /"},
	{"proc", "", "ls /proc/1"},
	{"sysfs", "", "ls /sys"},
	{"cgroupfs", "", "ls /sys/fs/cgroup"},
	{"dev", "", "ls /dev"},
	{"devices", "", "ls /dev"},
	{"devpts", "", "grep devpts /proc/mounts"},
	{"shm", "", "grep /dev/shm /proc/mounts"},
	{"mqueue", "", "grep mqueue /proc/mounts"},
	{"tmpfs", "--tmpfs /run", "grep ' /run ' /proc/mounts"},
	{"terminal", "-t", "tty"},
	{"terminal-host", "-t", "tty"},
	{"console", "-t", "tty"},
	{"loopback", "", "cat /sys/class/net/lo/flags"},
	{"cable", "", "ls /sys/class/net"},
	{"step-in", "", "ip route | grep -c eth0"},
	{"address", "", "ip route | grep -c eth0"},
	{"route", "", "ip route | grep -c default"},
	{"names", "", "grep -c 0B00007F:0035 /proc/net/udp"},
	{"sysctl", "", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"},
	{"dev-lock", "", "touch /dev/new && ls /dev/new"},
	{"masked-paths", "", "grep -c . /proc/interrupts"},
	{"readonly-paths", "", "grep ' /proc/sys ' /proc/mounts"},
	{"read-only", "--read-only", "touch /new && ls /new"},
	{"rlimits", "--ulimit nofile=64:64", "grep 'open files' /proc/self/limits"},
	{"bounding", "", "grep CapBnd /proc/self/status"},
	{"user", "-u student", "id -u"},
	{"seccomp", "", "grep Seccomp: /proc/self/status"},
	{"capabilities", "", "grep CapInh /proc/self/status"},
	{"no-new-privileges", "--security-opt no-new-privileges", "grep NoNewPrivs /proc/self/status"},
	{"workdir", "-w /srv", "pwd"},
}

// elsewhere are the entries that have no probe here, and why.
var elsewhere = map[string]string{
	"clone":    "refused: TestLeaks",
	"mount-ns": "refused: TestLeaks",
	"overlay":  "refused: TestLeaks",
	"exec":     "refused: TestLeaks",
	"stand-in": "refused: TestLeaks",
	"claim":    "refused: TestLeaks",
	"step-out": "refused: TestLeaks",
	"publish":  "seen from outside: TestAPublishedPortIsReached",
	"hairpin":  "seen with br_netfilter: TestAContainerReachesItselfByItsOwnPort",
	"private":  "needs a host that shares its mounts: TestAHostThatSharesItsMounts",
	"streams":  "the log is empty: TestLogsAreByteForByteWhatWasWritten",
}

// network is what a container finds ready, if another was there before it: it cannot be left out, and is tried by hand.
var network = map[string]string{
	"forwarding": "TestWhoReachesWhom, whose host has it switched off",
	"firewall":   "TestWhoReachesWhom, which flushes it",
	"bridge":     "TestTheLinesTypedByHand",
	"gateway":    "TestTheLinesTypedByHand",
	"localnet":   "TestWhoReachesWhom: 127.0.0.1:8080",
	"deaf":       "TestNobodyBelievesARouter",
	"join":       "TestWhoReachesWhom",
	"bridge-on":  "TestTheLinesTypedByHand",
}

func TestLeaks(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/precious", nil, 0o644))
	disk := diskOf(home)
	fill := strings.NewReplacer("DIR", dir, "DISK", disk, "V2:", "--cgroup-conf ", "HOST-ipc", link(t, "ipc"), "HOST-net", link(t, "net"))
	has := map[string]bool{}
	for _, p := range probes {
		has[p.op] = true
		t.Run(p.op, func(t *testing.T) {
			if strings.Contains(p.flags, "DISK") && disk == "" {
				t.Skip("needs a temporary directory on a disk")
			}
			if strings.HasPrefix(p.flags, "V2:") && !container.HostLayout().Limits() {
				t.Skip("needs cgroup v2")
			}
			flags := strings.Fields(fill.Replace(p.flags))
			if leftOut(t, flags, p.op) != "" {
				t.Skip("not on this host: " + leftOut(t, flags, p.op))
			}
			with := look(t, flags, fill.Replace(p.line))
			without := look(t, append([]string{"--without", p.op}, flags...), fill.Replace(p.line))
			require.NotEqual(t, with, without, "nobody misses %s: %s", p.op, p.line)
		})
	}
	t.Run("no entry is without a probe", func(t *testing.T) {
		for _, line := range dryRun(t) {
			op := line["op"].(string)
			require.True(t, has[op] || elsewhere[op] != "" || network[op] != "", "%s has no probe", op)
		}
	})
	for op, where := range elsewhere {
		if !strings.HasPrefix(where, "refused") {
			continue
		}
		t.Run("without "+op+" is refused", func(t *testing.T) {
			r := tutor(t, "run", "--rm", "--without", op, "tutor/lab", "true")
			require.Equal(t, 125, r.code)
			require.Contains(t, r.stderr, "tutor: --without "+op+": refused: ")
		})
	}
	t.Run("an unknown name lists the known ones", func(t *testing.T) {
		r := tutor(t, "run", "--rm", "--without", "nonesuch", "tutor/lab", "true")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "--without nonesuch: no such entry; there are: address bounding cable capabilities cgroup")
	})
	require.Empty(t, leftovers(t))
}

// look runs a line inside, from a caller who has a file open, a strange mask, inheritable capabilities, and
// something to say.
func look(t *testing.T, flags []string, line string) string {
	t.Helper()
	args := append([]string{"-c", `umask 077; exec "$@" 9</etc`, "sh", binary, "run", "--rm"}, flags...)
	cmd := exec.Command("sh", append(args, "tutor/lab", "sh", "-c", line+" 2>&1")...)
	cmd.SysProcAttr = inheriting()
	cmd.Stdin = strings.NewReader("a word from the caller\n")
	out, _ := cmd.CombinedOutput()
	require.NotEqual(t, process.ExitOurs, cmd.ProcessState.ExitCode(), "whoever does not start shows nothing: %s", out)
	return string(out)
}

// inheriting is a caller who hands a capability on, past execve.
func inheriting() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{AmbientCaps: []uintptr{unix.CAP_NET_RAW}} // inheritable too
}

func link(t *testing.T, namespace string) string {
	t.Helper()
	to, err := os.Readlink("/proc/self/ns/" + namespace)
	require.NoError(t, err)
	return to
}

// dryRun is the Program that flags make, an entry a line.
func dryRun(t *testing.T, flags ...string) []map[string]any {
	t.Helper()
	ok(t, "run", "--rm", "tutor/lab", "true")
	out := ok(t, append(append([]string{"run", "--dry-run", "--explain=json"}, flags...), "tutor/lab", "true")...)
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(out), "\n") {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		lines = append(lines, line)
	}
	return lines
}

// leftOut is why the entry is not done on this host, "" if it is.
func leftOut(t *testing.T, flags []string, op string) string {
	t.Helper()
	for _, line := range dryRun(t, flags...) {
		if line["op"] == op && line["type"] == "left-out" {
			return line["reason"].(string)
		}
	}
	return ""
}

// On a host that shares its mounts, as every one with systemd does, private is what keeps mounts from leaving.
// What leaks without it leaks into a copy of the mount table: the host's own never changes.
func TestAHostThatSharesItsMounts(t *testing.T) {
	root(t)
	tool(t, "unshare")
	ok(t, "run", "--rm", "tutor/lab", "true")
	script := `set -e
mount --make-rshared /
cat /proc/self/mountinfo > "$2/before"
"$1" run --lab 2 --explain=json --explain-to "$2/with" true
"$1" run --lab 2 --without private --explain=json --explain-to "$2/without" true
"$1" run --rm tutor/lab true
"$1" run --rm --without private tutor/lab true 2> "$2/refused" || echo $? > "$2/status"
cat /proc/self/mountinfo > "$2/after"`
	dir := t.TempDir()
	out, err := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", binary, dir).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, read(dir, "before"), read(dir, "after"), "the host's mount table changed")
	require.NotEqual(t, view(t, dir+"/with", "mounts", "host"), view(t, dir+"/without", "mounts", "host"), "nobody misses private")
	require.Equal(t, "125", strings.TrimSpace(read(dir, "status")))
	require.Contains(t, read(dir, "refused"), `tutor: pivot: pivot_root(".", ".") = EINVAL (invalid argument)`)
	require.Empty(t, leftovers(t))
	require.Contains(t, read(dir, "refused"), `tutor: hint: the new root's parent mount is shared; op "private" was left out (--without private)`)
}

func view(t *testing.T, trace, what, side string) string {
	t.Helper()
	for _, line := range traceLines(t, trace) {
		if line["type"] == "view" && line["what"] == what {
			return line[side].(string)
		}
	}
	t.Fatalf("%s: no view of %s", trace, what)
	return ""
}
