//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"tutor/labs"
	"tutor/labs/grader"
)

// grade grades one submission, and its exit code is the outcome.
func (c *cli) grade(ctx context.Context, g *grading, path string) error {
	standing := labs.OpenNotebook().Read()[g.lab.Name].Exercise
	text := &grader.Text{Out: c.Out, Colour: coloured(os.Stdout), Hint: g.hint, Seed: g.seed, Path: path}
	if g.asText {
		g.format = &grader.Format{Name: "text", Encode: func(r *grader.Report) ([]byte, error) {
			return grader.Words(r, grader.Text{Hint: g.hint, Seed: g.seed, Path: path}), nil
		}}
	}
	whole, remove, err := wholeBox(path)
	if err != nil {
		return failure{err, gradeEnvironment}
	}
	defer remove()
	var failed error
	after := func(r *grader.Report) {
		if g.text() {
			text.Show(r.Tell(g.details))
		}
		if g.output != "" && failed == nil {
			failed = g.write(r)
		}
	}
	report, err := grader.Run(grader.Order{Lab: g.lab, Path: whole, Dir: filepath.Join(c.home().Run, "grade"), Student: g.student, Version: version,
		Seed: g.seed, Hide: g.hide, Only: g.only, Alone: g.alone, GivenUp: standing.GivenUp, Stop: ctx.Done(), After: after})
	if errors.Is(err, grader.ErrStopped) {
		return lookedOn(ctx, exit(128+2))
	}
	if err == nil {
		err = failed
	}
	if err == nil {
		err = g.note(report)
	}
	if err != nil {
		return failure{err, gradeEnvironment}
	}
	outcome := c.graded(g, text, report)
	if g.explain {
		if err := c.explainGrade(ctx, g, report, whole); err != nil {
			return failure{err, gradeEnvironment}
		}
	}
	return outcome
}

// wholeBox is what a submission stands for: itself; of a lab's own folder, which holds only what that lab changes, a new one with all.
func wholeBox(path string) (dir string, remove func(), err error) {
	files, err := labs.InPlace(path)
	if err != nil || files == nil {
		return path, func() {}, err
	}
	if dir, err = os.MkdirTemp("", "tutor-box-"); err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	if _, err = putFiles(dir, files, false); err != nil {
		remove()
	}
	return dir, remove, err
}

// text tells if the results are printed for a person, each as it comes.
func (g *grading) text() bool {
	return g.words == "text" || g.output != "" && g.format.Print == nil
}

// note writes down how far the student is, for tutor lab. What a teacher grades under a student's name is not noted.
func (g *grading) note(r *grader.Report) error {
	if g.only != "" || g.student != "" || r.Error != "" {
		return nil
	}
	return labs.OpenNotebook().Graded(g.lab.Name, r.Points, r.MaxPoints)
}

func (g *grading) write(r *grader.Report) error {
	content, err := g.format.Encode(r.Tell(g.details))
	if err != nil {
		return err
	}
	return grader.Write(g.output, content)
}

// graded prints the end, and is the exit code.
func (c *cli) graded(g *grading, text *grader.Text, r *grader.Report) error {
	print := g.format.Print
	if print == nil && g.output == "" {
		print = g.format.Encode
	}
	if g.text() {
		print = nil
	}
	if print == nil {
		text.Sum(r.Tell(g.details))
	} else {
		content, err := print(r.Tell(g.details))
		if err != nil {
			return failure{err, gradeEnvironment}
		}
		c.Out.Write(content)
	}
	code := r.Exit()
	if code == 1 && g.format.Calm {
		code = 0
	}
	if code != 0 {
		return exit(code)
	}
	return nil
}
