package main_test

import (
	"archive/tar"
	"crypto/sha256"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The enemy is inside and root. What it tries here has once worked against a container runtime.

// Until execve a container's process is tutor. An image that gets tutor's own file run could keep it open, and
// write to it when tutor has ended (CVE-2019-5736).
func TestTheHostsProgramStaysWhatItIs(t *testing.T) {
	root(t)
	c := newCanary(t)
	sum := func() [32]byte {
		content, err := os.ReadFile(binary)
		require.NoError(t, err)
		return sha256.Sum256(content)
	}
	before := sum()
	evil := []entry{
		{&tar.Header{Name: "evil/sh", Typeflag: tar.TypeSymlink, Linkname: "/proc/self/exe"}, ""},
		{&tar.Header{Name: "evil/script", Typeflag: tar.TypeReg, Mode: 0o755}, "#!/proc/self/exe version\n"},
		{&tar.Header{Name: "evil/loop", Typeflag: tar.TypeReg, Mode: 0o755}, "#!/bin/sh\nfor p in /proc/[0-9]*/exe /sbin/docker-init; do echo evil > $p; done; echo tried\n"},
	}
	for _, command := range []string{"/proc/self/exe", "/proc/1/exe", "/proc/thread-self/exe", "/evil/sh", "/evil/script"} {
		img := hostileImage(t, v1.Config{Entrypoint: []string{command}}, evil)
		var r run
		for range 20 { // on a busy machine it may have ended before the look: then it has done nothing, and is not refused
			if r = c.trial(t, img, nil, "version"); r.code == 125 {
				break
			}
		}
		require.Equal(t, 125, r.code, command)
		require.Contains(t, r.stderr, "tutor: exec: the command is the host's own tutor, by way of /proc/self/exe", command)
	}
	for _, flags := range [][]string{nil, {"--init"}} {
		r := c.trial(t, hostileImage(t, v1.Config{}, evil), flags, "/evil/loop")
		require.Equal(t, "tried\n", r.stdout, r.stderr)
	}
	require.Contains(t, ok(t, "run", "--rm", "-v", binary+":/tutor", "tutor/lab", "/tutor", "version"), "kernel", "the control: on purpose")
	require.Equal(t, before, sum(), "tutor itself was overwritten")
}

// A descriptor of a directory of the host is a way out (CVE-2024-21626).
func TestNoDescriptorComesAlong(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	open := func(args ...string) run {
		cmd := exec.Command(binary, append([]string{"run", "--rm"}, args...)...)
		dir, err := os.Open("/")
		require.NoError(t, err)
		defer dir.Close()
		for range 18 {
			cmd.ExtraFiles = append(cmd.ExtraFiles, dir)
		}
		return command(t, cmd)
	}
	r := open("tutor/lab", "sh", "-c", "for fd in /proc/self/fd/*; do readlink $fd; done")
	require.NotEmpty(t, r.stdout)
	for _, line := range strings.Fields(r.stdout) { // the tools are Go's: it reads how many processors it may use, with cgroup v2 in cpu.max
		require.Regexp(t, `^(pipe|anon_inode):|^/dev/null$|^/sys/fs/cgroup/cpu.max$`, line)
	}
	for _, n := range strings.Fields("3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30") {
		r := open("-w", "/proc/self/fd/"+n, "tutor/lab", "pwd")
		require.Equal(t, 125, r.code, "%s: %s", n, r.stdout)
		require.Empty(t, r.stdout)
	}
	require.Equal(t, "/srv/new\n", ok(t, "run", "--rm", "-w", "/srv/new", "tutor/lab", "pwd"), "the control")
}

// A false /proc takes what tutor writes there for the container's good: its labels, its limits (CVE-2019-16884,
// CVE-2023-27561, CVE-2025-52881).
func TestVolumesOverTheContainersOwnPlacesAreRefused(t *testing.T) {
	root(t)
	dir := t.TempDir()
	for _, place := range []string{"/proc", "/proc/", "/x/../proc", "/proc/self/attr", "/proc/sys", "/proc/1", "/proc/sys/kernel", "/sys", "/sys/fs/cgroup", "/dev", "/"} {
		for _, flags := range [][]string{{"-v", dir + ":" + place}, {"--tmpfs", place}, {"--mount", "type=bind,src=" + dir + ",dst=" + place}} {
			r := tutor(t, append(append([]string{"run", "--rm"}, flags...), "tutor/lab", "true")...)
			require.Equal(t, 125, r.code, flags)
			require.Regexp(t, "destination can't be|inside /proc|cannot be mounted", r.stderr, flags)
		}
	}
	ok(t, "run", "--rm", "-v", dir+":/procession", "tutor/lab", "true")
}

// The caller's groups stay outside; the image's come in, also those that take rights away (CVE-2022-36109).
func TestGroupsAreTheImages(t *testing.T) {
	root(t)
	c := newCanary(t)
	cmd := exec.Command(binary, "run", "--rm", "-u", "1234", "tutor/lab", "id", "-G")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{0, 4, 27}}}
	require.Equal(t, "0\n", command(t, cmd).stdout)
	files := []entry{
		{&tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}, "ann:x:1000:100::/:/bin/sh\n"},
		{&tar.Header{Name: "etc/group", Typeflag: tar.TypeReg, Mode: 0o644}, "shut:x:77:ann\nusers:x:100:\n"},
		{&tar.Header{Name: "denied", Typeflag: tar.TypeReg, Mode: 0o604, Gid: 77}, "for all but group 77"},
	}
	r := c.trial(t, hostileImage(t, v1.Config{User: "ann"}, files), nil, "/bin/cat", "/denied")
	require.Contains(t, r.stderr, "Permission denied", r.stdout)
	r = c.trial(t, hostileImage(t, v1.Config{User: "1001"}, files), nil, "/bin/cat", "/denied")
	require.Equal(t, "for all but group 77", r.stdout, "the control")
}

