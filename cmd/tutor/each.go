//go:build linux

package main

import (
	"errors"
	"fmt"

	"tutor/runtime/container"
)

// each does something to every container that is named, and prints each name when it is done. It goes on after an
// error, and ends with 1 then, as Docker does.
func (c *cli) each(names []string, do func(container.State) error) error {
	var failed []error
	for _, name := range names {
		s, err := c.home().Find(name)
		if err == nil {
			err = do(s)
		}
		if err != nil {
			failed = append(failed, about(name, err))
			continue
		}
		fmt.Fprintln(c.Out, name)
	}
	return c.together(failed)
}

// all is the same for what is done to all of them at once.
func (c *cli) all(names []string, do func([]container.State) []error) error {
	var failed []error
	var states []container.State
	var found []string
	for _, name := range names {
		s, err := c.home().Find(name)
		if err != nil {
			failed = append(failed, about(name, err))
			continue
		}
		states, found = append(states, s), append(found, name)
	}
	for i, err := range do(states) {
		if err != nil {
			failed = append(failed, about(found[i], err))
			continue
		}
		fmt.Fprintln(c.Out, found[i])
	}
	return c.together(failed)
}

// together is what several errors come to: each is reported with its own hint.
func (c *cli) together(failed []error) error {
	if len(failed) < 2 {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		c.report(err)
	}
	return exit(1)
}

// about says which container an error is about, where it does not say so itself.
func about(name string, err error) error {
	switch {
	case errors.Is(err, container.ErrNotRunning):
		return container.Hint(fmt.Errorf("container %s is not running", name), "tutor ps shows what runs, tutor start "+name+" starts it")
	case errors.Is(err, container.ErrRunning):
		return container.Hint(fmt.Errorf("container %s is running", name), "stop it first: tutor stop "+name)
	}
	return err
}
