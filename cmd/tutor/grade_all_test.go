package main_test

import (
	"encoding/csv"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
)

// submissions is a folder of submissions: each a box in shell, by its student's name.
func submissions(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "box"), []byte("#!/bin/sh\nshift 2\n"+script+"\n"), 0o755))
	}
	return dir
}

// evil is what a student may hope that a teacher's browser obeys.
const evil = `<script>alert(1)<b onclick=x>`

func TestAClassIsGradedToATableAPageAndRecords(t *testing.T) {
	root(t)
	dir := submissions(t, map[string]string{"ada": `exec "$@"`, "bob": `"$@"; exit 0`, "=HYPERLINK(1)": `echo "` + evil + `"; exit 3`, evil: `exit 9`})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".DS_Store"), nil, 0o644))
	require.NoError(t, os.Symlink("ada", filepath.Join(dir, "eve")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".mia"), 0o755))
	to := filepath.Join(t.TempDir(), "grades")
	r := tutor(t, "grade", "--all", "1", dir, "--output", to, "--seed", "7", "--this-lab-only")
	require.Equal(t, 0, r.code, r.stdout+r.stderr)
	require.Contains(t, r.stderr, ": .mia, eve, notes.txt\n", "what is no submission is named")
	require.Contains(t, r.stdout, "4 graded: ")

	file, err := os.Open(filepath.Join(to, "grades.csv"))
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 5)
	require.Equal(t, []string{"student", "lab", "points", "max_points", "outcome", "seed"}, lines[0][:6])
	table := map[string][]string{}
	for _, line := range lines[1:] {
		table[line[0]] = line
		require.NotContains(t, "=+-@", line[0][:1], "a spreadsheet would compute it")
	}
	require.Equal(t, []string{"1-bare-process", "18", "20", "failed", "7"}, table["ada"][1:6])
	require.Equal(t, "0", table["'=HYPERLINK(1)"][2])

	page := read(to, "grades.html")
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<b onclick")
	require.Contains(t, page, "&lt;script&gt;alert(1)", "what box printed is shown, as text")
	require.NotRegexp(t, `(?i)(src|href)="?https?:`, page, "it needs nothing else")
	var record struct {
		Student, Kernel, Suite_sha256, Tutor_version string
		Seed                                         int
		Complete                                     bool
	}
	require.NoError(t, json.Unmarshal([]byte(read(to, "records/bob.json")), &record))
	require.True(t, record.Complete)
	require.Equal(t, 7, record.Seed)
	for _, fact := range []string{record.Kernel, record.Suite_sha256, "bob"} {
		require.NotEmpty(t, fact)
		require.Contains(t, html.UnescapeString(page), fact)
	}
}

// What students must not know, the page that all may see does not tell either.
func TestTheClassPageKeepsHiddenChecksHidden(t *testing.T) {
	root(t)
	dir, to := submissions(t, map[string]string{"ada": `"$@"; exit 0`}), filepath.Join(t.TempDir(), "grades")
	tutor(t, "grade", "--all", "1", dir, "--this-lab-only", "--output", to, "--hide", "lab1.exit,lab1.killed")
	page := read(to, "grades.html")
	require.NotContains(t, page, "lab1.exit")
	require.NotContains(t, page, "128+n")
	require.Regexp(t, `(?s)lab1\.left</th>.*title="hidden check">lab1\.hidden1</th>.*title="hidden check">lab1\.hidden2</th>`, page, "behind the others")
}

func TestAClassThatWasStoppedGoesOnWhereItStood(t *testing.T) {
	root(t)
	dir := submissions(t, map[string]string{"ada": `exec "$@"`, "bob": `exec "$@"`, "zoe": `[ "$2" = hold ] && exec sleep 1000; exec "$@"`})
	to := filepath.Join(t.TempDir(), "grades")
	args := []string{"grade", "--all", "1", dir, "--output", to, "--jobs", "1"}
	cmd, out := background(t, args...)
	eventually(t, "two to be graded", func() bool { return strings.Contains(out.String(), "bob ") })
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	cmd.Wait()
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), out.String())
	require.Contains(t, out.String(), "the same command goes on from here")
	require.Empty(t, graderLeft(t, cmd.Process.Pid))

	for name, script := range map[string]string{"zoe": `exec "$@"`, "bob": `exit 1`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "box"), []byte("#!/bin/sh\nshift 2\n"+script+"\n"), 0o755))
	}
	again := ok(t, args...)
	require.Regexp(t, `ada +18/20  failed \(graded before\)`, again)
	require.Regexp(t, `zoe +18/20  failed\n`, again)
	require.Regexp(t, `bob +0/20  failed\n`, again, "handed in anew")
}

func TestAProgressBarIsForATerminal(t *testing.T) {
	pace.Fast(t)
	root(t)
	tool(t, "tmux")
	dir := submissions(t, map[string]string{"ada": `exec "$@"`, "bob": `exec "$@"`})
	require.NotContains(t, ok(t, "grade", "--all", "1", dir, "--output", filepath.Join(t.TempDir(), "grades")), "[==")
	socket := filepath.Join(t.TempDir(), "tmux")
	typed := strings.Join([]string{binary, "grade", "--all", "1", dir, "--output", filepath.Join(t.TempDir(), "grades"), "; sleep 1000"}, " ")
	require.NoError(t, exec.Command("tmux", "-S", socket, "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "30", typed).Run())
	t.Cleanup(func() { exec.Command("tmux", "-S", socket, "kill-server").Run() })
	eventually(t, "the bar to be full", func() bool {
		time.Sleep(20 * time.Millisecond)
		screen, _ := exec.Command("tmux", "-S", socket, "capture-pane", "-p").Output()
		return regexp.MustCompile(`=\] *2 of 2 graded`).Match(screen) && strings.Contains(string(screen), "ada  18/20") && strings.Contains(string(screen), "2 graded: ")
	})
}
