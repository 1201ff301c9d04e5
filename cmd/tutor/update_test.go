package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
)

// kept are the limits of a container as its files have them.
func kept(t *testing.T, s container.State) *specs.LinuxResources {
	t.Helper()
	var spec specs.Spec
	require.NoError(t, json.Unmarshal([]byte(read(testHome().Dir(s.ID), "config.json")), &spec))
	return spec.Linux.Resources
}

// quota is the container's processor time, in percent of one, as its group has it; "": no limit.
func quota(s container.State) string {
	if v2 := strings.Fields(groupFile(s, "cpu.max")); len(v2) == 2 {
		return strings.TrimSuffix(strings.TrimSuffix(v2[0], "000"), "max")
	}
	return strings.TrimSuffix(strings.TrimSuffix(groupFile(s, "cpu.cfs_quota_us"), "000"), "-1")
}

// memoryLimit is in MiB.
func memoryLimit(t *testing.T, s container.State) int {
	t.Helper()
	n, err := strconv.Atoi(groupFile(s, "memory.max", "memory.limit_in_bytes"))
	require.NoError(t, err)
	return n >> 20
}

func TestUpdateOfLimitsThatAreThere(t *testing.T) {
	root(t)
	s, _ := running(t, "tight", "touch /ready; while true; do cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null > /new; mv /new /seen; sleep 0.1; done",
		"--memory", "64m", "--cpus", "0.5", "--pids-limit", "30")
	require.Equal(t, "tight\n", ok(t, "update", "--pids-limit", "20", "tight"))
	require.Equal(t, "20", groupFile(s, "pids.max"))
	eventually(t, "it is seen from inside", func() bool {
		return strings.TrimSpace(read(filepath.Join(testHome().Dir(s.ID), "upper"), "seen")) == "20"
	})
	for _, step := range [][3]int{{128, 256, 0}, {100, 100, 0}, {512, 600, 0}, {32, 700, 0}} { // up, down, far up, down and up
		ok(t, "update", "-m", fmt.Sprint(step[0], "m"), "--memory-swap", fmt.Sprint(step[1], "m"), "tight")
		require.Equal(t, step[0], memoryLimit(t, s))
	}
	ok(t, "update", "-m", "40m", "tight")
	require.Equal(t, 40, memoryLimit(t, s), "alone: it fits below the limit of both")
	ok(t, "update", "--cpus", "0.25", "-c", "512", "--cpuset-cpus", "0", "--pids-limit", "-1", s.ID[:12])
	require.Equal(t, "25", quota(s))
	require.Equal(t, "max", groupFile(s, "pids.max"))
	status, err := os.ReadFile("/proc/" + firstProcess(t, s) + "/status")
	require.NoError(t, err)
	require.Contains(t, string(status), "Cpus_allowed_list:\t0\n")
	r := kept(t, s)
	require.Equal(t, int64(40<<20), *r.Memory.Limit)
	require.Equal(t, int64(700<<20), *r.Memory.Swap)
	require.Equal(t, []any{int64(25000), uint64(100000), uint64(512), "0"}, []any{*r.CPU.Quota, *r.CPU.Period, *r.CPU.Shares, r.CPU.Cpus})
	require.Equal(t, int64(-1), *r.Pids.Limit)
	for _, step := range []struct{ flag, value, now string }{ // each half keeps the other
		{"--cpu-quota", "40000", "40000 of 100000"},
		{"--cpu-period", "50000", "40000 of 50000"},
		{"--cpu-quota", "-1", "-1 of 50000"},
	} {
		ok(t, "update", step.flag, step.value, "tight")
		cpu := kept(t, s).CPU
		require.Equal(t, step.now, fmt.Sprintf("%d of %d", *cpu.Quota, *cpu.Period))
		version1 := groupFile(s, "cpu.cfs_quota_us") + " of " + groupFile(s, "cpu.cfs_period_us")
		version2 := strings.Replace(strings.Replace(groupFile(s, "cpu.max"), "max", "-1", 1), " ", " of ", 1)
		require.Contains(t, []string{version1, version2}, step.now)
	}
	require.Contains(t, tutor(t, "update", "--cpu-quota", "5", "tight").stderr, "CPU cfs quota can not be less than 1ms")
}

