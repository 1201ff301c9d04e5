//go:build linux

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

// stopFlags are what stop and restart take.
type stopFlags struct {
	signal  string
	seconds int
	changed func(flag string) bool
}

func (f *stopFlags) define(command *cobra.Command) {
	f.changed = command.Flags().Changed
	command.Flags().StringVarP(&f.signal, "signal", "s", "", "Signal to send to the container")
	command.Flags().IntVarP(&f.seconds, "time", "t", 0, "Seconds to wait before killing the container, -1 for no bound (default: the container's --stop-timeout, or 10)")
	command.Flags().IntVar(&f.seconds, "timeout", 0, "The same as --time")
	command.Flags().MarkHidden("timeout")
}

// timeout is nil where none was given.
func (f *stopFlags) timeout() *int {
	if f.changed("time") || f.changed("timeout") {
		return &f.seconds
	}
	return nil
}

func newStop(c *cli) *cobra.Command {
	var f stopFlags
	var e endFlags
	command := &cobra.Command{
		Use:   "stop [OPTIONS] CONTAINER [CONTAINER...]",
		Short: "Stop one or more running containers",
		Long: "stop sends a container's first process SIGTERM, or what the image or --stop-signal says, and SIGKILL if it has\n" +
			"not ended after ten seconds. A shell as first process does not hear SIGTERM: run with --init, or -t 0.",
		Example:           "  tutor stop web\n  tutor stop -t 1 web db\n  tutor stop --explain web       every system call by which a container is ended",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			plan := func(s container.State) (container.StopPlan, error) {
				return c.home().PlanStop(s, f.signal, f.timeout())
			}
			return e.run(c, args, plan, func() error {
				return c.all(args, func(states []container.State) []error { return c.home().Stop(states, f.signal, f.timeout(), e.trace) })
			})
		},
	}
	f.define(command)
	e.define(command)
	return command
}

func newRestart(c *cli) *cobra.Command {
	var f stopFlags
	var e endFlags
	command := &cobra.Command{
		Use:               "restart [OPTIONS] CONTAINER [CONTAINER...]",
		Short:             "Restart one or more containers",
		Example:           "  tutor restart web\n  tutor restart -t 1 web\n  tutor restart --explain web    every system call of its end, and of its start",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			return e.run(c, args, nil, func() error {
				return c.each(args, func(s container.State) error {
					a, err := c.home().Restart(s, f.signal, f.timeout(), e.trace, e.explain.handOver(e.sink))
					if a != nil {
						a.Close()
					}
					return err
				})
			})
		},
	}
	f.define(command)
	e.explain.define(command.Flags())
	return command
}

func newKill(c *cli) *cobra.Command {
	var name string
	var e endFlags
	command := &cobra.Command{
		Use:               "kill [OPTIONS] CONTAINER [CONTAINER...]",
		Short:             "Kill one or more running containers",
		Example:           "  tutor kill web\n  tutor kill -s HUP web",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			signal, err := container.SignalOf(name)
			if err != nil {
				return err
			}
			plan := func(s container.State) (container.StopPlan, error) {
				p, err := c.home().PlanKill(s, signal)
				return p, killed(s, err)
			}
			return e.run(c, args, plan, func() error {
				return c.each(args, func(s container.State) error { return killed(s, c.home().Kill(s, signal, e.trace)) })
			})
		},
	}
	command.Flags().StringVarP(&name, "signal", "s", "SIGKILL", "Signal to send to the container")
	e.define(command)
	return command
}

// killed says it in Docker's words.
func killed(s container.State, err error) error {
	if errors.Is(err, container.ErrNotRunning) {
		return container.Hint(fmt.Errorf("Cannot kill container: %s: container %s is not running", s.Name, s.ID), "tutor ps shows what runs")
	}
	return err
}

func newPause(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "pause CONTAINER [CONTAINER...]",
		Short:             "Pause all processes within one or more containers",
		Long:              "pause freezes a container's group: its processes stand still, and do not notice. unpause lets them go on.",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.each(args, func(s container.State) error { return c.home().Pause(cmd.Context(), s.ID) })
		},
	}
}

func newUnpause(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "unpause CONTAINER [CONTAINER...]",
		Short:             "Unpause all processes within one or more containers",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.each(args, func(s container.State) error { return c.home().Unpause(cmd.Context(), s.ID) })
		},
	}
}

func newWait(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "wait CONTAINER [CONTAINER...]",
		Short:             "Block until one or more containers stop, then print their exit codes",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			var failed []error
			for _, name := range args {
				s, err := c.home().Find(name)
				if err == nil {
					var status int
					if status, err = c.home().Wait(cmd.Context(), s.ID); err == nil {
						fmt.Fprintln(c.Out, status)
					}
				}
				if err != nil {
					failed = append(failed, err)
				}
			}
			if cmd.Context().Err() != nil {
				failed = nil // those that were not waited for
			}
			return lookedOn(cmd.Context(), c.together(failed))
		},
	}
}
