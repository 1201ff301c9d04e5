package main_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/go-units"
	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
)

// A statsLine is one line of `stats --format json`.
type statsLine struct{ BlockIO, CPUPerc, Container, ID, MemPerc, MemUsage, Name, NetIO, PIDs string }

func statsOf(t *testing.T, args ...string) statsLine {
	t.Helper()
	var line statsLine
	require.NoError(t, json.Unmarshal([]byte(ok(t, append([]string{"stats", "--no-stream", "--format", "json"}, args...)...)), &line))
	return line
}

// megabytes reads "45.8MiB / 100MiB".
func megabytes(t *testing.T, usage string) (used, limit float64) {
	t.Helper()
	texts := strings.Split(usage, " / ")
	require.Len(t, texts, 2)
	bytes := func(text string) float64 {
		n, err := units.RAMInBytes(text)
		require.NoError(t, err)
		return float64(n) / (1 << 20)
	}
	return bytes(texts[0]), bytes(texts[1])
}

func percent(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	require.NoError(t, err)
	return n
}

// groupFile reads a file of the container's groups, wherever this host has it; "" if there is none.
func groupFile(s container.State, names ...string) string {
	for _, name := range names {
		for _, pattern := range []string{"/sys/fs/cgroup/tutor-" + s.ID, "/sys/fs/cgroup/*/tutor-" + s.ID} {
			paths, _ := filepath.Glob(filepath.Join(pattern, name))
			for _, path := range paths {
				if content, err := os.ReadFile(path); err == nil {
					return strings.TrimSpace(string(content))
				}
			}
		}
	}
	return ""
}

// firstProcess is the container's PID 1, as the host sees it.
func firstProcess(t *testing.T, s container.State) string {
	t.Helper()
	pids := strings.Fields(groupFile(s, "cgroup.procs"))
	require.NotEmpty(t, pids)
	return pids[0]
}

func TestStatsOfAContainerWithLimitsAreItsGroups(t *testing.T) {
	root(t)
	s, _ := running(t, "limited", "eat -q 40M > /held & spin -q 1 & until [ -s /held ]; do sleep 0.1; done; touch /ready; wait",
		"--memory", "100m", "--cpus", "0.5", "--pids-limit", "30")
	used := func() (own float64, all float64) {
		stat := groupFile(s, "cpuacct.usage")
		if stat == "" {
			stat = firstOf(t, s, "cpu.stat", "usage_usec") + "000" // from µs
		}
		ns, err := strconv.ParseFloat(stat, 64)
		require.NoError(t, err)
		return ns, float64(time.Now().UnixNano())
	}
	own, all := used()
	line := statsOf(t, "limited")
	own2, all2 := used()
	require.Equal(t, "limited", line.Container)
	require.Equal(t, s.ID[:12], line.ID)
	require.InDelta(t, (own2-own)/(all2-all)*100, percent(t, line.CPUPerc), 25, "as the group counted around it")
	require.Less(t, percent(t, line.CPUPerc), 75.0, "half a processor, and what a slow machine adds")
	held, limit := megabytes(t, line.MemUsage)
	require.Equal(t, 100.0, limit)
	counted, err := strconv.ParseFloat(groupFile(s, "memory.current", "memory.usage_in_bytes"), 64)
	require.NoError(t, err)
	require.InDelta(t, counted/(1<<20), held, 8, "but for the cached files")
	require.Greater(t, held, 40.0)
	require.InDelta(t, held, percent(t, line.MemPerc), 0.2, "of 100 MiB")
	eventually(t, "threads are counted too", func() bool { return statsOf(t, "limited").PIDs == groupFile(s, "pids.current") })
}

