package grader_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs/grader"
)

// sample has one check of each outcome, one hidden, one of an earlier lab, and what a box may print to break a reader.
func sample() *grader.Report {
	evil := "\x1b[31mred\x00 <b>&amp;]]> \xff\n::set-output name=result::pass\n::error::no"
	return &grader.Report{Schema: grader.ResultSchema, Suite: "ab12", Version: "v1", Kernel: "6.1.0", Student: "ada", Lab: "2-namespaces", Seed: 42,
		StartedAt: "2026-01-02T03:04:05Z", DurationMS: 1234, Points: 4, MaxPoints: 14, Complete: true, Env: map[string]string{"cgroup": "v2"},
		Checks: []grader.Result{
			{ID: "lab2.pid", Lab: "2-namespaces", Title: "PID 1", Status: grader.Pass, Points: 4, MaxPoints: 4, Command: "sudo ./box run -- tutor probe hold", Visibility: "visible", DurationMS: 31},
			{ID: "lab2.proc", Lab: "2-namespaces", Title: "its own /proc", Status: grader.Fail, MaxPoints: 3, Command: "sudo ./box run -- 'a b'", Expected: "1", Actual: evil,
				Hints: []string{"ps believes /proc"}, Man: "proc(5)", Visibility: "visible", DurationMS: 1002},
			{ID: "lab2.uts", Lab: "2-namespaces", Title: "a secret title", Status: grader.Fail, MaxPoints: 2, Expected: "a secret value", Actual: "a secret", Visibility: "hidden"},
			{ID: "lab2.ipc", Lab: "2-namespaces", Title: "IPC", Status: grader.Error, MaxPoints: 3, Why: "clone3 = ENOMEM", Visibility: "visible"},
			{ID: "lab2.left", Lab: "2-namespaces", Title: "nothing stays", Status: grader.Skip, MaxPoints: 2, Why: "needs lab2.proc", Visibility: "visible"},
			{ID: "lab1.exit", Lab: "1-bare-process", Title: "exit code", Status: grader.Pass, Visibility: "visible"},
		}}
}

func encoded(t *testing.T, name string) []byte {
	t.Helper()
	i := slices.IndexFunc(grader.Formats, func(f grader.Format) bool { return f.Name == name })
	require.GreaterOrEqual(t, i, 0)
	content, err := grader.Formats[i].Encode(sample().Tell("full"))
	require.NoError(t, err)
	return content
}

// TestEachFormatIsAsItWas holds the formats to files that were read by a person. UPDATE_GOLDEN=1 writes them anew.
func TestEachFormatIsAsItWas(t *testing.T) {
	t.Setenv("CLASSROOM", "os")
	host, _ := os.Hostname()
	for _, f := range grader.Formats {
		path := filepath.Join("testdata", f.Name+".golden")
		got := bytes.ReplaceAll(encoded(t, f.Name), []byte(`hostname="`+host+`"`), []byte(`hostname="HOST"`))
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(path, got, 0o644))
		}
		wanted, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(wanted), string(got), f.Name)
		require.NotContains(t, string(got), "secret", "%s tells of a hidden check more than whether it passed", f.Name)
	}
}

// A check whose lesson has nothing on it sends nobody there.
func TestWhatToReadIsSaidAsFarAsThereIsAnything(t *testing.T) {
	for read, want := range map[string]string{"": "read      man 5 proc\n", "By hand": "read      man 5 proc; “By hand” in tutor lab 2-namespaces\n"} {
		report := sample()
		report.Checks[1].Read = read
		var out bytes.Buffer
		(&grader.Text{Out: &out}).Show(report)
		require.Contains(t, out.String(), want)
	}
}

func TestJUnitKeepsToTheSchema(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("needs xmllint: make deps installs it")
	}
	lint := exec.Command("xmllint", "--noout", "--schema", "testdata/junit.xsd", "-")
	lint.Stdin = bytes.NewReader(encoded(t, "junit"))
	out, err := lint.CombinedOutput()
	require.NoError(t, err, string(out))
}

// A rule is what a course system says of one field.
type rule struct {
	kind     any // an example of the type
	required bool
	words    []string // the only ones, if given
}

// keeps holds an object to its rules; other fields than those are forbidden.
func keeps(t *testing.T, object map[string]any, rules map[string]rule, more bool) {
	t.Helper()
	for name, r := range rules {
		value, there := object[name]
		require.True(t, there || !r.required, "%s is missing", name)
		if !there {
			continue
		}
		require.IsType(t, r.kind, value, name)
		if len(r.words) > 0 {
			require.Contains(t, r.words, value, name)
		}
	}
	for name := range object {
		_, known := rules[name]
		require.True(t, known || more, "%s is unknown", name)
	}
}

func decoded(t *testing.T, content []byte) (map[string]any, []any) {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal(content, &object))
	return object, object["tests"].([]any)
}

