package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
	"tutor/runtime/pace"
)

// kill -9 of the command line, or of a monitor, at random moments while others work on the same few containers.
// Now and then everybody else is let finish, and what tutor says must be what the kernel says.
//
// TUTOR_KILLS is how many, TUTOR_SEED replays one.
func TestTheTruthAfterRandomKills(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	kills, seed := setting(t, "TUTOR_KILLS", pace.Fewer(500, 100)), setting(t, "TUTOR_SEED", int(time.Now().UnixNano()>>10))
	t.Logf("TUTOR_SEED=%d", seed)
	w := &wreckage{t: t, random: rand.New(rand.NewPCG(uint64(seed), 0)), ids: map[string]bool{}, mounts: mountTable(t)}
	start := time.Now()
	for i := range kills {
		for range 1 + w.random.IntN(2) {
			w.begin()
		}
		time.Sleep(time.Duration(w.random.Int64N(int64(40 * time.Millisecond)))) // the moment, not a wait
		w.kill()
		if i%20 == 19 || i == kills-1 {
			w.settle()
		}
	}
	t.Logf("%d kills in %s: %d of a command line, %d of a monitor, %d of both", kills, time.Since(start).Round(time.Second), w.killed[0], w.killed[1], w.killed[2])
	require.NotZero(t, w.killed[1], "no monitor was ever hit")
	for _, id := range strings.Fields(ok(t, "ps", "-aq", "--no-trunc")) {
		ok(t, "rm", "-f", "-v", id)
	}
	ok(t, "volume", "prune", "-f") // clears as well what a tutor has left that was killed while it made one
	require.Empty(t, names(t, filepath.Join(home, "root", "volumes")))
	w.agrees()
	require.Empty(t, globbed(t, filepath.Join(home, "root", "containers", "*")))
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// wreckage is what was begun, what was killed, and every container there ever was.
type wreckage struct {
	t       *testing.T
	random  *rand.Rand
	working []*worker
	killed  [3]int
	ids     map[string]bool
	mounts  string
}

// A worker is one command line.
type worker struct {
	*exec.Cmd
	said  bytes.Buffer
	ended chan struct{}
}

// lives writes and hears SIGTERM, so that each of the commands has something to do with it.
const lives = "trap 'exit 3' TERM; while :; do echo word; sleep 0.1; done"

func (w *wreckage) begin() {
	name := fmt.Sprintf("wreck%d", w.random.IntN(5))
	lines := [][]string{
		{"run", "-d", "--name", name, "tutor/lab", "sh", "-c", lives},
		{"run", "-d", "--rm", "--name", name, "--memory", "64m", "tutor/lab", "sh", "-c", lives},
		{"run", "-d", "--name", name, "-v", "/data", "--log-opt", "max-size=1k", "--log-opt", "max-file=3", "tutor/lab", "sh", "-c", lives},
		{"run", "--rm", "tutor/lab", "sleep", "0.02"},
		{"exec", name, "sh", "-c", "sleep 0.02"},
		{"exec", "-d", name, "sleep", "1000"},
		{"stop", "-t", "1", name},
		{"stop", "-t", "0", name},
		{"rm", "-f", "-v", name},
		{"restart", "-t", "0", name},
		{"start", name},
		{"cp", name + ":/bin/toolbox", "-"},
		{"logs", "-f", name},
		{"ps", "-a"},
	}
	one := &worker{Cmd: exec.Command(binary, lines[w.random.IntN(len(lines))]...), ended: make(chan struct{})}
	one.Stderr = &one.said
	one.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(w.t, one.Start())
	go func() { one.Wait(); close(one.ended) }()
	w.working = append(w.working, one)
}

// kill hits a command line that was begun and has not ended, a monitor, or one of each at once.
func (w *wreckage) kill() {
	monitors := monitorsOf(filepath.Join(home, "run"))
	kind := w.random.IntN(3)
	if kind != 0 && len(monitors) > 0 {
		syscall.Kill(monitors[w.random.IntN(len(monitors))], syscall.SIGKILL)
	}
	if kind != 1 || len(monitors) == 0 {
		w.working[w.random.IntN(len(w.working))].Process.Kill()
	}
	if len(monitors) == 0 {
		kind = 0
	}
	w.killed[kind]++
	for _, path := range globbed(w.t, filepath.Join(home, "root", "containers", "*")) {
		w.ids[strings.TrimPrefix(filepath.Base(path), ".gone-")] = true
	}
	w.working = living(w.working)
}

func living(all []*worker) (some []*worker) {
	for _, one := range all {
		select {
		case <-one.ended:
		default:
			some = append(some, one)
		}
	}
	if len(some) == 0 {
		return all[len(all)-1:]
	}
	return some
}

// liveFiles are the containers that live, as the files of the tutor with that TUTOR_RUN say.
func liveFiles(run string) map[string]container.Live {
	found := map[string]container.Live{}
	paths, _ := filepath.Glob(filepath.Join(run, "*", strings.Repeat("?", 64)))
	for _, path := range paths {
		var live container.Live
		content, _ := os.ReadFile(path)
		json.NewDecoder(bytes.NewReader(content)).Decode(&live)
		found[filepath.Base(path)] = live
	}
	return found
}

func monitorsOf(run string) (pids []int) {
	for _, live := range liveFiles(run) {
		if live.Monitor > 0 && strings.HasPrefix(read(fmt.Sprintf("/proc/%d", live.Monitor), "cmdline"), container.MonitorName) {
			pids = append(pids, live.Monitor)
		}
	}
	return pids
}

// settle lets all commands end, asks tutor what there is, and looks for itself.
func (w *wreckage) settle() {
	t := w.t
	deadline := time.After(pace.Times(40 * time.Second))
	for _, one := range w.working {
		if one.Args[1] == "logs" {
			one.Process.Signal(syscall.SIGTERM) // it would follow for ever
		}
		select {
		case <-one.ended:
		case <-deadline:
			t.Fatalf("it does not end: %s", one)
		}
		require.NotContains(t, one.said.String(), "goroutine ", "%s", one)
	}
	w.working = nil
	w.agrees()
}

// agrees waits until what tutor says is what the kernel says: a start whose command line was killed goes on, and a
// container may come to run just after it was looked at.
func (w *wreckage) agrees() {
	w.t.Helper()
	differs := "nothing was compared"
	for deadline := time.Now().Add(pace.Times(20 * time.Second)); differs != ""; time.Sleep(5 * time.Millisecond) {
		require.True(w.t, time.Now().Before(deadline), "%s", differs)
		differs = w.compared()
	}
	require.Equal(w.t, w.mounts, mountTable(w.t), "the host's mount table")
}

// compared is what is different: processes, groups, locks, sockets, directories; "": nothing.
func (w *wreckage) compared() string {
	said := map[string]string{}
	for line := range strings.Lines(ok(w.t, "ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}")) {
		id, state, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[id], w.ids[id] = state, true
	}
	lives, monitors := liveFiles(filepath.Join(home, "run")), map[int]bool{}
	for id, live := range lives {
		if said[id] != "running" {
			return fmt.Sprintf("%.12s lives, and ps says %q", id, said[id])
		}
		monitors[live.Monitor] = true
	}
	for id, state := range said {
		live, there := lives[id]
		if state == "running" && (!there || !strings.Contains(read(fmt.Sprintf("/proc/%d", live.PID), "cgroup"), "tutor-"+id)) {
			return fmt.Sprintf("ps says that %.12s is running, and its first process, %d, is not there", id, live.PID)
		}
		if !slices.Contains([]string{"running", "exited", "created"}, state) {
			return fmt.Sprintf("%.12s is %s", id, state)
		}
	}
	for id := range w.ids {
		if groups := groupsOf(w.t, id); said[id] != "running" && len(groups) > 0 {
			return "a group is left: " + groups[0]
		}
	}
	if sockets := globbed(w.t, filepath.Join(home, "run", "*", "*.sock")); len(sockets) != len(lives) {
		return fmt.Sprintf("%d containers live, and there are the sockets %q", len(lives), sockets)
	}
	for _, dir := range globbed(w.t, filepath.Join(home, "root", "containers", "*")) {
		if _, err := os.Stat(filepath.Join(dir, "state.json")); err != nil {
			return "half made, or half gone: " + dir
		}
	}
	return strings.Join(strangers(monitors), "; ")
}

func groupsOf(t *testing.T, id string) []string {
	t.Helper()
	return append(globbed(t, "/sys/fs/cgroup/tutor-"+id), globbed(t, "/sys/fs/cgroup/*/tutor-"+id)...)
}

// strangers are processes of this very program that nobody knows, and containers' that no running container has.
func strangers(known map[int]bool) (found []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if exe, _ := os.Readlink(path); exe == binary && !known[pid] {
			found = append(found, fmt.Sprint(pid, " ", read(filepath.Dir(path), "cmdline")))
		}
	}
	return found
}
