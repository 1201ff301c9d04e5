package grader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Format is what a course system reads. Each is made from the one record, a file each.
type Format struct {
	Name   string
	Encode func(*Report) ([]byte, error) // the content of the file
	Print  func(*Report) ([]byte, error) // what goes to stdout beside the file; nil: nothing, and without --output the content
	Calm   bool                          // the system takes any other exit code than 0 for a broken machine
}

// Formats are all of them, beside text.
var Formats = []Format{
	{Name: "json", Encode: (*Report).JSON},                  // tutor/result/v1 itself
	{Name: "junit", Encode: JUnit},                          // CI systems
	{Name: "gradescope", Encode: Gradescope},                // /autograder/results/results.json
	{Name: "classroom50", Encode: Classroom50, Calm: true},  // result.json
	{Name: "github", Encode: GitHub, Print: GitHubCommands}, // GitHub Classroom's result, and workflow commands
}

const hiddenTitle = "hidden check"

// Tell is the report as a student may see it: details is full, actual-only or none. Of a hidden check it tells only
// whether it passed: its name would say which promise was broken, also where another check needs it.
func (r *Report) Tell(details string) *Report {
	told := *r
	told.Checks = make([]Result, len(r.Checks))
	names := r.disguised()
	for i, c := range r.Checks {
		hidden := c.Visibility == "hidden"
		if hidden {
			c.ID, c.Title = names[c.ID], hiddenTitle
		}
		if hidden || details != "full" {
			c.Expected, c.Command, c.Hints, c.Man, c.Read = "", "", []string{}, "", ""
		}
		if hidden || details == "none" {
			c.Actual, c.Left, c.Evidence = "", []string{}, map[string]any{}
		}
		c.Needs = slices.Clone(c.Needs)
		for n, need := range c.Needs {
			c.Needs[n] = cmp.Or(names[need], need)
			if c.Status == Skip && c.Why == needs(need) {
				c.Why = needs(c.Needs[n])
			}
		}
		told.Checks[i] = c
	}
	return &told
}

// disguised are names for the hidden checks: "lab2.hidden1", in the order of their lab.
func (r *Report) disguised() map[string]string {
	names, count := map[string]string{}, map[string]int{}
	for _, c := range r.Checks {
		if lab, _, _ := strings.Cut(c.ID, "."); c.Visibility == "hidden" {
			count[lab]++
			names[c.ID] = fmt.Sprintf("%s.hidden%d", lab, count[lab])
		}
	}
	return names
}

// Hidden is how many checks are hidden, and how many of these failed.
func (r *Report) Hidden() (failed, of int) {
	for _, c := range r.Checks {
		if c.Visibility == "hidden" {
			of++
			if c.Status == Fail {
				failed++
			}
		}
	}
	return failed, of
}

// Story is a result in words, as every format shows it.
func (c Result) Story() string {
	var story string
	for _, part := range []struct{ word, text string }{{"ran", c.Command}, {"expected", c.Expected}, {"got", c.Actual}, {"because", c.Why}} {
		if part.text != "" {
			story += part.word + ": " + Clean(part.text) + "\n"
		}
	}
	for i, hint := range c.Hints {
		if i == 0 && c.Status == Fail {
			story += "hint: " + hint + "\n"
		}
	}
	return story
}
