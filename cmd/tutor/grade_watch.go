//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"tutor/labs/grader"
)

// gradeAgain grades now, and whenever something is saved, until Ctrl-C. It ends as the last grading ended.
func (c *cli) gradeAgain(ctx context.Context, g *grading, path string) error {
	watch, err := grader.NewWatch(path, g.output)
	if err != nil {
		return failure{err, gradeEnvironment}
	}
	defer watch.Close()
	for {
		outcome := c.grade(ctx, g, path)
		if ctx.Err() != nil {
			return outcome
		}
		if ended := exit(0); outcome != nil && !errors.As(outcome, &ended) {
			c.report(outcome) // nothing to be graded there, just now
		}
		fmt.Fprintf(c.Out, "\nWaiting for %s to change (%s). Ctrl-C ends.\n", path, watch.How)
		name, err := watch.Next(ctx)
		if ctx.Err() != nil {
			return outcome
		}
		if err == nil {
			err = watch.Look()
		}
		if err != nil {
			return failure{err, gradeEnvironment}
		}
		fmt.Fprintf(c.Out, "\n%s has changed.\n\n", grader.Clean(name))
		if !g.seeded {
			g.seed = freshSeed()
		}
	}
}
