//go:build linux

package main

import (
	"fmt"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

func newSystemPrune(c *cli) *cobra.Command {
	var f pruneFlags
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove unused data",
		Long:    "prune removes stopped containers and images that nobody uses. Volumes stay: tutor volume prune.",
		Example: "  tutor system prune\n  tutor system prune -a -f",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			warning := "This will remove:\n  - all stopped containers\n  - all dangling images\n"
			if f.all {
				warning = "This will remove:\n  - all stopped containers\n  - all images without at least one container associated to them\n"
			}
			if !f.force && !c.confirm(warning) {
				return nil
			}
			return f.system(c)
		},
	}
	command.Flags().BoolVarP(&f.all, "all", "a", false, "Remove all unused images not just dangling ones")
	command.Flags().BoolVarP(&f.force, "force", "f", false, "Do not prompt for confirmation")
	return command
}

// system removes containers first: an image may be free when they are gone.
func (f pruneFlags) system(c *cli) error {
	freed, err := c.pruneContainers()
	if err != nil {
		return err
	}
	ofImages, err := f.pruneImages(c, image.Filters{})
	fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed+ofImages), 3))
	return err
}
