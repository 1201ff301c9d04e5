//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"

	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/terminal"
)

// canBeLeft tells if somebody may want to leave and let it run: with the detach keys, at a terminal, or by a signal
// that is not handed on. Then the container needs a monitor that stays; otherwise this very process looks after it.
func (f *runFlags) canBeLeft() bool {
	o := &f.options
	keys := o.Interactive && o.Terminal && terminal.Is(os.Stdin)
	return (keys || !f.proxy) && f.explain.form == "" && !f.step && o.Lab == 0
}

// leave is -d: the container's ID, and nobody waits.
func (f *runFlags) leave(c *cli, ctr *container.Container, trace *container.Trace) (int, error) {
	a, err := c.home().Start(ctr.State.ID, container.Hello{}, trace)
	if err != nil {
		return failedStatus(err), err
	}
	defer a.Close()
	fmt.Fprintln(c.Out, ctr.State.ID)
	return 0, nil
}

// stay runs the container in the foreground, under the eyes of whoever traces.
func (f *runFlags) stay(c *cli, ctr *container.Container, watch container.Watch) (status int, err error) {
	person := container.Person{Out: os.Stdout}
	if f.options.Interactive {
		person.In = os.Stdin
	}
	joint := ctr.Local(c.Out, c.Err)
	restore := func() {}
	started, ended := watch.Started, watch.Ended
	watch.Started = func(r *process.Running) {
		if started != nil {
			started(r)
		}
		_, restore, err = person.Join(joint, f.options.Terminal)
		if f.options.Terminal {
			joint.Resize(terminal.SizeOf(os.Stdout))
		}
	}
	watch.Ended = func(r *process.Running, status int) {
		restore()
		if ended != nil {
			ended(r, status)
		}
	}
	status, runErr := ctr.Run(watch)
	restore()
	return status, errors.Join(err, runErr)
}
