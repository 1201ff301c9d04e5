//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/filters"
	"tutor/runtime/image"
)

// An imagesView is how `images` is to show what it found.
type imagesView struct {
	quiet, noTrunc, digests bool
	format                  string
	filter                  []string
}

// An imageRow is one line, with the names that Docker's templates use, in Docker's order.
type imageRow struct {
	Containers, CreatedAt, CreatedSince, Digest, ID, Repository, SharedSize, Size, Tag, UniqueSize, VirtualSize string
}

const none = "<none>"

func newImages(c *cli) *cobra.Command {
	var v imagesView
	command := &cobra.Command{
		Use:   "images [OPTIONS] [REPOSITORY[:TAG]]",
		Short: "List images",
		Long:  "images lists the images that are here. The size is that of all layers unpacked; images share layers.",
		Example: "  tutor images\n  tutor images -q python\n  tutor images --digests --no-trunc\n" +
			"  tutor images --format '{{.Repository}}:{{.Tag}} {{.Size}}'\n  tutor images --format json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				v.filter = append(v.filter, "reference="+args[0])
			}
			images, err := v.images(c)
			if err != nil {
				return err
			}
			return v.print(c.Out, v.rows(images, time.Now()))
		},
	}
	flags := command.Flags()
	flags.BoolP("all", "a", false, "show all images (tutor has no hidden ones)")
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "only show image IDs")
	flags.BoolVar(&v.noTrunc, "no-trunc", false, "don't truncate output")
	flags.BoolVar(&v.digests, "digests", false, "show digests")
	flags.VarP((*list)(&v.filter), "filter", "f", "filter output: dangling=true, label=KEY[=VALUE], before=IMAGE, since=IMAGE, reference=PATTERN, until=TIME")
	flags.StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

// images are those that the filters choose.
func (v imagesView) images(c *cli) ([]image.Image, error) {
	chosen, err := filters.Parse(v.filter, image.FilterKeys...)
	if err != nil {
		return nil, err
	}
	store, err := c.Store()
	if err != nil {
		return nil, err
	}
	images, err := store.List()
	if err != nil {
		return nil, err
	}
	return store.Choose(images, chosen, time.Now())
}

// rows makes a row of each name; an image without a name has one row too.
func (v imagesView) rows(images []image.Image, now time.Time) []imageRow {
	var rows []imageRow
	for _, img := range images {
		names := img.Names
		if len(names) == 0 && len(img.Digests) > 0 {
			names = img.Digests[:1] // the tag has moved on: python <none>
		}
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			rows = append(rows, v.row(img, name, now))
		}
	}
	return rows
}

func (v imagesView) row(img image.Image, name string, now time.Time) imageRow {
	size := units.HumanSizeWithPrecision(float64(img.Size), 3)
	row := imageRow{Repository: none, Tag: none, Digest: none, ID: img.ID, CreatedSince: "N/A", CreatedAt: "N/A", Size: size, VirtualSize: size,
		Containers: "N/A", SharedSize: "N/A", UniqueSize: "N/A"} // tutor system df -v counts those
	if ref, err := image.Parse(name); err == nil && name != "" {
		row.Repository = ref.FamiliarName()
		if ref.Tag != "" {
			row.Tag = ref.Tag
		}
	}
	for _, digest := range img.Digests {
		if repository, d, _ := strings.Cut(digest, "@"); repository == row.Repository {
			row.Digest = d
		}
	}
	if !img.Created.IsZero() {
		row.CreatedSince = units.HumanDuration(now.Sub(img.Created)) + " ago"
		row.CreatedAt = img.Created.Local().Format("2006-01-02 15:04:05 -0700 MST")
	}
	if !v.noTrunc {
		row.ID = strings.TrimPrefix(row.ID, "sha256:")[:12]
	}
	return row
}

func (v imagesView) print(out io.Writer, rows []imageRow) error {
	if !v.quiet {
		return printRows(out, v.format, v.columns(), imageHeadings, rows)
	}
	for i, row := range rows {
		if i == 0 || rows[i-1].ID != row.ID {
			fmt.Fprintln(out, row.ID)
		}
	}
	return nil
}

func (v imagesView) columns() string {
	digest := ""
	if v.digests {
		digest = `{{.Digest}}\t`
	}
	return `{{.Repository}}\t{{.Tag}}\t` + digest + `{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`
}

// imageHeadings is the first line of the table: what each field is called there.
var imageHeadings = imageRow{Repository: "REPOSITORY", Tag: "TAG", Digest: "DIGEST", ID: "IMAGE ID",
	CreatedSince: "CREATED", CreatedAt: "CREATED AT", Size: "SIZE", VirtualSize: "SIZE",
	Containers: "CONTAINERS", SharedSize: "SHARED SIZE", UniqueSize: "UNIQUE SIZE"}
