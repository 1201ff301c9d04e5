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

func (f *endFlags) define(command *cobra.Command) {
	f.explain.define(command.Flags())
	command.Flags().BoolVar(&f.dryRun, "dry-run", false, "Print the Program without running it")
}

// run ends containers, by end, which prints their names. Ctrl-C ends tutor at once: nothing is half done then, for a
// container's end is its monitor's business, and a wait has nothing to take back.
func (f *endFlags) run(c *cli, names []string, plan func(container.State) (container.StopPlan, error), end func() error) (err error) {
	if f.sink, err = f.explain.sink(c.Err); err != nil {
		return err
	}
	defer f.sink.close()
	signal.Reset(unix.SIGINT, unix.SIGTERM)
	if f.dryRun {
		return f.show(c, names, plan)
	}
	return end()
}

// show prints the Programs, and no names: nothing was done.
func (f *endFlags) show(c *cli, names []string, plan func(container.State) (container.StopPlan, error)) error {
	for _, name := range names {
		s, err := c.home().Find(name)
		if err != nil {
			return about(name, err)
		}
		p, err := plan(s)
		if err != nil {
			return about(name, err)
		}
		if err := f.sink.dryRun(c.Out, f.explain.form, p.Program()); err != nil {
			return err
		}
	}
	return nil
}

func (f *endFlags) trace(p container.StopPlan, list program.Program, ran *process.Running) {
	f.explain.print(f.sink, explain.Trace{Program: list, HostPID: os.Getpid(), PID: p.Process.PID, Inside: p.Inside, Command: p.Command, Results: ran.Results()})
}
