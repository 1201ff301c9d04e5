package main_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// obedient ends at SIGTERM, with 7.
const obedient = "trap 'exit 7' TERM; touch /ready; while :; do sleep 0.05; done"

// deaf hears it, and goes on.
const deaf = "trap : TERM HUP; touch /ready; while :; do sleep 0.05; done"

func TestTheTraceOfAStopIsWhatStraceSaw(t *testing.T) {
	root(t)
	tool(t, "strace")
	for name, c := range map[string]struct{ script, prepare, line string }{
		"one that listens": {obedient, "", "stop"},
		"one that is deaf": {deaf, "", "stop -t 1"},
		"one that sleeps":  {obedient, "pause", "stop -t 20"},
		"without a bound":  {obedient, "", "stop -t -1 -s TERM"},
		"at once":          {"touch /ready; exec sleep 1000", "", "kill"},
		"at once, asleep":  {"touch /ready; exec sleep 1000", "pause", "kill"},
		"another signal":   {"touch /ready; exec sleep 1000", "", "kill -s 34"},
	} {
		t.Run(name, func(t *testing.T) {
			running(t, "ends", c.script)
			if c.prepare != "" {
				ok(t, c.prepare, "ends")
			}
			line := strings.Fields(c.line)
			compare(t, func(trace, strace string) *exec.Cmd {
				args := append([]string{"-f", "-a1", "-s", "65536", "-o", strace, binary, line[0], "--explain=json", "--explain-to", trace}, line[1:]...)
				return exec.Command("strace", append(args, "ends")...)
			})
		})
	}
}

// calls are those of one entry of a trace.
func calls(t *testing.T, trace, op string) (found []string) {
	t.Helper()
	for _, line := range traceLines(t, trace) {
		if line["type"] == "call" && line["op"] == op {
			found = append(found, line["syscall"].(string))
		}
	}
	return found
}

// Their times run side by side, as in Docker. One that is not there, or that has ended, is in nobody's way; and each trace is whole.
func TestManyAreStoppedAtOnce(t *testing.T) {
	root(t)
	running(t, "single", deaf)
	began := time.Now()
	ok(t, "stop", "-t", "2", "single")
	one := time.Since(began)
	names := []string{"deaf-1", "deaf-2", "deaf-3", "deaf-4"}
	for _, name := range names {
		running(t, name, deaf)
	}
	began = time.Now()
	r := tutor(t, append([]string{"stop", "-t", "2", "--explain", "single", "nobody"}, names...)...)
	many := time.Since(began)
	require.Equal(t, 1, r.code)
	require.Equal(t, "single\n"+strings.Join(names, "\n")+"\n", r.stdout)
	require.Contains(t, r.stderr, "tutor: No such container: nobody")
	require.Equal(t, 4, strings.Count(r.stderr, ", SIGKILL, NULL, 0) = 0"), r.stderr)
	for _, trace := range strings.Split(r.stderr, "#  hand    host")[1:] {
		require.LessOrEqual(t, strings.Count(trace, "host PID "), 1, "two traces in one another")
	}
	require.Less(t, many, 2*one, "one took %v, four %v", one, many)
	require.Empty(t, ok(t, "ps", "-q"))
}

func TestAStopShowsWhoIsEndedAndHow(t *testing.T) {
	root(t)
	s, _ := running(t, "heard", obedient)
	pid := firstProcess(t, s)
	r := tutor(t, "stop", "--explain", "heard")
	require.Equal(t, "heard\n", r.stdout)
	require.Contains(t, r.stderr, "host PID "+pid+" = container PID 1\n")
	require.Regexp(t, `kill -s TERM `+pid+` +# lab 1, pidfd_send_signal\(2\)`, r.stderr)
	require.Contains(t, r.stderr, "kill left out: it has ended by itself, within 10 s\n")
	require.Contains(t, r.stderr, "\nundone when it had ended\n")
	require.Contains(t, ok(t, "ps", "-a", "--filter", "name=heard"), "Exited (7)")

	trace := filepath.Join(t.TempDir(), "trace")
	running(t, "deaf", deaf, "--stop-signal", "HUP", "--stop-timeout", "1")
	ok(t, "stop", "--explain=json", "--explain-to", trace, "deaf")
	require.Equal(t, []string{"pidfd_send_signal"}, calls(t, trace, "kill"))
	require.Contains(t, read(filepath.Dir(trace), "trace"), `"SIGHUP","NULL","0"]`)
	require.Contains(t, ok(t, "ps", "-a", "--filter", "name=deaf"), "Exited (137)")

	require.Equal(t, "deaf\n", ok(t, "stop", "--explain", "deaf"), "it has ended already")
}

func TestADryStopStopsNobody(t *testing.T) {
	root(t)
	running(t, "spared", "touch /ready; exec sleep 1000")
	out := ok(t, "stop", "--dry-run", "-t", "3", "spared")
	require.Contains(t, out, "host   ppoll([{fd=<target>, events=POLLIN}], 1, {tv_sec=3, tv_nsec=0}, ~[], 8)\n")
	require.Contains(t, ok(t, "kill", "--dry-run", "spared"), "SIGKILL")
	require.Contains(t, ok(t, "ps"), "spared")
}

func TestStopWaitsForOneThatIsJustStarting(t *testing.T) {
	root(t)
	removed(t, "young")
	for range 10 {
		cmd := exec.Command(binary, "run", "-d", "--name", "young", "tutor/lab", "sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done")
		require.NoError(t, cmd.Start())
		eventually(t, "it is there", func() bool { return strings.Contains(tutor(t, "ps", "-aq", "--filter", "name=young").stdout, "\n") })
		ok(t, "rm", "-f", "young")
		cmd.Wait()
		ok(t, "rm", "-f", "young")
	}
	require.NotContains(t, ok(t, "ps", "-a"), "young")
}

// Ctrl-C while it waits ends tutor, and not the container.
func TestAStopCanBeGivenUp(t *testing.T) {
	root(t)
	running(t, "stays", deaf)
	for range 3 {
		trace := filepath.Join(t.TempDir(), "trace")
		cmd := exec.Command(tool(t, "strace"), "-f", "-o", trace, "-e", "trace=ppoll", binary, "stop", "-t", "100", "stays")
		require.NoError(t, cmd.Start())
		eventually(t, "it waits", func() bool { return strings.Contains(read(filepath.Dir(trace), "trace"), "ppoll(") })
		start := time.Now()
		require.NoError(t, exec.Command("pkill", "-INT", "-P", fmt.Sprint(cmd.Process.Pid)).Run())
		require.Error(t, cmd.Wait())
		require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
		require.Less(t, time.Since(start), pace.Times(5*time.Second))
	}
	require.Contains(t, ok(t, "ps"), "stays")
}
