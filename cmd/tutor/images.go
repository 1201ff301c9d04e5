package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

// An imagesView is how `images` is to show what it found.
type imagesView struct {
	quiet, noTrunc, digests bool
	format                  string
}

// An imageRow is one line, with the names that Docker's templates use.
type imageRow struct {
	Repository, Tag, Digest, ID, CreatedSince, CreatedAt, Size string
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
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := c.Store()
			if err != nil {
				return err
			}
			images, err := store.List()
			if err != nil {
				return err
			}
			return v.print(c.Out, v.rows(images, append(args, "")[0], time.Now()))
		},
	}
	flags := command.Flags()
	flags.BoolP("all", "a", false, "show all images (tutor has no hidden ones)")
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "only show image IDs")
	flags.BoolVar(&v.noTrunc, "no-trunc", false, "don't truncate output")
	flags.BoolVar(&v.digests, "digests", false, "show digests")
	flags.StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

// rows makes a row of each name; an image without a name has one row too.
func (v imagesView) rows(images []image.Image, only string, now time.Time) []imageRow {
	var rows []imageRow
	for _, img := range images {
		names := img.Names
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			row := v.row(img, name, now)
			if only == "" || only == row.Repository || only == row.Repository+":"+row.Tag {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func (v imagesView) row(img image.Image, name string, now time.Time) imageRow {
	row := imageRow{Repository: none, Tag: none, Digest: none, ID: img.ID, CreatedSince: "N/A", CreatedAt: "N/A",
		Size: units.HumanSizeWithPrecision(float64(img.Size), 3)}
	if ref, err := image.Parse(name); err == nil && name != "" {
		row.Repository = ref.FamiliarName()
		if ref.Tag != "" {
			row.Tag = ref.Tag
		}
	}
	if img.Digest != "" {
		row.Digest = img.Digest
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
	switch {
	case v.quiet:
		for i, row := range rows {
			if i == 0 || rows[i-1].ID != row.ID {
				fmt.Fprintln(out, row.ID)
			}
		}
		return nil
	case v.format == "json":
		return printJSON(out, rows)
	case v.format == "" || v.format == "table":
		return printTable(out, v.columns(), rows)
	}
	if columns, table := strings.CutPrefix(v.format, "table "); table {
		return printTable(out, columns, rows)
	}
	return printTemplate(out, v.format, rows)
}

func (v imagesView) columns() string {
	digest := ""
	if v.digests {
		digest = `{{.Digest}}\t`
	}
	return `{{.Repository}}\t{{.Tag}}\t` + digest + `{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`
}

// headings is the first line of a table: what each field is called there.
var headings = imageRow{Repository: "REPOSITORY", Tag: "TAG", Digest: "DIGEST", ID: "IMAGE ID",
	CreatedSince: "CREATED", CreatedAt: "CREATED AT", Size: "SIZE"}

func printTable(out io.Writer, columns string, rows []imageRow) error {
	w := tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)
	if err := printTemplate(w, columns, append([]imageRow{headings}, rows...)); err != nil {
		return err
	}
	return w.Flush()
}

// printTemplate takes \t and \n as the shell passes them on: two characters.
func printTemplate(out io.Writer, format string, rows []imageRow) error {
	functions := template.FuncMap{"json": func(value any) (string, error) {
		data, err := json.Marshal(value)
		return string(data), err
	}}
	t, err := template.New("format").Funcs(functions).Parse(strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(format))
	if err != nil {
		return fmt.Errorf("template parsing error: %w", err)
	}
	for _, row := range rows {
		if err := t.Execute(out, row); err != nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
		fmt.Fprintln(out)
	}
	return nil
}

func printJSON(out io.Writer, rows []imageRow) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, row := range rows {
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}
