//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/filters"
	"tutor/runtime/volumes"
)

func newVolume(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "volume COMMAND", Short: "Manage volumes",
		Long:    "A volume is a directory that outlives the containers that use it: tutor run -v NAME:/path IMAGE.",
		Example: "  tutor volume create data\n  tutor run -v data:/data tutor/lab sh -c 'date > /data/when'\n  tutor volume ls\n  tutor volume rm data"}
	command.AddCommand(
		newVolumeCreate(c),
		newVolumeInspect(c),
		newVolumeLs(c),
		newVolumePrune(c),
		newVolumeRm(c),
	)
	return command
}

// localDriver is the only one there is: a directory of this machine.
const localDriver = "local"

func noDriver(volume, driver string) error {
	return container.Hint(fmt.Errorf("create %s: error looking up volume plugin %s: plugin %q not found", volume, driver, driver), "tutor knows the driver local")
}

func newVolumeCreate(c *cli) *cobra.Command {
	var driver string
	var texts, options []string
	command := &cobra.Command{
		Use:     "create [OPTIONS] [VOLUME]",
		Short:   "Create a volume",
		Long:    "create makes a volume. One that is there already stays as it is; without a name it gets 64 random digits.",
		Example: "  tutor volume create data\n  tutor volume create --label course=1 data",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := append(args, "")[0]
			if driver != localDriver {
				return noDriver(name, driver)
			}
			if err := noOptions(name, options); err != nil {
				return err
			}
			labels, err := labels(texts)
			if err != nil {
				return err
			}
			if name == "" {
				name = container.NewID()
				labels[volumes.AnonymousLabel] = ""
			}
			v, err := c.home().Volumes().Create(cmd.Context(), name, labels)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.Out, v.Name)
			return nil
		},
	}
	command.Flags().StringVarP(&driver, "driver", "d", localDriver, "Specify volume driver name")
	command.Flags().Var((*list)(&texts), "label", "Set metadata for a volume")
	command.Flags().VarP((*list)(&options), "opt", "o", "Set driver specific options: tutor's volumes have none, and its error says what to use")
	return command
}

// instead is what does the same as a volume that is a mount. Docker mounts such a volume on the host while a container
// uses it; tutor mounts nothing there, ever.
var instead = map[string]string{
	"tmpfs": "a directory in memory is the container's own: --tmpfs /path:size=64m",
	"none":  "a directory of the host needs no volume: -v /host/dir:/path",
	"nfs":   "mount it on the host, and give that to the container: mount -t nfs SERVER:/dir /mnt, then -v /mnt:/path",
}

// noOptions refuses what the driver local knows in Docker.
func noOptions(volume string, options []string) error {
	kind := "nfs"
	for _, text := range options {
		key, value, _ := strings.Cut(text, "=")
		if !slices.Contains([]string{"type", "o", "device", "size"}, key) {
			return container.Hint(fmt.Errorf("create %s: invalid option: %q", volume, key), "tutor's volumes are directories below TUTOR_ROOT, and have no options")
		}
		if key == "type" && instead[value] != "" {
			kind = value
		}
	}
	if len(options) == 0 {
		return nil
	}
	return container.Hint(fmt.Errorf("create %s: a volume that is a mount is not supported: %s", volume, strings.Join(options, " ")), instead[kind])
}

func newVolumeRm(c *cli) *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use:               "rm [OPTIONS] VOLUME [VOLUME...]",
		Aliases:           []string{"remove"},
		Short:             "Remove one or more volumes",
		Long:              "rm removes volumes with all that is in them. One that a container uses, running or not, stays.",
		Example:           "  tutor volume rm data\n  tutor volume rm $(tutor volume ls -q --filter label=course)",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeVolumes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.home().Settle(); err != nil { // a container whose tutor was killed may be about to let go of one
				return err
			}
			var failed []error
			for _, name := range args {
				err := c.home().Volumes().Remove(cmd.Context(), name, c.home().VolumeUsers)
				if force && errors.Is(err, volumes.ErrNotFound) {
					err = nil // what is gone already is no failure
				}
				if err != nil {
					failed = append(failed, err)
					continue
				}
				fmt.Fprintln(c.Out, name)
			}
			return errors.Join(failed...)
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "Force the removal of one or more volumes: one that is not there is no error")
	return command
}

func newVolumePrune(c *cli) *cobra.Command {
	var f pruneFlags
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove unused local volumes",
		Long:    "prune removes the anonymous volumes that no container uses, with -a also those that have names.",
		Example: "  tutor volume prune\n  tutor volume prune -a -f\n  tutor volume prune -a --filter label=course=1",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.volumes(cmd, c) },
	}
	flags := command.Flags()
	flags.BoolVarP(&f.all, "all", "a", false, "Remove all unused volumes, not just anonymous ones")
	flags.BoolVarP(&f.force, "force", "f", false, "Do not prompt for confirmation")
	flags.Var((*list)(&f.filter), "filter", `Provide filter values (e.g. "label=<label>")`)
	return command
}

func (f pruneFlags) volumes(cmd *cobra.Command, c *cli) error {
	chosen, err := filters.Parse(f.filter, "all", "label", "label!")
	if err != nil {
		return err
	}
	all := f.all || len(chosen["all"]) > 0 && chosen.Is("all", true)
	warning := "This will remove anonymous local volumes not used by at least one container."
	if all {
		warning = "This will remove all local volumes not used by at least one container."
	}
	if !f.force && !c.confirm(warning) {
		return nil
	}
	if err := c.home().Settle(); err != nil {
		return err
	}
	freed, err := c.pruneVolumes(cmd.Context(), func(v volumes.Volume) bool {
		return (all || v.Anonymous()) && chosen.Labels(v.Labels)
	})
	fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed), 4))
	return err
}

// pruneVolumes removes those that fit and that no container uses, and says which.
func (c *cli) pruneVolumes(ctx context.Context, fits func(volumes.Volume) bool) (freed int64, err error) {
	gone, err := c.home().Volumes().Prune(ctx, fits, c.home().VolumeUsers)
	if len(gone.Names) > 0 {
		fmt.Fprintf(c.Out, "Deleted Volumes:\n%s\n\n", strings.Join(gone.Names, "\n"))
	}
	return gone.Bytes, err
}

// completeVolumes offers the names of volumes that are not there yet.
func (c *cli) completeVolumes(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	all, err := c.home().Volumes().List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	for _, v := range all {
		if strings.HasPrefix(v.Name, begun) && !slices.Contains(args, v.Name) {
			found = append(found, v.Name)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