// Version 1 of cgroups has no group for the new limits; they must bind who is there, and who is born while they come.
func TestUpdateOfLimitsThatAreNew(t *testing.T) {
	root(t)
	s, cmd := running(t, "free", "touch /ready; while true; do sh -c true; done", "--rm")
	ok(t, "update", "-m", "256m", "--memory-swap", "512m", "--cpus", "0.5", "--pids-limit", "30", "--cpuset-cpus", "0", "free")
	require.Equal(t, 256, memoryLimit(t, s))
	require.Equal(t, "50", quota(s))
	require.Equal(t, "30", groupFile(s, "pids.max"))
	eventually(t, "all of it is in every group", func() bool {
		members := map[string]bool{}
		dirs, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-" + s.ID)
		alone, _ := filepath.Glob("/sys/fs/cgroup/tutor-" + s.ID)
		for _, dir := range append(dirs, alone...) {
			members[strings.Join(strings.Fields(read(dir, "cgroup.procs")), " ")] = true
		}
		return len(members) == 1 && !members[""]
	})
	require.NoError(t, exec.Command("kill", "-9", firstProcess(t, s)).Run())
	require.Error(t, cmd.Wait())
	left, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-" + s.ID)
	require.Empty(t, left, "the groups that came later go too")
}

// The kernel refuses the last of four limits, because no machine has so many processes: the others are taken back.
func TestAnUpdateThatFailsHalfWayChangesNothing(t *testing.T) {
	root(t)
	const tooMany = "99999999999"
	t.Run("limits that are there", func(t *testing.T) {
		s, _ := running(t, "half", "touch /ready; sleep 1000", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "30")
		config := read(testHome().Dir(s.ID), "config.json")
		trace := filepath.Join(t.TempDir(), "trace")
		r := tutor(t, "update", "--explain", "--explain-to", trace, "-m", "128m", "--memory-swap", "256m", "--cpus", "0.25", "--pids-limit", tooMany, "half")
		require.Equal(t, 1, r.code)
		require.Regexp(t, `^tutor: Cannot update container [0-9a-f]{64}: pids-limit: write\(\d+, "`+tooMany+`", 11\) = EINVAL`, r.stderr)
		require.Empty(t, r.stdout)
		require.Equal(t, 64, memoryLimit(t, s))
		require.Equal(t, "50", quota(s))
		require.Equal(t, "30", groupFile(s, "pids.max"))
		require.Equal(t, config, read(testHome().Dir(s.ID), "config.json"))
		require.Regexp(t, `128|134217728(?s:.*)undone because a call failed(?s:.*)67108864`, read(filepath.Dir(trace), "trace"))
	})
	t.Run("limits that are new", func(t *testing.T) {
		s, _ := running(t, "none", "touch /ready; sleep 1000")
		groups := func() []string {
			dirs, _ := filepath.Glob("/sys/fs/cgroup/*/tutor-" + s.ID)
			return dirs
		}
		had, pid := groups(), firstProcess(t, s)
		was := read("/proc/"+pid, "cgroup")
		r := tutor(t, "update", "-m", "128m", "--memory-swap", "256m", "--pids-limit", tooMany, "none")
		require.Equal(t, 1, r.code, r.stderr)
		require.Equal(t, had, groups())
		require.Equal(t, was, read("/proc/"+pid, "cgroup"))
		require.Contains(t, []string{"", "max"}, groupFile(s, "memory.max"))
	})
}

func TestUpdateRefuses(t *testing.T) {
	root(t)
	s, _ := running(t, "holds", "eat -q 40M > /held & until [ -s /held ]; do sleep 0.1; done; touch /ready; wait", "--memory", "100m")
	running(t, "holds-too", "eat -q 40M > /held & until [ -s /held ]; do sleep 0.1; done; touch /ready; wait")
	for _, c := range []struct{ flags, name, message string }{
		{"-m 20m", "holds", `Cannot update container \w+: unable to set memory limit to 20971520 \(current usage: [4-7]\d{7}\)`},
		{"-m 20m --memory-swap 40m", "holds-too", `Cannot update container \w+: unable to set memory limit to 20971520 \(current usage: [4-7]\d{7}\)`},
		{"--memory-swap 50m", "holds", "Minimum memoryswap limit should be larger than memory limit, see usage"},
		{"--memory-swap 50m", "holds-too", "You should always set the Memory limit when using Memoryswap limit, see usage"},
		{"-m 1m", "holds", "Minimum memory limit allowed is 6MB"},
		{"--cpus 0.001", "holds", `Range of CPUs is from 0.01 to \d+.00, as there are only \d+ CPUs available`},
		{"-c 1", "holds", "the minimum allowed cpu-shares is 2"},
		{"--cpuset-cpus 8000", "holds", "Requested CPUs are not available - requested 8000, available: 0"},
		{"--cpuset-cpus 0-99999999999", "holds", "Invalid value 0-99999999999 for cpuset cpus: invalid format"},
	} {
		r := tutor(t, append(append([]string{"update"}, strings.Fields(c.flags)...), c.name)...)
		require.Equal(t, 1, r.code, c.flags)
		require.Regexp(t, "^tutor: "+c.message, r.stderr, c.flags)
	}
	require.Equal(t, 125, tutor(t, "update", "--cpus", "x", "holds").code)
	require.Equal(t, 125, tutor(t, "update", "-m", "x", "holds").code)
	require.Equal(t, 100, memoryLimit(t, s))
}

