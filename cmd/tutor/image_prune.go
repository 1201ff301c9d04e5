//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/filters"
	"tutor/runtime/image"
)

// pruneFlags are what the prune commands take.
type pruneFlags struct {
	all, force bool
	filter     []string
}

func newImagePrune(c *cli) *cobra.Command {
	var f pruneFlags
	command := &cobra.Command{
		Use:   "prune [OPTIONS]",
		Short: "Remove unused images",
		Long: "prune removes the images that no tag leads to and no container uses, with -a also those that have tags, and\n" +
			"what pulls that failed have left.",
		Example: "  tutor image prune\n  tutor image prune -a -f\n  tutor image prune -a --filter until=24h",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return f.images(c) },
	}
	flags := command.Flags()
	flags.BoolVarP(&f.all, "all", "a", false, "Remove all unused images, not just dangling ones")
	flags.BoolVarP(&f.force, "force", "f", false, "Do not prompt for confirmation")
	flags.Var((*list)(&f.filter), "filter", `Provide filter values (e.g. "until=24h")`)
	return command
}

func (f pruneFlags) images(c *cli) error {
	chosen, err := filters.Parse(f.filter, image.FilterKeys...)
	if err != nil {
		return err
	}
	warning := "This will remove all dangling images."
	if f.all {
		warning = "This will remove all images without at least one container associated to them."
	}
	if !f.force && !c.confirm(warning) {
		return nil
	}
	freed, err := f.pruneImages(c, chosen)
	fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed), 3))
	return err
}

// pruneImages removes the images that nobody uses, prints which, and returns the bytes.
func (f pruneFlags) pruneImages(c *cli, chosen filters.Filters) (int64, error) {
	store, err := c.Store()
	if err != nil {
		return 0, err
	}
	inUse, err := c.imagesInUse()
	if err != nil {
		return 0, err
	}
	gone, err := store.Prune(f.all, chosen, inUse)
	freed, freeErr := c.home().Free(store)
	if len(gone.Untagged)+len(gone.Deleted) > 0 {
		fmt.Fprintln(c.Out, "Deleted Images:")
		for _, name := range gone.Untagged {
			fmt.Fprintln(c.Out, "untagged:", name)
		}
		for _, id := range gone.Deleted {
			fmt.Fprintln(c.Out, "deleted:", id)
		}
		fmt.Fprintln(c.Out)
	}
	return gone.Bytes + freed, errors.Join(err, freeErr)
}

// confirm asks, as Docker does. Without an answer it is no.
func (c *cli) confirm(warning string) bool {
	signal.Reset(unix.SIGINT, unix.SIGTERM) // Ctrl-C is a no as well
	fmt.Fprintf(c.Out, "WARNING! %s\nAre you sure you want to continue? [y/N] ", warning)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "y")
}