// Inheritable capabilities would come back in every program with file capabilities (CVE-2022-24769).
func TestNoCapabilityIsInherited(t *testing.T) {
	root(t)
	for user, effective := range map[string]string{"0": "CapEff:\t00000000a80425fb", "1000": "CapEff:\t0000000000000000"} {
		cmd := exec.Command(binary, "run", "--rm", "-u", user, "tutor/lab", "cat", "/proc/self/status")
		cmd.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: []uintptr{unix.CAP_NET_RAW, unix.CAP_SYS_ADMIN}}
		status := command(t, cmd).stdout
		require.Contains(t, status, "CapInh:\t0000000000000000\n", user)
		require.Contains(t, status, "CapAmb:\t0000000000000000\n", user)
		if held(t, unix.CAP_AUDIT_WRITE) {
			require.Contains(t, status, effective, user)
		}
	}
}

// held tells if the host has a capability to give.
func held(t *testing.T, capability int) bool {
	t.Helper()
	has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(capability), 0, 0, 0)
	require.NoError(t, err)
	return has == 1
}

// What is masked or read-only stays so for root inside (CVE-2015-3630), and no second /proc shows it.
func TestMaskedAndReadOnlyPathsHold(t *testing.T) {
	root(t)
	script := `for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/irq/default_smp_affinity \
  /proc/bus/new /proc/fs/new /proc/acpi/new /proc/scsi/new /sys/firmware/new /sys/kernel/uevent_helper /sys/fs/cgroup/new; do
  echo x > $f && echo WROTE $f
done
for f in /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug /proc/interrupts; do # /dev/null lies on them
  test -e $f && echo x > $f && cat $f && umount $f
done
ls -A /proc/acpi /proc/scsi /sys/firmware
mount -t proc proc /tmp && echo MOUNTED
mount -t tmpfs tmpfs /proc/acpi && echo MOUNTED
mount -o remount,rw /proc/sys && echo REMOUNTED
umount /proc/sys && echo UNCOVERED
echo done`
	r := tutor(t, "run", "--rm", "tutor/lab", "sh", "-c", script)
	require.Regexp(t, `^((/proc/acpi|/proc/scsi|/sys/firmware):\n\n?)*done\n$`, r.stdout, r.stderr)
	require.GreaterOrEqual(t, strings.Count(r.stderr, "Operation not permitted"), 4, r.stderr)
	require.Equal(t, "done\n", ok(t, "run", "--rm", "tutor/lab", "sh", "-c", "echo x > /tmp/x && cat /proc/version > /dev/null && echo done"), "the control")
}

// What one container is told, the next one is not (CVE-2020-14370), nor is what the caller keeps in its environment.
func TestNothingOfTheEnvironmentComesAlong(t *testing.T) {
	root(t)
	t.Setenv("PASSWORD", "the secret")
	require.Contains(t, ok(t, "run", "--rm", "-e", "K=one", "tutor/lab", "env"), "K=one\n")
	names := ""
	for _, line := range strings.Fields(ok(t, "run", "--rm", "tutor/lab", "env")) {
		name, _, _ := strings.Cut(line, "=")
		names += name + " "
	}
	require.Equal(t, "PATH HOSTNAME HOME ", names)
}