func TestUpdateOfAContainerWithoutAGroup(t *testing.T) {
	root(t)
	lab := exec.Command(binary, "run", "--lab", "2", "--name", "bare", "sleep", "1000")
	require.NoError(t, lab.Start())
	t.Cleanup(func() { lab.Process.Kill(); lab.Wait(); tutor(t, "run", "--lab", "1", "true") })
	eventually(t, "it runs", func() bool {
		return strings.HasPrefix(tutor(t, "stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}} {{.CPUPerc}}", "bare").stdout, "-- / -- -- --\n")
	})
	r := tutor(t, "update", "--pids-limit", "9", "bare")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "it has no control group that could be limited\ntutor: hint: labs 1 and 2")
}

func TestUpdateOfAContainerThatDoesNotRunIsForItsNextStart(t *testing.T) {
	root(t)
	stopped(t, "later", "--memory", "64m", "--pids-limit", "30", "tutor/lab", "sh", "-c", "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true")
	s, err := testHome().Find("later")
	require.NoError(t, err)
	ok(t, "update", "--pids-limit", "25", "later")
	require.Equal(t, int64(25), *kept(t, s).Pids.Limit)
	require.Empty(t, groupFile(s, "pids.max"))
	ok(t, "start", "-a", "later") // until it has ended
	require.Equal(t, "30\n25\n", ok(t, "logs", "later"))
	require.Equal(t, int64(64<<20), *kept(t, s).Memory.Limit, "what was not changed stays")
}

// The trace is what was written into the kernel's files, and all of it.
func TestTheTraceOfAnUpdateIsWhatStraceSaw(t *testing.T) {
	root(t)
	strace := tool(t, "strace")
	running(t, "traced", "touch /ready; exec sleep 1000", "--cpus", "0.5") // which has no children
	dir := t.TempDir()
	cmd := exec.Command(strace, "-f", "-qq", "-a1", "-s", "65536", "-e", "trace=openat,mkdirat,write,close", "-e", "signal=none", "-o", filepath.Join(dir, "strace"),
		binary, "update", "--explain=json", "--explain-to", filepath.Join(dir, "trace"), "--cpus", "0.75", "--pids-limit", "30", "-m", "64m", "--memory-swap", "128m", "traced")
	require.Zero(t, command(t, cmd).code)
	var said, seen []string
	for _, line := range traceLines(t, filepath.Join(dir, "trace")) {
		if name := line["syscall"]; name == "openat" || name == "mkdirat" || name == "write" {
			var args []string
			for _, a := range line["args"].([]any) {
				args = append(args, a.(string))
			}
			said = append(said, fmt.Sprintf("%s(%s)", name, strings.Join(args, ", ")))
		}
	}
	fd := "none" // of a file of a group, open for writing
	for line := range strings.Lines(read(dir, "strace")) {
		if strings.Contains(line, "<detached ...>") {
			continue // a thread was ending as strace did
		}
		m := regexp.MustCompile(`^\d+ +((\w+)\((.*)\)) += (\S+)`).FindStringSubmatch(line)
		require.NotNil(t, m, line)
		call, name, args, answer := m[1], m[2], m[3], m[4]
		group := strings.Contains(args, `, "/sys/fs/cgroup/`) && (name == "mkdirat" || strings.Contains(args, "O_WRONLY"))
		if name == "openat" && group {
			fd = answer
		}
		if group || (name == "write" && strings.HasPrefix(args, fd+", ")) {
			seen = append(seen, call)
		}
		if name == "close" && args == fd {
			fd = "none"
		}
	}
	require.NotEmpty(t, said)
	require.Equal(t, said, seen)
}
