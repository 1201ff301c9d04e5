package grader

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"tutor/runtime/cgroups"
)

// An Order is what is to be graded.
type Order struct {
	Lab        *Lab
	Path       string // an executable, or a folder
	Dir        string // where the grader may make its directories
	Student    string
	Version    string // tutor's
	Seed       uint64
	Hide       []string        // checks of which a course tells only whether they passed
	Only       string          // one check, and what it needs; "": all, and those of the earlier labs
	Alone      bool            // not those of the earlier labs
	Submission string          // a digest of what was handed in
	GivenUp    bool            // the student has looked at the solution first
	Stop       <-chan struct{} // closed: end before the next check; what has been told so far stays
	After      func(*Report)   // after every check: write the report, so that a grader that is killed has reported
}

// ErrStopped is the end of a grading that was told to stop.
var ErrStopped = errors.New("grade: stopped")

// Run grades. What cannot be told because of this machine is in the report, as errors; the error is for a path that
// cannot be read.
func Run(o Order) (*Report, error) {
	began := time.Now()
	report := &Report{Schema: ResultSchema, Suite: suite(), Version: o.Version, Kernel: Kernel(), Student: o.Student, Lab: o.Lab.Name, Seed: o.Seed,
		StartedAt: began.UTC().Format(time.RFC3339), MaxPoints: o.Lab.Points(), GivenUp: o.GivenUp, Submission: o.Submission, Checks: []Result{},
		Env: map[string]string{"cgroup": cgroups.Read(os.DirFS("/")).Version(), "arch": runtime.GOARCH}}
	after := func(r *Report) {
		r.DurationMS = time.Since(began).Milliseconds()
		o.After(r)
	}
	if _, err := os.Stat(o.Path); err != nil {
		return report, err
	}
	b, err := Open(o.Dir, o.Seed)
	if err != nil {
		return report, o.broken(report, err)
	}
	defer b.Close()
	b.hide, b.stop = o.Hide, o.Stop
	if err := b.Calibrate(); err != nil && !b.stopped() {
		return report, o.broken(report, err)
	}
	report.Env["held_by"] = strings.Join(b.held, ", ")
	return report, o.checks(b, report, after)
}

// checks builds what was handed in, and makes the checks.
func (o Order) checks(b *Bench, report *Report, after func(*Report)) error {
	if b.stopped() {
		return ErrStopped
	}
	if err := b.Submit(o.Path); err != nil && !b.stopped() {
		return o.unbuilt(report, err)
	}
	for _, lab := range o.labs() {
		b.Grade(report, lab, o.choose(lab.Checks), lab == o.Lab, after)
	}
	if b.stopped() {
		return ErrStopped
	}
	report.Complete = true
	after(report)
	return nil
}

// labs are the one that is asked for, and the earlier ones: what worked shall still work.
func (o Order) labs() []*Lab {
	labs := []*Lab{o.Lab}
	for i := range Labs {
		if Labs[i].Number < o.Lab.Number && !o.Alone && o.Only == "" {
			labs = append(labs, &Labs[i])
		}
	}
	return labs
}

// choose is all checks, or one with those that it needs.
func (o Order) choose(checks []Check) []Check {
	if o.Only == "" {
		return checks
	}
	wanted := map[string]bool{o.Only: true}
	for _, c := range slices.Backward(checks) {
		for _, need := range c.Needs {
			wanted[need] = wanted[need] || wanted[c.ID]
		}
	}
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return !wanted[c.ID] })
}

// broken reports that this machine cannot grade: every check is an error, and no point is lost.
func (o Order) broken(report *Report, err error) error {
	report.Error = err.Error()
	o.all(report, Error, err.Error())
	o.After(report)
	return nil
}

// buildable is what every check expects first of all.
const buildable = "a program that can be built"

// unbuilt reports a program that does not compile: that is the student's, and every check fails. The first one that is not hidden tells
// what the compiler has said. Where there is no compiler, it is this machine's.
func (o Order) unbuilt(report *Report, err error) error {
	var failed *BuildError
	if !errors.As(err, &failed) {
		return o.broken(report, err)
	}
	o.all(report, Fail, "")
	first := &report.Checks[max(0, slices.IndexFunc(report.Checks, func(c Result) bool { return c.Visibility != "hidden" }))]
	for i := range report.Checks {
		c := &report.Checks[i]
		c.Expected, c.Actual = buildable, "see "+first.ID
	}
	first.Actual, first.Command, first.Hints = failed.Error(), failed.Command, []string{"hand in an executable, or a folder with go.mod, Makefile or box; of what a compiler says the first message is the one to read"}
	o.After(report)
	return nil
}

// all gives every check that is asked for the same outcome.
func (o Order) all(report *Report, status Status, why string) {
	for _, c := range o.choose(o.Lab.Checks) {
		report.Checks = append(report.Checks, Result{ID: c.ID, Lab: o.Lab.Name, Title: c.Title, Status: status, MaxPoints: c.Points, Needs: append([]string{}, c.Needs...),
			Why: why, Man: c.Man, Read: c.Read, Visibility: visibility(o.Hide, c.ID), Hints: []string{}, Left: []string{}, Evidence: map[string]any{}})
	}
	report.Complete = true
}

// sources are the checks themselves, and what they look with.
//
//go:embed *.go
var sources embed.FS

// suite tells two versions of the checks apart: a hash of their source, and of what they check.
var suite = sync.OnceValue(func() string {
	h := sha256.New()
	names, _ := fs.Glob(sources, "*.go")
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			content, _ := sources.ReadFile(name)
			fmt.Fprintf(h, "%s %d\n%s", name, len(content), content)
		}
	}
	for _, lab := range Labs {
		for _, c := range lab.Checks {
			fmt.Fprintf(h, "%#v\n", c.Promise)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
})
