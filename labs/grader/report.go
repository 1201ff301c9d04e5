package grader

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// A Status is how a check came out.
type Status string

const (
	Pass  Status = "pass"
	Fail  Status = "fail"  // box is wrong
	Error Status = "error" // the machine is: it says nothing about box
	Skip  Status = "skip"  // a check that this one needs did not pass
)

// A Report is the record that every format is made from.
type Report struct {
	Schema     string            `json:"schema"` // "tutor/result/v1"
	Suite      string            `json:"suite_sha256"`
	Version    string            `json:"tutor_version"`
	Kernel     string            `json:"kernel"`
	Env        map[string]string `json:"env"`
	Student    string            `json:"student"`
	Submission string            `json:"submission,omitempty"` // a digest of what was handed in, where many are graded
	Lab        string            `json:"lab"`
	Seed       uint64            `json:"seed"`
	StartedAt  string            `json:"started_at"` // RFC 3339, UTC
	DurationMS int64             `json:"duration_ms"`
	Points     int               `json:"points"`
	MaxPoints  int               `json:"max_points"`
	GivenUp    bool              `json:"given_up"`
	Complete   bool              `json:"complete"` // false: the grader was stopped, or is still at work
	Error      string            `json:"error"`    // of the machine, or of the build, before any check
	Checks     []Result          `json:"checks"`
}

// A Result is one line of it.
type Result struct {
	ID         string         `json:"id"`
	Lab        string         `json:"lab"` // an earlier one's checks have no points: what worked shall still work
	Title      string         `json:"title"`
	Status     Status         `json:"status"`
	Points     int            `json:"points"`
	MaxPoints  int            `json:"max_points"`
	Needs      []string       `json:"needs"`
	Command    string         `json:"command"` // as it can be typed
	Expected   string         `json:"expected"`
	Actual     string         `json:"actual"`
	Why        string         `json:"why"` // it was skipped, or the machine's error
	Hints      []string       `json:"hints"`
	Man        string         `json:"man"`
	Read       string         `json:"read"`
	Visibility string         `json:"visibility"` // "visible" or "hidden"
	DurationMS int64          `json:"duration_ms"`
	Left       []string       `json:"left"` // what box left behind in the sandbox
	Evidence   map[string]any `json:"evidence"`
}

// ResultSchema is the name of the record's format.
const ResultSchema = "tutor/result/v1"

// sum counts the points.
func (r *Report) sum() {
	r.Points = 0
	for _, c := range r.Checks {
		r.Points += c.Points
	}
}

// Count is how many checks came out so.
func (r *Report) Count(s Status) int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == s {
			n++
		}
	}
	return n
}

// Exit is the exit code: 0 all passed, 1 something failed, 3 the machine could not tell.
func (r *Report) Exit() int {
	if r.Count(Fail) > 0 {
		return 1
	}
	if r.Error != "" || r.Count(Error) > 0 || !r.Complete {
		return 3
	}
	return 0
}

// JSON is the record itself.
func (r *Report) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// Write replaces a file in one step: who reads it, also after the power has gone, finds the old one or the new one whole.
func Write(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
