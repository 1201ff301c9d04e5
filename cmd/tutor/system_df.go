//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/registry"
)

// A dfView is what `system df` was told.
type dfView struct {
	verbose bool
	format  string
}

// A dfRow is one line, with the names that Docker's templates use, in the order of its JSON.
type dfRow struct{ Active, Reclaimable, Size, TotalCount, Type string }

const dfColumns = `{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}`

var dfHeadings = dfRow{Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE"}

func newSystemDf(c *cli) *cobra.Command {
	var v dfView
	command := &cobra.Command{
		Use:   "df [OPTIONS]",
		Short: "Show tutor's disk usage",
		Long: `df measures what lies below TUTOR_ROOT, in what it takes on disk. An image is there twice, packed as it travels and
unpacked as containers stand on it; what images share is there once, and counted once. Of a container it is what it has
written. RECLAIMABLE is what no container uses. The cache of 'registry serve' and what pulls that were broken off have
left have a line each, if there is any.`,
		Example: "  tutor system df\n  tutor system df -v\n  tutor system df --format '{{.Type}}: {{.Size}}'",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return v.df(c) },
	}
	command.Flags().BoolVarP(&v.verbose, "verbose", "v", false, "Show detailed information on space usage")
	command.Flags().StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

func (v dfView) df(c *cli) error {
	if err := checkFormat(v.format, dfRow{}); err != nil && !v.verbose {
		return err
	}
	store, err := c.Store()
	if err != nil {
		return err
	}
	disk, err := c.home().Disk(store)
	if err != nil {
		return err
	}
	if v.verbose {
		return v.details(c.Out, detailsOf(disk, time.Now()))
	}
	rows := []dfRow{imagesRow(disk), containersRow(disk.Containers), volumesRow(disk.Volumes)}
	blobs, cached, err := registry.Usage(c.cacheDir())
	if err != nil {
		return err
	}
	if blobs > 0 {
		rows = append(rows, dfLine("Registry Cache", blobs, 0, cached, cached))
	}
	if left, bytes := store.Unfinished(); left > 0 {
		rows = append(rows, dfLine("Unfinished Pulls", left, 0, bytes, bytes))
	}
	return printRows(c.Out, v.format, dfColumns, dfHeadings, rows)
}

// dfLine is one line. Of nothing at all no part can be told.
func dfLine(kind string, total, active int, size, free int64) dfRow {
	row := dfRow{Type: kind, TotalCount: fmt.Sprint(total), Active: fmt.Sprint(active), Size: onDisk(size), Reclaimable: onDisk(free)}
	if size > 0 {
		row.Reclaimable += fmt.Sprintf(" (%d%%)", free*100/size)
	}
	return row
}

// onDisk writes a size as Docker's df does: four digits.
func onDisk(bytes int64) string { return units.HumanSize(float64(bytes)) }

func imagesRow(d container.Disk) dfRow {
	active := 0
	for _, img := range d.Images {
		if img.Containers > 0 {
			active++
		}
	}
	return dfLine("Images", len(d.Images), active, d.Total, d.Free)
}

func containersRow(all []container.ContainerDisk) dfRow {
	active, size, free := 0, int64(0), int64(0)
	for _, ctr := range all {
		size += ctr.Size
		if ctr.Status.PID != 0 {
			active++
			continue
		}
		free += ctr.Size
	}
	return dfLine("Containers", len(all), active, size, free)
}

func volumesRow(all []container.VolumeDisk) dfRow {
	active, size, free := 0, int64(0), int64(0)
	for _, volume := range all {
		size += volume.Size
		if volume.Links > 0 {
			active++
			continue
		}
		free += volume.Size
	}
	return dfLine("Local Volumes", len(all), active, size, free)
}

// since is how long ago a moment was.
func since(now, then time.Time) string {
	if then.IsZero() {
		return "N/A"
	}
	return units.HumanDuration(now.Sub(then)) + " ago"
}
