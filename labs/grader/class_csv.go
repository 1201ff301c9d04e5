package grader

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
)

// CSV is a line for each student: what a grade book takes, and then a column for each check.
func (c *Class) CSV(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"student", "lab", "points", "max_points", "outcome", "seed", "started_at", "suite_sha256", "tutor_version", "kernel"}
	for _, check := range c.Lab.Checks {
		head = append(head, check.ID)
	}
	w.Write(head)
	for _, e := range entries {
		r := e.Report
		line := []string{e.Student, r.Lab, fmt.Sprint(r.Points), fmt.Sprint(r.MaxPoints), e.Outcome(), fmt.Sprint(r.Seed), r.StartedAt, r.Suite, r.Version, r.Kernel}
		for _, check := range c.Lab.Checks {
			line = append(line, string(r.status(check.ID)))
		}
		for i := range line {
			line[i] = plainCell(line[i])
		}
		w.Write(line)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// Outcome is one word, or what kept the submission from being graded.
func (e Entry) Outcome() string {
	switch r := e.Report; {
	case r.Error != "":
		return "not graded: " + r.Error
	case r.Count(Error) > 0:
		return fmt.Sprintf("%d checks could not be told here", r.Count(Error))
	case !r.Complete:
		return "stopped"
	case r.Count(Fail) > 0:
		return "failed"
	}
	return "passed"
}

// status is how a check came out; "": it was not made.
func (r *Report) status(id string) Status {
	for _, c := range r.Checks {
		if c.ID == id {
			return c.Status
		}
	}
	return ""
}

// plainCell keeps a spreadsheet from taking a student's name for a formula: "=HYPERLINK(…)" would send the class's
// grades to whoever handed in a folder of that name.
func plainCell(text string) string {
	text = Clean(text)
	if text != "" && strings.ContainsRune("=+-@\t\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
