//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"tutor/labs/grader"
	"tutor/runtime/container"
)

// gradeAll grades a folder of submissions. Its exit code tells of the grading, and not of the students: 0 all were
// graded, 3 some could not be.
func (c *cli) gradeAll(ctx context.Context, g *grading, from string) error {
	if g.output == "" {
		g.output = "grades-" + g.lab.Name
	}
	class := &grader.Class{From: from, To: g.output, Jobs: g.jobs, Seeded: g.seeded, Tell: g.details, Order: grader.Order{
		Lab: g.lab, Dir: filepath.Join(c.home().Run, "grade"), Version: version, Seed: g.seed, Hide: g.hide, Alone: g.alone, Stop: ctx.Done()}}
	names, others, err := class.Submissions()
	if err == nil && len(names) == 0 {
		err = container.Hint(fmt.Errorf("grade: %s: no submission in there", from), "each is a folder, or an executable, named after its student")
	}
	if err != nil {
		return failure{err, gradeUsage}
	}
	if len(others) > 0 {
		fmt.Fprintf(c.Err, "tutor: passed over, being neither a folder nor an executable, or hidden by a dot: %s\n", grader.Clean(strings.Join(others, ", ")))
	}
	show, done := c.classProgress(names)
	ungraded := 0
	class.Done = func(e grader.Entry) {
		if e.Report.Error != "" || e.Report.Count(grader.Error) > 0 {
			ungraded++
		}
		show(e)
	}
	err = class.Grade(names)
	done()
	if errors.Is(err, grader.ErrStopped) || ctx.Err() != nil {
		fmt.Fprintln(c.Err, "tutor: stopped; the same command goes on from here")
		return lookedOn(ctx, exit(128+2))
	}
	if err != nil {
		return failure{err, gradeEnvironment}
	}
	fmt.Fprintf(c.Out, "\n%d graded: %s, %s; a record of each is in %s\n", len(names)-ungraded, filepath.Join(g.output, "grades.html"),
		filepath.Join(g.output, "grades.csv"), filepath.Join(g.output, "records"))
	if ungraded > 0 {
		fmt.Fprintf(c.Out, "%d could not be graded; the same command tries these again\n", ungraded)
		return exit(gradeEnvironment)
	}
	return nil
}

// classProgress prints a line for each submission; on a terminal with a bar below.
func (c *cli) classProgress(names []string) (show func(grader.Entry), done func()) {
	width := 0
	for _, name := range names {
		width = min(max(width, len(name)), 40)
	}
	line := func(e grader.Entry) string {
		text := fmt.Sprintf("%-*s  %5s  %s", width, grader.Clean(e.Student), fmt.Sprintf("%d/%d", e.Report.Points, e.Report.MaxPoints), grader.Clean(e.Outcome()))
		if e.Kept {
			text += " (graded before)"
		}
		return text
	}
	if !isTerminal(c.Out) {
		return func(e grader.Entry) { fmt.Fprintln(c.Out, line(e)) }, func() {}
	}
	screen := mpb.New(mpb.WithOutput(c.Out), mpb.WithWidth(50))
	bar := screen.New(int64(len(names)), mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.AppendDecorators(decor.CountersNoUnit("%d of %d graded")))
	return func(e grader.Entry) {
			fmt.Fprintln(screen, line(e))
			bar.Increment()
		}, func() {
			bar.Abort(false)
			screen.Wait()
		}
}
