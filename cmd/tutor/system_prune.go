//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/filters"
	"tutor/runtime/volumes"
)

// pruneKeys is what everything that nobody uses is chosen by.
var pruneKeys = []string{"label", "label!", "until"}

var errUntilVolumes = container.Hint(errors.New(`The "until" filter is not supported with "--volumes"`), "tutor volume prune, and tutor system prune without --volumes")

func newSystemPrune(c *cli) *cobra.Command {
	var f pruneFlags
	var anonymous bool
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove unused data",
		Long:    "prune removes stopped containers, and networks and images that nobody uses, with --volumes also anonymous volumes.\nVolumes with names stay: tutor volume prune -a.",
		Example: "  tutor system prune\n  tutor system prune -a -f --volumes\n  tutor system prune --filter label=course=1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := filters.Parse(f.filter, pruneKeys...)
			if err == nil && anonymous && len(chosen["until"]) > 0 {
				err = errUntilVolumes
			}
			if err != nil {
				return err
			}
			if !f.force && !c.confirm(f.warning(anonymous)) {
				return nil
			}
			return f.system(cmd.Context(), c, anonymous, chosen)
		},
	}
	command.Flags().BoolVarP(&f.all, "all", "a", false, "Remove all unused images not just dangling ones")
	command.Flags().BoolVar(&anonymous, "volumes", false, "Prune anonymous volumes")
	command.Flags().Var((*list)(&f.filter), "filter", `Provide filter values (e.g. "label=<key>=<value>")`)
	command.Flags().BoolVarP(&f.force, "force", "f", false, "Do not prompt for confirmation")
	return command
}

// warning is what will go, in Docker's words and order.
func (f pruneFlags) warning(anonymous bool) string {
	text := "This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
	if anonymous {
		text += "  - all anonymous volumes not used by at least one container\n"
	}
	if f.all {
		return text + "  - all images without at least one container associated to them\n"
	}
	return text + "  - all dangling images\n"
}

// system removes containers first: a network, a volume or an image may be free when they are gone.
func (f pruneFlags) system(ctx context.Context, c *cli, anonymous bool, chosen filters.Filters) error {
	freed, err := c.pruneContainers(chosen)
	if err != nil {
		return err
	}
	if err := c.pruneNetworks(ctx, chosen); err != nil {
		return err
	}
	if anonymous {
		ofVolumes, err := c.pruneVolumes(ctx, func(v volumes.Volume) bool { return v.Anonymous() && chosen.Labels(v.Labels) })
		if freed += ofVolumes; err != nil {
			return err
		}
	}
	ofImages, err := f.pruneImages(c, chosen)
	fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed+ofImages), 3))
	return err
}
