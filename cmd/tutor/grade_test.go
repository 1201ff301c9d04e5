package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// boxScript is an executable box in shell.
func boxScript(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "box")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nshift 2\n"+text+"\n"), 0o755))
	return path
}

func TestGradeSaysWhatRanWhatWasExpectedAndWhatWasSeen(t *testing.T) {
	root(t)
	box := boxScript(t, `"$@"; exit 0`)
	cmd := exec.Command(binary, "grade", "1", box, "--only", "lab1.exit", "--seed", "7")
	r := command(t, cmd)
	require.Equal(t, 1, r.code, r.stderr)
	for _, line := range []string{
		"Lab 1-bare-process   seed 7\n",
		`FAIL    0/2  lab1.exit      box ends with COMMAND's exit code`,
		"ran       sudo " + box + " run -- tutor probe exit ",
		"expected  exit code ", "got       exit code 0\n",
		"hint      scripts rely on it",
		"read      man 2 wait; “By hand” in tutor lab 1-bare-process\n",
		"again     sudo tutor grade 1-bare-process " + box + " --only lab1.exit --seed 7 --hint 2\n",
	} {
		require.Contains(t, r.stdout, line)
	}
	require.Equal(t, r.stdout, tutor(t, "grade", "1", box, "--only", "lab1.exit", "--seed", "7").stdout, "the same seed is the same run")
	require.Empty(t, graderLeft(t, cmd.Process.Pid))
}

func TestGradesExitCodes(t *testing.T) {
	root(t)
	right := boxScript(t, `"$@"`)
	require.Equal(t, 0, tutor(t, "grade", "1", right, "--only", "lab1.exit").code)
	for _, words := range [][]string{{"grade"}, {"grade", "9"}, {"grade", "1", "/nonesuch"}, {"grade", "1", right, "--format", "nonesuch"},
		{"grade", "1", right, "--nonesuch"}, {"grade", "1", right, "--only", "lab9.x"}} {
		require.Equal(t, 2, tutor(t, words...).code, words)
	}
}

func TestGradeWritesAReportAfterEveryCheck(t *testing.T) {
	root(t)
	report := filepath.Join(t.TempDir(), "report.json")
	box := boxScript(t, `[ ! -e /var/lib/never ] || exit 1; "$@"`)
	ok(t, "grade", "1", box, "--only", "lab1.exit", "--output", report, "--format", "json")
	var record struct {
		Schema string
		Points int
	}
	require.NoError(t, json.Unmarshal([]byte(read(filepath.Dir(report), "report.json")), &record))
	require.Equal(t, "tutor/result/v1", record.Schema)
	require.Equal(t, 2, record.Points)
}

func TestAProgramThatDoesNotBuildFailsEveryCheck(t *testing.T) {
	root(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module box\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "box.go"), []byte("package main\n\nfunc main() { nonesuch() }\n"), 0o644))
	for _, args := range [][]string{nil, {"--hide", "lab1.argv"}} { // the compiler's words are told once, by a check that may tell
		r := tutor(t, append([]string{"grade", "1", dir}, args...)...)
		require.Equal(t, 1, r.code)
		require.Equal(t, 1, strings.Count(r.stdout, "undefined: nonesuch"), r.stdout)
		require.NotContains(t, r.stdout, "see lab1.")
		require.Equal(t, 12, strings.Count(r.stdout, "FAIL "))
	}
	r := tutor(t, "grade", "1", dir, "--only", "lab1.left")
	require.Contains(t, r.stdout, "undefined: nonesuch")
	require.NotContains(t, r.stdout, "lab1.denied", "only what was asked for")
}

