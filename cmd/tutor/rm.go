//go:build linux

package main

import (
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/filters"
)

// rmFlags are what `tutor rm` takes.
type rmFlags struct{ force, volumes bool }

func newRm(c *cli) *cobra.Command {
	var f rmFlags
	command := &cobra.Command{
		Use:               "rm [OPTIONS] CONTAINER [CONTAINER...]",
		Short:             "Remove one or more containers",
		Example:           "  tutor rm web\n  tutor rm -f $(tutor ps -aq)",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			signal.Reset(unix.SIGINT, unix.SIGTERM) // what is half removed goes with the next command
			if f.force {                            // as docker: what is gone already is no failure
				args = slices.DeleteFunc(args, func(name string) bool {
					_, err := c.home().Find(name)
					gone := errors.Is(err, container.ErrNotFound)
					if gone {
						c.report(err)
					}
					return gone
				})
			}
			return c.each(args, func(s container.State) error { return c.rm(s, f) })
		},
	}
	command.Flags().BoolVarP(&f.force, "force", "f", false, "Force the removal of a running container (uses SIGKILL)")
	command.Flags().BoolVarP(&f.volumes, "volumes", "v", false, "Remove anonymous volumes associated with the container")
	return command
}

func (c *cli) rm(s container.State, f rmFlags) error {
	h := c.home()
	remove := func() error { return h.Remove(s.ID, f.volumes || s.Remove) }
	if f.force {
		if err := h.End(s); err != nil {
			return err
		}
	}
	err := remove()
	// It may be just starting: it has its networks, and not yet a process that could be killed.
	for deadline := time.Now().Add(10 * time.Second); f.force && errors.Is(err, container.ErrRunning) && time.Now().Before(deadline); err = remove() {
		time.Sleep(5 * time.Millisecond)
		if err := h.End(s); err != nil {
			return err
		}
	}
	if errors.Is(err, container.ErrRunning) {
		return container.Hint(fmt.Errorf("You cannot remove a running container %s. Stop the container before attempting removal or force remove", s.ID),
			"tutor stop "+s.Name+", or tutor rm -f "+s.Name)
	}
	return err
}

func newContainerPrune(c *cli) *cobra.Command {
	var f pruneFlags
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove all stopped containers",
		Example: "  tutor container prune\n  tutor container prune -f\n  tutor container prune --filter until=24h",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			chosen, err := filters.Parse(f.filter, pruneKeys...)
			if err != nil {
				return err
			}
			if !f.force && !c.confirm("This will remove all stopped containers.") {
				return nil
			}
			freed, err := c.pruneContainers(chosen)
			fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed), 3))
			return err
		},
	}
	command.Flags().BoolVarP(&f.force, "force", "f", false, "Do not prompt for confirmation")
	command.Flags().Var((*list)(&f.filter), "filter", `Provide filter values (e.g. "until=24h")`)
	return command
}

// pruneContainers removes what fits and does not run, prints which, and returns the bytes.
func (c *cli) pruneContainers(f filters.Filters) (freed int64, err error) {
	h := c.home()
	if err := h.Settle(); err != nil {
		return 0, err
	}
	states, err := h.List()
	if err != nil {
		return 0, err
	}
	some, now := false, time.Now()
	for _, s := range states {
		if h.Runs(s.ID) || !f.Labels(s.Labels) || !f.Until(s.Created, now) {
			continue
		}
		size := h.Size(s.ID)
		err := h.Remove(s.ID, false)
		if errors.Is(err, container.ErrRunning) {
			continue // started meanwhile
		}
		if err != nil {
			return freed, err
		}
		if freed += size; !some {
			fmt.Fprintln(c.Out, "Deleted Containers:")
			some = true
		}
		fmt.Fprintln(c.Out, s.ID)
	}
	if some {
		fmt.Fprintln(c.Out)
	}
	return freed, nil
}

func newRename(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "rename CONTAINER NEW_NAME",
		Short:             "Rename a container",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			if args[1] == "" {
				return container.Hint(errors.New("Neither old nor new names may be empty"), "tutor rename CONTAINER NEW_NAME")
			}
			if err := checkName(args[1]); err != nil {
				return err
			}
			s, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			return c.home().Rename(s.ID, args[1])
		},
	}
}