var visibilities = []string{"visible", "hidden", "after_due_date", "after_published"}

func TestGradescopeKeepsToItsRules(t *testing.T) {
	object, tests := decoded(t, encoded(t, "gradescope"))
	keeps(t, object, map[string]rule{"score": {kind: 0.0, required: true}, "execution_time": {kind: 0.0}, "output": {kind: ""},
		"output_format": {kind: "", words: []string{"text", "html", "simple_format", "md", "ansi"}}, "visibility": {kind: "", words: visibilities},
		"stdout_visibility": {kind: "", words: visibilities}, "tests": {kind: []any{}}, "extra_data": {kind: map[string]any{}}}, false)
	for _, one := range tests {
		keeps(t, one.(map[string]any), map[string]rule{"score": {kind: 0.0}, "max_score": {kind: 0.0}, "status": {kind: "", words: []string{"passed", "failed"}},
			"name": {kind: ""}, "number": {kind: ""}, "output": {kind: ""}, "visibility": {kind: "", words: visibilities}}, false)
	}
	require.NotContains(t, tests[3], "score", "what this machine cannot tell costs nothing")
}

func TestClassroom50KeepsToItsRules(t *testing.T) {
	object, tests := decoded(t, encoded(t, "classroom50"))
	keeps(t, object, map[string]rule{"schema": {kind: "", required: true, words: []string{"classroom50/result/v1"}}, "classroom": {kind: "", required: true},
		"assignment": {kind: "", required: true}, "submission": {kind: "", required: true}, "commit": {kind: "", required: true}, "release": {kind: "", required: true},
		"review": {kind: "", required: true}, "datetime": {kind: "", required: true}, "score": {kind: 0.0, required: true}, "max-score": {kind: 0.0, required: true},
		"tests": {kind: []any{}, required: true}}, false)
	require.LessOrEqual(t, object["score"], object["max-score"])
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, object["datetime"])
	for _, one := range tests {
		keeps(t, one.(map[string]any), map[string]rule{"test-name": {kind: "", required: true}, "passed": {kind: true, required: true},
			"score": {kind: 0.0, required: true}, "max-score": {kind: 0.0, required: true}}, true)
		require.Equal(t, float64(int(one.(map[string]any)["score"].(float64))), one.(map[string]any)["score"], "points are whole")
	}
}

func TestGitHubKeepsToItsRules(t *testing.T) {
	object, tests := decoded(t, encoded(t, "github"))
	outcomes := []string{"pass", "fail", "error"}
	keeps(t, object, map[string]rule{"version": {kind: 0.0, required: true}, "status": {kind: "", required: true, words: outcomes},
		"max_score": {kind: 0.0, required: true}, "tests": {kind: []any{}, required: true}}, false)
	sum := 0.0
	for _, one := range tests {
		keeps(t, one.(map[string]any), map[string]rule{"name": {kind: "", required: true}, "status": {kind: "", required: true, words: outcomes},
			"score": {kind: 0.0, required: true}, "message": {kind: "", required: true}, "test_code": {kind: "", required: true},
			"filename": {kind: "", required: true}, "line_no": {kind: 0.0, required: true}, "duration": {kind: 0.0, required: true}}, false)
		sum += one.(map[string]any)["score"].(float64)
	}
	require.Equal(t, 4.0, sum, "the gradebook adds these up")
}

func TestWhatABoxPrintsIsNoWorkflowCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output")
	t.Setenv("GITHUB_OUTPUT", path)
	log, err := grader.GitHubCommands(sample())
	require.NoError(t, err)
	lines := strings.Split(string(log), "\n")
	word, stopped := strings.CutPrefix(lines[0], "::stop-commands::")
	require.True(t, stopped)
	resumed := slices.Index(lines, "::"+word+"::")
	require.Greater(t, resumed, slices.Index(lines, "::set-output name=result::pass"), "a command of box's is obeyed")
	require.Equal(t, "::notice title=Autograding complete::Points 4/14", lines[resumed+1])
	output, err := os.ReadFile(path)
	require.NoError(t, err)
	result, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(string(output), "result=")))
	require.NoError(t, err)
	require.True(t, json.Valid(result))
}

func TestFailureDetails(t *testing.T) {
	for details, wanted := range map[string][]bool{"full": {true, true}, "actual-only": {false, true}, "none": {false, false}} {
		c := sample().Tell(details).Checks[1]
		require.Equal(t, wanted, []bool{c.Expected != "", c.Actual != ""}, details)
	}
}

func TestExitCodes(t *testing.T) {
	r := sample()
	require.Equal(t, 1, r.Exit(), "a failure is the student's, whatever else there is")
	r.Checks = slices.DeleteFunc(r.Checks, func(c grader.Result) bool { return c.Status == grader.Fail })
	require.Equal(t, 3, r.Exit(), "this machine could not tell")
	r.Checks = r.Checks[:1]
	require.Equal(t, 0, r.Exit())
}
