//go:build linux

package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

// A historyRow is one step of an image's making, with the names that Docker's templates use.
type historyRow struct {
	ID, CreatedSince, CreatedAt, CreatedBy, Size, Comment string
}

var historyHeadings = historyRow{ID: "IMAGE", CreatedSince: "CREATED", CreatedAt: "CREATED AT", CreatedBy: "CREATED BY",
	Size: "SIZE", Comment: "COMMENT"}

// A historyView is how `history` is to show it.
type historyView struct {
	quiet, noTrunc, human bool
	format                string
}

func newHistory(c *cli) *cobra.Command {
	var v historyView
	command := &cobra.Command{
		Use:   "history [OPTIONS] IMAGE",
		Short: "Show the history of an image",
		Long: "history shows how an image was made, the newest step first: what its config says of itself. Only some of\n" +
			"the steps made a layer; the others changed settings, and have no size.",
		Example:           "  tutor history python\n  tutor history --no-trunc --format '{{.CreatedBy}}' python",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE: func(_ *cobra.Command, args []string) error {
			img, err := c.findImage(args[0])
			if err != nil {
				return err
			}
			columns := `{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`
			if v.quiet {
				return printRows(c.Out, "{{.ID}}", columns, historyHeadings, v.rows(img, time.Now()))
			}
			if !v.human {
				columns = strings.Replace(columns, "CreatedSince", "CreatedAt", 1)
			}
			return printRows(c.Out, v.format, columns, historyHeadings, v.rows(img, time.Now()))
		},
	}
	flags := command.Flags()
	flags.StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	flags.BoolVarP(&v.human, "human", "H", true, "print sizes and dates in human readable format")
	flags.BoolVar(&v.noTrunc, "no-trunc", false, "don't truncate output")
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "only show image IDs")
	return command
}

// rows pairs the steps with the layers that they made. Layers that no step speaks of come last.
func (v historyView) rows(img image.Image, now time.Time) []historyRow {
	var rows []historyRow
	layers := img.Layers
	for _, step := range img.Config.History {
		size := int64(0)
		if !step.EmptyLayer && len(layers) > 0 {
			size, layers = layers[0].Unpacked, layers[1:]
		}
		rows = append(rows, v.row(step.Created.Time, step.CreatedBy, step.Comment, size, now))
	}
	for _, l := range layers {
		rows = append(rows, v.row(time.Time{}, "", "", l.Unpacked, now))
	}
	slices.Reverse(rows)
	if len(rows) == 0 {
		rows = []historyRow{v.row(img.Created, "", "", 0, now)}
	}
	rows[0].ID = v.id(img.ID)
	return rows
}

func (v historyView) id(id string) string {
	if v.noTrunc {
		return id
	}
	return shortID(id)
}

func (v historyView) row(created time.Time, by, comment string, size int64, now time.Time) historyRow {
	r := historyRow{ID: "<missing>", CreatedSince: "N/A", CreatedAt: "N/A", CreatedBy: strings.Map(printable, by), Comment: strings.Map(printable, comment),
		Size: units.HumanSizeWithPrecision(float64(size), 3)}
	r.CreatedBy = strings.Join(strings.Fields(r.CreatedBy), " ")
	if !v.noTrunc {
		r.CreatedBy = ellipsis(r.CreatedBy, 45)
	}
	if !v.human {
		r.Size = strconv.FormatInt(size, 10)
	}
	if !created.IsZero() {
		r.CreatedSince = units.HumanDuration(now.Sub(created)) + " ago"
		r.CreatedAt = created.Local().Format(time.RFC3339)
	}
	return r
}

// ellipsis cuts a text to width characters.
func ellipsis(s string, width int) string {
	letters := []rune(s)
	if len(letters) <= width {
		return s
	}
	return string(letters[:width-1]) + "…"
}

// shortID is an image's ID as people see it.
func shortID(id string) string { return strings.TrimPrefix(id, "sha256:")[:12] }
