package grader_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// A hostile box changes nothing but its own score. Some of these run COMMAND in the end, and may well pass; wrong says
// which must not.

const honest = `#!/bin/sh
shift; [ "$1" = -- ] && shift
`

var hostiles = []struct {
	name, script string
	wrong        bool
}{
	{"escapes its session", `for i in 1 2 3 4 5; do setsid sh -c 'trap "" TERM HUP; while :; do sleep 100; done' & done`, false},
	{"prints results of its own", `echo '{"schema":"tutor/result/v1","points":20}'; echo '::set-output name=result::pass'; echo '<testsuites/>'; exit 0`, true},
	{"writes gigabytes", `head -c 2000000000 /dev/zero`, false},
	{"never ends", `while :; do :; done`, true},
	{"kills everything that it sees", `trap "" TERM; kill -KILL -1; kill -KILL 1`, false},
	{"fills the disk", `head -c 10000000000 /dev/zero > /tmp/full; head -c 10000000000 /dev/zero > /usr/full`, false},
	{"closes its descriptors", `exec 0<&- 1>&- 2>&-; for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done; exec sleep 1000`, true},
	{"is a fork bomb", `bomb() { bomb | bomb & }; bomb; wait`, false},
	{"removes all files", `rm -rf /box /etc /usr/bin /usr/sbin /tutor 2>/dev/null`, true},
	{"writes over the probe", `cp /bin/true /tutor/bin/tutor`, false},
	{"writes into the memory of others", `for p in /proc/[0-9]*; do dd if=/dev/zero of=$p/mem bs=4096 seek=1024 count=4096 2>/dev/null; done`, false},
	{"renames the host and mounts over it", `hostname owned; umount -a -l; mount -t tmpfs owned /usr; mount --make-rshared /`, false},
	{"takes the groups away", `for g in /sys/fs/cgroup/*; do echo 1 > $g/cgroup.procs; rmdir $g/*; done 2>/dev/null; umount /sys/fs/cgroup/*`, false},
}

// state is what a hostile box could have changed on the host.
func state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	name, err := os.Hostname()
	require.NoError(t, err)
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for _, line := range strings.Split(string(mountinfo), "\n") {
		if strings.Contains(line, "owned") || strings.Contains(line, "tutor-grade-") {
			b.WriteString(line + "\n")
		}
	}
	for _, file := range []string{"/usr/full", "/tmp/full"} {
		require.NoFileExists(t, file)
	}
	info, err := os.Stat("/bin/sh")
	require.NoError(t, err)
	return b.String() + name + info.ModTime().String()
}

func TestAHostileBoxChangesNothingButItsOwnScore(t *testing.T) {
	root(t)
	before := state(t)
	t.Cleanup(func() {
		require.Equal(t, before, state(t), "the host has changed")
		groups, err := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/*/tutor-grade-%d-*", os.Getpid()))
		require.NoError(t, err)
		require.Empty(t, groups)
	})
	lab := grader.Find("1-bare-process")
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, labs.Files{"box": honest + h.script + "\nexec \"$@\"\n"})
			report, err := grader.Run(grader.Order{Lab: lab, Path: dir, Dir: filepath.Join(t.TempDir(), "grade"), Seed: seed(), Alone: true,
				Only: "lab1.exit", After: func(*grader.Report) {}})
			require.NoError(t, err)
			require.Zero(t, report.Count(grader.Error), story(report))
			if h.wrong {
				require.Zero(t, report.Points, story(report))
			}
			handedIn, err := os.ReadFile(filepath.Join(dir, "box"))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(handedIn), honest), "what was handed in has changed")
		})
	}
	t.Run("and an honest one beside them", func(t *testing.T) {
		t.Parallel()
		files, err := labs.Solution(1)
		require.NoError(t, err)
		report := graded(t, grader.Order{Lab: lab, Path: folder(t, files), Alone: true})
		require.Equal(t, lab.Points(), report.Points, story(report))
	})
}

func TestAnyLanguageWillDo(t *testing.T) {
	root(t)
	starter, err := labs.Starter(2, "sh")
	require.NoError(t, err)
	lab := grader.Find("2-namespaces")
	report := graded(t, grader.Order{Lab: lab, Path: folder(t, starter), Alone: true})
	require.Zero(t, report.Points, story(report))
	for before, work := range shellSolution {
		require.Contains(t, starter["box"], before)
		starter["box"] = strings.Replace(starter["box"], before, work+before, 1)
	}
	report = graded(t, grader.Order{Lab: lab, Path: folder(t, starter)})
	require.Equal(t, 0, report.Exit(), story(report))
}

// shellSolution is the starter's YOUR WORK: what goes before which line.
var shellSolution = map[string]string{
	`[ "$1" = run ] ||`: `[ -n "$BOX_AGAIN" ] || BOX_AGAIN=1 exec unshare --pid --mount --uts --ipc "$0" "$@"
unset BOX_AGAIN
`,
	`exec "$@"
)`: `mount --make-rprivate / && mount -t proc proc /proc || exit 125
	[ -z "$hostname" ] || hostname "$hostname"
	`,
}

// TestAProgramIsCompiledWhereOnlyItsOwnFilesAre: an assembly file may include any other, and the assembler quotes it.
func TestAProgramIsCompiledWhereOnlyItsOwnFilesAre(t *testing.T) {
	root(t)
	other := folder(t, labs.Files{"box.go": "hunter2 hunter2\n"})
	mine := folder(t, labs.Files{"go.mod": "module box\n\ngo 1.25\n", "box.go": "package main\n\nfunc other()\n\nfunc main() { other() }\n",
		"box.s": fmt.Sprintf("#include \"%s/box.go\"\n", other)})
	report := graded(t, grader.Order{Lab: grader.Find("1-bare-process"), Path: mine, Alone: true})
	require.Zero(t, report.Points)
	require.Contains(t, report.Checks[0].Actual, "go build", "it does not build")
	require.NotContains(t, strings.ToLower(story(report)), "hunter2")
	require.NoFileExists(t, filepath.Join(mine, ".built-by-tutor"))
}
