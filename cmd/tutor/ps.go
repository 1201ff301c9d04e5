//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/filters"
)

// A psView is how `ps` is to show containers.
type psView struct {
	all, quiet, latest, noTrunc, size bool
	pids                              bool // ours
	last                              int
	format                            string
	filter                            []string
}

// A psRow is one line, with the names that Docker's templates use.
type psRow struct {
	ID, Image, Command, CreatedAt, RunningFor, Status, State, Ports, Names, Size, Labels, Mounts, Networks, LocalVolumes string

	labelled
}

var psHeadings = psRow{ID: "CONTAINER ID", Image: "IMAGE", Command: "COMMAND", CreatedAt: "CREATED AT", RunningFor: "CREATED", Status: "STATUS",
	State: "STATE", Ports: "PORTS", Names: "NAMES", Size: "SIZE", Labels: "LABELS", Mounts: "MOUNTS", Networks: "NETWORKS", LocalVolumes: "LOCAL VOLUMES"}

func newPs(c *cli) *cobra.Command {
	var v psView
	command := &cobra.Command{
		Use:     "ps [OPTIONS]",
		Short:   "List containers",
		Example: "  tutor ps\n  tutor ps --pids\n  tutor ps -a --filter status=exited\n  tutor ps -aq\n  tutor ps --format '{{.Names}}: {{.Status}}'",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := filters.Parse(v.filter, psFilterKeys...)
			if err != nil {
				return err
			}
			statuses, err := c.home().Statuses()
			if err != nil {
				return err
			}
			chosen, err := v.choose(c, statuses, f)
			if err != nil {
				return err
			}
			if v.pids {
				return c.printPIDs(chosen)
			}
			var rows []psRow
			for _, s := range chosen {
				rows = append(rows, v.row(c, s, time.Now()))
			}
			return v.print(c, rows)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&v.all, "all", "a", false, "Show all containers (default shows just running)")
	flags.VarP((*list)(&v.filter), "filter", "f", "Filter output: id, name, label, status, exited, ancestor, before, since, volume, network, publish, expose, health")
	flags.StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	flags.IntVarP(&v.last, "last", "n", -1, "Show n last created containers (includes all states)")
	flags.BoolVarP(&v.latest, "latest", "l", false, "Show the latest created container (includes all states)")
	flags.BoolVar(&v.noTrunc, "no-trunc", false, "Don't truncate output")
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "Only display container IDs")
	flags.BoolVar(&v.pids, "pids", false, "Show each container's processes as a tree: the PID on the host, and the PID inside")
	flags.BoolVarP(&v.size, "size", "s", false, "Display total file sizes")
	return command
}

func (v psView) choose(c *cli, statuses []container.Status, f filters.Filters) ([]container.Status, error) {
	chosen, err := c.chooseContainers(statuses, f)
	if err != nil {
		return nil, err
	}
	last := v.last
	if v.latest {
		last = 1
	}
	if !v.all && last < 0 && len(f["status"])+len(f["exited"]) == 0 {
		chosen = slices.DeleteFunc(chosen, func(s container.Status) bool { return s.Word != "running" && s.Word != "paused" })
	}
	if last >= 0 {
		chosen = chosen[:min(last, len(chosen))]
	}
	return chosen, nil
}

func (v psView) print(c *cli, rows []psRow) error {
	columns := `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}`
	if v.size {
		columns += `\t{{.Size}}`
	}
	if v.quiet {
		return printRows(c.Out, "{{.ID}}", columns, psHeadings, rows)
	}
	return printRows(c.Out, v.format, columns, psHeadings, rows)
}

func (v psView) row(c *cli, s container.Status, now time.Time) psRow {
	command := strings.Map(printable, commandLine(s.Command))
	r := psRow{ID: s.ID, Image: s.Image, Command: strconv.Quote(command), CreatedAt: s.Created.Local().Format("2006-01-02 15:04:05 -0700 MST"),
		RunningFor: units.HumanDuration(now.Sub(s.Created)) + " ago", Status: statusWords(s, now), State: s.Word, Names: s.Name, Networks: strings.Join(s.Networks, ","), Ports: portWords(s),
		Labels: labelWords(s.Labels), Size: "0B", labelled: s.Labels}
	var volumes []string
	for _, use := range s.Volumes {
		volumes = append(volumes, use.Name)
	}
	r.Mounts, r.LocalVolumes = strings.Join(volumes, ","), strconv.Itoa(len(volumes))
	if !v.noTrunc {
		r.ID, r.Command = s.ID[:12], `"`+strings.Trim(strconv.Quote(ellipsis(command, 20)), `"`)+`"`
	}
	if img := strings.TrimPrefix(s.ImageID, "sha256:"); s.Image == "" && len(img) > 12 {
		r.Image = img[:12]
	}
	if v.size || strings.Contains(v.format, ".Size") {
		own, all, err := c.sizes(s)
		r.Size = units.HumanSizeWithPrecision(float64(own), 3)
		if err == nil {
			r.Size += fmt.Sprintf(" (virtual %s)", units.HumanSizeWithPrecision(float64(all), 3))
		}
	}
	return r
}

// sizes are what a container has written, in bytes, and that with all layers of its image.
func (c *cli) sizes(s container.Status) (own, all int64, err error) {
	own = c.home().Size(s.ID)
	store, err := c.Store()
	if err != nil || s.ImageID == "" { // a lab before the fifth has no image
		return own, own, err
	}
	img, err := store.Find(s.ImageID)
	return own, own + img.Size, err
}

// commandLine is a command as Docker shows it: an argument with a space stands in quotes.
func commandLine(args []string) string {
	words := slices.Clone(args)
	for i, arg := range words {
		if i > 0 && strings.Contains(arg, " ") {
			words[i] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}

// statusWords is Docker's: "Up 2 hours (Paused)", "Exited (0) 5 minutes ago", "Created".
func statusWords(s container.Status, now time.Time) string {
	switch s.Word {
	case "running":
		return "Up " + units.HumanDuration(now.Sub(s.Started))
	case "paused":
		return "Up " + units.HumanDuration(now.Sub(s.Started)) + " (Paused)"
	case "exited":
		return fmt.Sprintf("Exited (%d) %s ago", s.ExitCode, units.HumanDuration(now.Sub(s.Finished)))
	}
	return "Created"
}

// labelWords are labels in a line. An image may have written anything into them.
func labelWords(labels map[string]string) string {
	var words []string
	for k, v := range labels {
		words = append(words, k+"="+v)
	}
	slices.Sort(words)
	return strings.Map(printable, strings.Join(words, ","))
}
