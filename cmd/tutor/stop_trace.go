//go:build linux

package main

import (
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// endFlags are how stop and kill show what they do.
type endFlags struct {
	explain explainFlags
	dryRun  bool
	sink    sink
}

// ended is told of a Program that has ended a container.
type ended = func(container.StopPlan, program.Program, *process.Running)

func (f *endFlags) define(command *cobra.Command) {
	f.explain.define(command.Flags())
	command.Flags().BoolVar(&f.dryRun, "dry-run", false, "Print the Program without running it")
}

// each ends one container after the other. Ctrl-C ends tutor at once: nothing is half done then, for a container's end
// is its monitor's business, and a wait has nothing to take back.
func (f *endFlags) each(c *cli, names []string, end func(container.State, ended) error) (err error) {
	if f.sink, err = f.explain.sink(c.Err); err != nil {
		return err
	}
	defer f.sink.close()
	signal.Reset(unix.SIGINT, unix.SIGTERM)
	if f.dryRun {
		return f.eachDry(c, names, end)
	}
	return c.each(names, func(s container.State) error { return end(s, f.trace) })
}

// eachDry prints no names: nothing was done.
func (f *endFlags) eachDry(c *cli, names []string, end func(container.State, ended) error) error {
	for _, name := range names {
		s, err := c.home().Find(name)
		if err == nil {
			err = end(s, nil)
		}
		if err != nil {
			return about(name, err)
		}
	}
	return nil
}

// show prints the Program; nothing runs.
func (f *endFlags) show(c *cli, plan func() (container.StopPlan, error)) error {
	p, err := plan()
	if err != nil {
		return err
	}
	return f.sink.dryRun(c.Out, f.explain.form, p.Program())
}

func (f *endFlags) trace(p container.StopPlan, list program.Program, ran *process.Running) {
	f.explain.print(f.sink, explain.Trace{Program: list, HostPID: os.Getpid(), PID: p.Process.PID, Inside: p.Inside, Command: p.Command, Results: ran.Results()})
}
