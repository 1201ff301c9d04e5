// Package grader tells whether a student's box keeps the contract of a lab. It looks from the host's side, at what
// the kernel says of the processes that box has made; it never believes what a program says of itself.
//
// A lab is a table of checks. What they check stands in the lab's folder, in grade.go; how, in lab1.go to lab7.go. Each
// check runs box in a sandbox of its own, which holds whatever box does.
package grader

import (
	"strings"

	"tutor/labs/contract"
)

// A Lab is a table of checks.
type Lab struct {
	Number int
	Name   string // "2-namespaces"
	Checks []Check
}

// A Check is one promise of the contract, and what looks whether box keeps it.
type Check struct {
	contract.Promise
	Run func(s *Sandbox) error
}

// A Failure is what box did wrong. Any other error of a check is the environment's, and never lowers a score.
type Failure struct {
	Expected string
	Got      string
	Hints    []string // instead of the check's own, where what was seen says more
}

func (f *Failure) Error() string { return "expected " + f.Expected + ", got " + f.Got }

// wrong is the Failure that expected one thing and saw another.
func wrong(expected, got string, hints ...string) error {
	return &Failure{Expected: expected, Got: got, Hints: hints}
}

// same fails unless both are equal. Long texts are shown from a little before their first difference.
func same(what, expected, got string, hints ...string) error {
	if expected == got {
		return nil
	}
	return wrong(what+" "+excerpt(expected, difference(expected, got)), excerpt(got, difference(expected, got)), hints...)
}

// difference is where two texts part.
func difference(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// excerpt quotes what is around a place.
func excerpt(text string, at int) string {
	from, to := max(0, at-24), min(len(text), at+40)
	quoted := quote(text[from:to])
	if from > 0 {
		quoted = "…" + quoted
	}
	if to < len(text) {
		quoted += "…"
	}
	return quoted
}

// Find is the lab of that name: "2-namespaces", or its number alone. nil: there is none.
func Find(name string) *Lab {
	for i := range Labs {
		if number, _, _ := strings.Cut(Labs[i].Name, "-"); name == Labs[i].Name || name == number {
			return &Labs[i]
		}
	}
	return nil
}

// IDs are the names of its checks.
func (l *Lab) IDs() (ids []string) {
	for _, c := range l.Checks {
		ids = append(ids, c.ID)
	}
	return ids
}

// Points is the most that a lab gives.
func (l *Lab) Points() int {
	sum := 0
	for _, c := range l.Checks {
		sum += c.Points
	}
	return sum
}
