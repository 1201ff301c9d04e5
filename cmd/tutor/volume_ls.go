//go:build linux

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/filters"
)

// A volumeRow is one line, with the names that Docker's templates use, in Docker's order.
type volumeRow struct {
	Availability, Driver, Group, Labels, Links, Mountpoint, Name, Scope, Size, Status string

	labelled
}

var volumeHeadings = volumeRow{Availability: "AVAILABILITY", Driver: "DRIVER", Group: "GROUP", Labels: "LABELS", Links: "LINKS",
	Mountpoint: "MOUNTPOINT", Name: "VOLUME NAME", Scope: "SCOPE", Size: "SIZE", Status: "STATUS"}

func newVolumeLs(c *cli) *cobra.Command {
	var quiet bool
	var format string
	var words []string
	command := &cobra.Command{
		Use:     "ls [OPTIONS]",
		Aliases: []string{"list"},
		Short:   "List volumes",
		Example: "  tutor volume ls\n  tutor volume ls -q --filter dangling=true\n  tutor volume ls --format '{{.Name}} {{.Mountpoint}}'",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			rows, err := c.volumeRows(words)
			if err != nil {
				return err
			}
			columns := `{{.Driver}}\t{{.Name}}`
			if quiet && format == "" {
				format = `{{.Name}}`
			}
			return printRows(c.Out, format, columns, volumeHeadings, rows)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&quiet, "quiet", "q", false, "Only display volume names")
	flags.VarP((*list)(&words), "filter", "f", "Provide filter values: dangling=true, driver=local, label=KEY[=VALUE], name=PART")
	flags.StringVar(&format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

func (c *cli) volumeRows(words []string) ([]volumeRow, error) {
	f, err := filters.Parse(words, "dangling", "driver", "label", "name")
	if err != nil {
		return nil, err
	}
	store := c.home().Volumes()
	all, err := store.List()
	if err != nil {
		return nil, err
	}
	users, err := c.home().VolumeUsers()
	if err != nil {
		return nil, err
	}
	var rows []volumeRow
	for _, v := range all {
		fits := f.Is("dangling", len(users[v.Name]) == 0) && f.Labels(v.Labels) && f.Fit("driver", func(driver string) bool { return driver == "local" }) &&
			f.Fit("name", func(name string) bool { return matches(name, v.Name) })
		if !fits {
			continue
		}
		rows = append(rows, volumeRow{Availability: "N/A", Driver: localDriver, Group: "N/A", Labels: labelWords(v.Labels), Links: "N/A",
			Mountpoint: store.Data(v.Name), Name: v.Name, Scope: "local", Size: "N/A", Status: "N/A", labelled: v.Labels})
	}
	return rows, nil
}

// A volumeDetails is what `volume inspect` prints, with Docker's names in Docker's order.
type volumeDetails struct {
	CreatedAt  string
	Driver     string
	Labels     map[string]string
	Mountpoint string
	Name       string
	Options    map[string]string // of other drivers
	Scope      string
}

func newVolumeInspect(c *cli) *cobra.Command {
	return c.inspecting(&cobra.Command{
		Use:               "inspect [OPTIONS] VOLUME [VOLUME...]",
		Short:             "Display detailed information on one or more volumes",
		Example:           "  tutor volume inspect data\n  tutor volume inspect -f '{{.Mountpoint}}' data",
		ValidArgsFunction: c.completeVolumes,
	}, c.inspectVolume)
}

func (c *cli) inspectVolume(_ context.Context, name string) (any, error) {
	store := c.home().Volumes()
	v, err := store.Find(name)
	if err != nil {
		return nil, err
	}
	return volumeDetails{CreatedAt: v.Created.Format(time.RFC3339), Driver: localDriver, Labels: v.Labels, Mountpoint: store.Data(v.Name), Name: v.Name, Scope: "local"}, nil
}