// firstOf is the line of a file of the container's groups that begins with a word.
func firstOf(t *testing.T, s container.State, file, word string) string {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/tutor-" + s.ID, "/sys/fs/cgroup/*/tutor-" + s.ID} {
		paths, _ := filepath.Glob(filepath.Join(pattern, file))
		for _, path := range paths {
			content, _ := os.ReadFile(path)
			for line := range strings.Lines(string(content)) {
				if rest, found := strings.CutPrefix(line, word+" "); found {
					return strings.TrimSpace(rest)
				}
			}
		}
	}
	require.Fail(t, "no group counts "+word)
	return ""
}

// Version 1 has no group for memory, then; the answer must not be what another group holds, and not nothing.
func TestStatsOfAContainerWithoutLimits(t *testing.T) {
	root(t)
	running(t, "unlimited", "eat -q 40M > /held & spin -q 1 & until [ -s /held ]; do sleep 0.1; done; touch /ready; wait")
	line := statsOf(t, "unlimited")
	held, limit := megabytes(t, line.MemUsage)
	require.InDelta(t, 60, held, 20, "40 MiB, and the programs themselves, and what the kernel holds for them")
	require.InDelta(t, memTotal(t), limit, 0.01*memTotal(t), "all that the machine has")
	require.Greater(t, percent(t, line.CPUPerc), 1.0)
	pids, err := strconv.Atoi(line.PIDs)
	require.NoError(t, err)
	require.GreaterOrEqual(t, pids, 3, "sh, eat and spin, and their threads")
}

func memTotal(t *testing.T) float64 {
	t.Helper()
	info, err := os.ReadFile("/proc/meminfo")
	require.NoError(t, err)
	kilobytes, err := strconv.ParseFloat(regexp.MustCompile(`MemTotal: +(\d+)`).FindStringSubmatch(string(info))[1], 64)
	require.NoError(t, err)
	return kilobytes / 1024
}

func TestStatsOfNetworksAndDisks(t *testing.T) {
	root(t)
	s, _ := running(t, "busy", "dd if=/dev/zero of=/file bs=1048576 count=8 conv=fsync status=none; touch /ready; sleep 1000")
	if diskOf(home) != "" {
		require.NotEqual(t, "0B / 0B", statsOf(t, "busy").BlockIO, "8 MiB were written")
	}
	pid := firstProcess(t, s)
	counted := func() string {
		dev, err := os.ReadFile("/proc/" + pid + "/net/dev")
		require.NoError(t, err)
		words := strings.Fields(regexp.MustCompile(`eth0:(.*)`).FindStringSubmatch(string(dev))[1])
		received, err := strconv.ParseFloat(words[0], 64)
		require.NoError(t, err)
		sent, err := strconv.ParseFloat(words[8], 64)
		require.NoError(t, err)
		return units.HumanSizeWithPrecision(received, 3) + " / " + units.HumanSizeWithPrecision(sent, 3)
	}
	gateway := strings.TrimSpace(ok(t, "inspect", "-f", "{{.NetworkSettings.Gateway}}", "busy"))
	require.NotZero(t, tutor(t, "exec", "busy", "wget", "-q", "-T", "1", "-O-", "http://"+gateway+":9").code, "nobody listens there")
	require.NotContains(t, counted(), "0B /", "the answer of nobody is an answer")
	eventually(t, "stats says what the interface counted", func() bool { return statsOf(t, "busy").NetIO == counted() })
	running(t, "hosts", "touch /ready; sleep 1000", "--network", "host")
	require.Equal(t, "--", statsOf(t, "hosts").NetIO, "nobody knows which of the host's bytes are the container's")
}

func TestStatsComeAndGo(t *testing.T) {
	root(t)
	s, _ := running(t, "goes", "touch /ready; sleep 1000", "--rm")
	cmd := exec.Command(binary, "stats", "--format", "{{.Name}} {{.PIDs}}", "goes")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range 2 {
		require.True(t, lines.Scan())
		require.Regexp(t, `^goes [1-9]\d*$`, lines.Text())
	}
	pid, err := strconv.Atoi(firstProcess(t, s))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	for lines.Scan() { // until the last of those that were named has gone
		require.NotContains(t, lines.Text(), "\x1b", "a pipe is no terminal")
	}
	require.NoError(t, cmd.Wait())
}

func TestStatsOnATerminalAreDrawnAnew(t *testing.T) {
	root(t)
	running(t, "drawn", "touch /ready; sleep 1000")
	cmd := exec.Command(binary, "stats", "drawn")
	screen := attach(t, cmd)
	require.NoError(t, cmd.Start())
	for range 2 {
		screen.sees("\x1b[HCONTAINER ID")
		screen.sees("drawn")
	}
	screen.press("\x03")
	cmd.Wait()
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), "as docker's")
}

func TestStatsOfWhatDoesNotRun(t *testing.T) {
	root(t)
	stopped(t, "over", "tutor/lab", "true")
	zero := "0.00% 0B / 0B 0.00% 0B / 0B 0B / 0B 0\n"
	format := "{{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}"
	require.Equal(t, zero, ok(t, "stats", "--no-stream", "--format", format, "over"))
	require.Equal(t, zero, ok(t, "stats", "--no-stream", "-a", "--format", format))
	require.Empty(t, ok(t, "stats", "--no-stream", "--format", format), "only those that run")
	r := tutor(t, "stats", "over", "nonesuch")
	require.Equal(t, 1, r.code)
	require.Equal(t, "tutor: No such container: nonesuch\ntutor: hint: tutor ps -a shows the containers that there are\n", r.stderr)
	require.Equal(t, 125, tutor(t, "stats", "--nonesuch").code)
	require.Equal(t, 1, tutor(t, "stats", "--format", "{{.Nonesuch}}").code, "at once, and not after a second")
}

func TestStatsUpdateAndDfPrintWhatDockerPrints(t *testing.T) {
	root(t)
	docker := dockerd(t)
	stopped(t, "probe", "tutor/lab", "true")
	probe, err := testHome().Find("probe")
	require.NoError(t, err)
	script := exec.Command("sh", "-c", `tar -C "$1" -c . | docker import - lab && docker create --name probe --network none lab true`, "sh",
		filepath.Join(home, "root", "layers", probe.Layers[0]))
	script.Env = docker
	require.Zero(t, command(t, script).code)
	words := regexp.MustCompile(`(?m)^(tutor: hint: .*|Usage:.*|Run '.*|See '.*|\s*)\n|^(tutor|docker|Error response from daemon): `)
	for _, line := range []string{
		"stats --no-stream -a --format table",
		"stats --no-stream --format json probe",
		"stats --no-stream nonesuch",
		"update probe",
		"update -m 1m probe",
		"update -m 64m probe",
		"update -m 64m --memory-swap 32m probe",
		"update --cpus 100 probe",
		"update --cpuset-cpus 99 probe",
		"update --cpuset-cpus x probe",
		"update --pids-limit 7 probe",
		"update -m 64m --memory-swap 128m nonesuch",
		"update -m 64m --memory-swap 128m probe nonesuch",
		"update -m 256m probe",
		"system df --format {{.Type}}|{{.TotalCount}}|{{.Active}}",
		"system df --nonesuch",
		"info --nonesuch",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			cmd := exec.Command("docker", args...)
			cmd.Env = docker
			theirs, ours := command(t, cmd), tutor(t, args...)
			require.Equal(t, theirs.code, ours.code, theirs.stderr+ours.stderr)
			same := func(text string) string {
				text = regexp.MustCompile(`Build Cache.*\n`).ReplaceAllString(words.ReplaceAllString(text, ""), "")
				return regexp.MustCompile(`[0-9a-f]{12,64}`).ReplaceAllString(text, "ID")
			}
			require.Equal(t, same(theirs.stdout), same(ours.stdout))
			require.Equal(t, same(theirs.stderr), same(ours.stderr))
		})
	}
	for _, table := range []string{"system df", "system df -v"} {
		cmd := exec.Command("docker", strings.Fields(table)...)
		cmd.Env = docker
		require.Equal(t, headingsOf(command(t, cmd).stdout), headingsOf(ok(t, strings.Fields(table)...)), table)
	}
}

// headingsOf are the lines in capitals, without those of a build cache, which tutor has not.
func headingsOf(text string) (found []string) {
	for _, line := range strings.Split(text, "\n") {
		if regexp.MustCompile(`^[A-Z ]{10,}$`).MatchString(line) && !strings.HasPrefix(line, "CACHE ID") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return found
}
