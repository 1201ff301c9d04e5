package grader

import (
	"errors"
	"fmt"
	"os/exec"
)

// Compare runs one check twice with strace beside it, on what a student has handed in and on the reference, with the
// same seed, and puts the calls beside each other by what they are for.
func (o Order) Compare(check, reference string) ([]Step, error) {
	var c *Check
	for i := range o.Lab.Checks {
		if o.Lab.Checks[i].ID == check {
			c = &o.Lab.Checks[i]
		}
	}
	if c == nil {
		return nil, fmt.Errorf("lab %s has no check %s", o.Lab.Name, check)
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, ErrNoStrace
	}
	theirs, err := o.traceOf(reference, *c)
	if err != nil {
		return nil, err
	}
	mine, err := o.traceOf(o.Path, *c)
	if err != nil {
		return nil, err
	}
	return align(theirs, mine), nil
}

// traceOf is what a program does in a check.
func (o Order) traceOf(path string, c Check) ([]traced, error) {
	b, err := Open(o.Dir, o.Seed)
	if err != nil {
		return nil, err
	}
	b.stop = o.Stop
	if err := errors.Join(b.Calibrate(), b.Submit(path)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	calls, err := b.trace(c)
	return calls, errors.Join(err, b.Close())
}