func TestAMakefileIsRunInASandbox(t *testing.T) {
	root(t)
	tool(t, "make")
	dir := t.TempDir()
	makefile := "box:\n\ttouch /usr/made-by-a-student\n\tprintf '#!/bin/sh\\n. \"$${0%%/*}/part\"\\n' > box\n\tchmod +x box\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part"), []byte("shift 2\n\"$@\"\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Makefile"), []byte(makefile), 0o644))
	require.Equal(t, 0, tutor(t, "grade", "1", dir, "--only", "lab1.exit").code)
	require.NoFileExists(t, "/usr/made-by-a-student")
	require.NoFileExists(t, filepath.Join(dir, "box"), "the student's folder was written to")
}

// A machine without Go is no fault of the student's: the report says so, and no point is lost.
func TestWithoutGoEveryCheckIsAnError(t *testing.T) {
	root(t)
	tool(t, "unshare")
	dir := t.TempDir()
	ok(t, "lab", "start", "1", dir)
	report := filepath.Join(t.TempDir(), "report.json")
	hidden := exec.Command("unshare", "--mount", "sh", "-ec", `for d in "$(go env GOROOT)" /usr/local/go /usr/lib/go /usr/lib/go-*; do if [ -d "$d" ]; then mount -t tmpfs none "$d"; fi; done
! go version 2>/dev/null
exec "$1" grade 1 "$2" --this-lab-only --format json --output "$3"`, "sh", binary, dir, report)
	r := command(t, hidden)
	require.Equal(t, 3, r.code, "%s%s", r.stdout, r.stderr)
	require.Contains(t, r.stdout+read(filepath.Dir(report), "report.json"), "this machine has no Go")
	var told struct{ Checks []struct{ Status string } }
	require.NoError(t, json.Unmarshal([]byte(read(filepath.Dir(report), "report.json")), &told))
	require.NotEmpty(t, told.Checks)
	for _, c := range told.Checks {
		require.Equal(t, "error", c.Status)
	}
}

func TestAStarterIsWrittenOnceAndBegunAnewOnDemand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	ok(t, "lab", "start", "3", dir)
	require.Contains(t, read(dir, "README.md"), "`lab3.memory`")
	require.Contains(t, read(dir, "box.go"), "YOUR WORK")
	require.NotContains(t, read(dir, "box.go"), "go:build")
	require.FileExists(t, filepath.Join(dir, "namespaces.go"), "the solution of the lab before")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "box.go"), []byte("mine"), 0o644))
	r := tutor(t, "lab", "start", "3", dir)
	require.NotZero(t, r.code)
	require.Equal(t, "mine", read(dir, "box.go"))
	require.Contains(t, ok(t, "lab", "reset", "3", dir), "box.go was yours: it is box.go.old now\n")
	require.Equal(t, "mine", read(dir, "box.go.old"))
	require.Contains(t, read(dir, "box.go"), "YOUR WORK")
	require.NoFileExists(t, filepath.Join(dir, "namespaces.go.old"), "it was not changed")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "box.go"), []byte("mine again"), 0o644))
	ok(t, "lab", "reset", "3", dir)
	require.Equal(t, "mine", read(dir, "box.go.old"))
	require.Equal(t, "mine again", read(dir, "box.go.old2"))
}

// A lab's own folder holds only what that lab changes; it is graded as the program that it stands for.
func TestALabsOwnFoldersAreGradedWhereTheyLie(t *testing.T) {
	root(t)
	file := filepath.Join(t.TempDir(), "said")
	r := tutor(t, "grade", "2", "../../labs/2-namespaces/solution", "--this-lab-only", "--format", "text", "--output", file)
	require.Equal(t, 0, r.code, r.stdout+r.stderr)
	require.Equal(t, r.stdout, read(filepath.Dir(file), "said"), "asked for as text, the file is text")
	r = tutor(t, "grade", "2", "../../labs/2-namespaces/exercise", "--this-lab-only")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "\n0 of 20 points")
	require.NotContains(t, r.stdout, "go build")
	require.Contains(t, r.stdout, "tutor grade 2-namespaces ../../labs/2-namespaces/exercise --only")
	require.Empty(t, globbed(t, filepath.Join(os.TempDir(), "tutor-box-*")))
}
