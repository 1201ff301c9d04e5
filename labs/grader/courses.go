package grader

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Gradescope is results.json as its autograder documentation has it. Every test is visible, and a hidden check is one
// without a name: a test that Gradescope itself hides would hide the total as well. A check that this machine could not tell of has no
// score: it costs nothing, and the text for the whole submission says so.
func Gradescope(r *Report) ([]byte, error) {
	type test struct {
		Score      *int   `json:"score,omitempty"`
		MaxScore   *int   `json:"max_score,omitempty"`
		Status     string `json:"status,omitempty"`
		Name       string `json:"name"`
		Number     string `json:"number"`
		Output     string `json:"output"`
		Visibility string `json:"visibility"`
	}
	tests := []test{}
	for _, c := range r.Checks {
		one := test{Name: c.ID + " " + c.Title, Number: strings.TrimPrefix(c.ID, "lab"), Output: c.Story(), Visibility: "visible"}
		if c.Status != Error {
			score, most := c.Points, c.MaxPoints
			one.Score, one.MaxScore, one.Status = &score, &most, "failed"
			if c.Status == Pass {
				one.Status = "passed"
			}
		}
		tests = append(tests, one)
	}
	return indented(map[string]any{"score": r.Points, "execution_time": float64(r.DurationMS) / 1000, "output": r.headline(), "output_format": "text",
		"stdout_visibility": "hidden", "tests": tests, "extra_data": map[string]any{"seed": r.Seed, "suite_sha256": r.Suite, "tutor_version": r.Version, "kernel": r.Kernel}})
}

// headline is the report in a few words.
func (r *Report) headline() string {
	text := fmt.Sprintf("Lab %s: %d of %d points, seed %d.", r.Lab, r.Points, r.MaxPoints, r.Seed)
	if n := r.Count(Error); n > 0 {
		text += fmt.Sprintf(" %d checks could not be made on this machine; they cost nothing.", n)
	}
	if r.Error != "" {
		text += " " + Clean(r.Error)
	}
	if failed, of := r.Hidden(); of > 0 {
		text += fmt.Sprintf(" %d of %d hidden checks failed.", failed, of)
	}
	if !r.Complete {
		text += " The grader was stopped before its end."
	}
	return text
}

// Classroom50 is result.json, classroom50/result/v1. Who and what is graded comes from the runner's environment.
func Classroom50(r *Report) ([]byte, error) {
	tests := []map[string]any{}
	for _, c := range r.Checks {
		one := map[string]any{"test-name": c.ID + " " + c.Title, "passed": c.Status == Pass, "score": c.Points, "max-score": c.MaxPoints}
		if c.Status == Skip {
			one["skipped"] = true
		}
		if story := c.Story(); story != "" {
			one["details"] = story
		}
		tests = append(tests, one)
	}
	result := map[string]any{"schema": "classroom50/result/v1", "datetime": r.StartedAt, "score": r.Points, "max-score": r.MaxPoints, "tests": tests}
	for key, variable := range map[string]string{"classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG",
		"commit": "COMMIT_URL", "release": "RELEASE_URL", "review": "REVIEW_URL"} {
		result[key] = os.Getenv(variable)
	}
	return indented(result)
}

// GitHub is the result that GitHub Classroom's reporter reads, before base64. The checks of earlier labs have no points
// and are left out: its table counts tests, whatever their score.
func GitHub(r *Report) ([]byte, error) {
	tests, status := []map[string]any{}, "pass"
	for _, c := range r.Checks {
		if c.Lab != r.Lab {
			continue
		}
		s := string(c.Status)
		if c.Status == Skip {
			s = "fail"
		}
		if s != "pass" && status != "error" {
			status = s
		}
		tests = append(tests, map[string]any{"name": c.ID + " " + c.Title, "status": s, "score": c.Points, "message": c.Story(), "test_code": Clean(c.Command),
			"filename": "", "line_no": 0, "duration": c.DurationMS})
	}
	return indented(map[string]any{"version": 1, "status": status, "max_score": r.MaxPoints, "tests": tests})
}

// GitHubCommands is what a workflow's log gets. What box has said is never read as a command: commands are stopped
// around it, until a word that box cannot know.
func GitHubCommands(r *Report) ([]byte, error) {
	word := rand.Text()
	var b strings.Builder
	fmt.Fprintf(&b, "::stop-commands::%s\n", word)
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-5s %d/%d %s %s\n%s", c.Status, c.Points, c.MaxPoints, c.ID, c.Title, c.Story())
	}
	fmt.Fprintf(&b, "::%s::\n", word)
	fmt.Fprintf(&b, "::notice title=Autograding complete::Points %d/%d\n", r.Points, r.MaxPoints)
	fmt.Fprintf(&b, "::notice title=Autograding report::{\"totalPoints\":%d,\"maxPoints\":%d}\n", r.Points, r.MaxPoints)
	return []byte(b.String()), r.gitHubOutput()
}

// gitHubOutput is the step's output "result", for the reporter of a later step.
func (r *Report) gitHubOutput() error {
	path := os.Getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	result, err := GitHub(r)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "result=%s\n", base64.StdEncoding.EncodeToString(result))
	return err
}

func indented(value any) ([]byte, error) {
	data, err := json.MarshalIndent(value, "", "  ")
	return append(data, '\n'), err
}
