//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tutor/labs"
	"tutor/labs/grader"
	"tutor/runtime/container"
)

// explainGrade shows, for each check that failed (or for the one that was asked for), the system calls of box beside
// those of the solution.
func (c *cli) explainGrade(ctx context.Context, g *grading, r *grader.Report, path string) error {
	reference, err := os.MkdirTemp("", "tutor-reference-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(reference)
	files, err := labs.Solution(g.lab.Number)
	if err != nil {
		return err
	}
	if _, err := putFiles(reference, files, false); err != nil {
		return err
	}
	o := grader.Order{Lab: g.lab, Path: path, Dir: filepath.Join(c.home().Run, "grade"), Version: version, Seed: g.seed, Stop: ctx.Done()}
	for _, check := range r.Checks {
		if check.Lab != g.lab.Name || check.Visibility == "hidden" || check.ID != g.only && check.Status != grader.Fail {
			continue
		}
		steps, err := o.Compare(check.ID, reference)
		if errors.Is(err, grader.ErrNoStrace) {
			return container.Hint(err, "apt-get install strace")
		}
		if err != nil {
			return fmt.Errorf("grade: --explain %s: %w", check.ID, err)
		}
		c.printSteps(check, steps)
	}
	return nil
}

// printSteps prints one comparison: what both do alike in short, and what differs with both calls.
func (c *cli) printSteps(check grader.Result, steps []grader.Step) {
	fmt.Fprintf(c.Out, "\n%s: the system calls of the solution, and of your box\n", check.ID)
	last := grader.Step{}
	for _, s := range steps {
		fmt.Fprintf(c.Out, "\n  %s\n", s.Did)
		for _, side := range []struct{ who, call, before string }{{"solution", s.Reference, last.Reference}, {"your box", s.Mine, last.Mine}} {
			call := grader.Clean(side.call)
			if call == "" {
				call = "-"
			}
			if side.call != "" && side.call == side.before {
				call = "the same call"
			}
			fmt.Fprintf(c.Out, "    %s  %s\n", side.who, call)
		}
		if s.Remark != "" {
			fmt.Fprintf(c.Out, "    →         %s\n", grader.Clean(s.Remark))
		}
		last = s
	}
}
