//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

// A statsView is what `stats` was told.
type statsView struct {
	all, noStream, noTrunc bool
	format                 string
	ids                    []string          // the containers that were named; empty: all
	typed                  map[string]string // ID → what was typed for it
}

func newStats(c *cli) *cobra.Command {
	var v statsView
	command := &cobra.Command{
		Use:   "stats [OPTIONS] [CONTAINER...]",
		Short: "Display a live stream of container(s) resource usage statistics",
		Long: `stats shows what containers use: of the processors over the last second (100% is one of them), of memory without
the cached files that the kernel would give up first, of the network and of disks since the start, and how many
processes and threads there are. On a terminal the table is drawn anew each second, until Ctrl-C.

The numbers are the kernel's, from the files of the container's control groups. With cgroup v1, where a container
without a limit has no group of its own, its processes are added up: of memory what they have mapped, each shared page
divided among those who share it. -- stands for what nobody has counted: the network of a container that shares the
host's, and a container of labs 1 and 2, which has no group at all.

With cgroup v2 a template also has .CPUPressure, .MemPressure and .IOPressure: for which part of the last ten seconds
some process of the container stood still for want of it. At its limit a container uses no more, however much it waits.`,
		Example: "  tutor stats\n  tutor stats --no-stream web db\n  tutor stats --format '{{.Name}}: {{.CPUPerc}}'\n" +
			"  tutor stats --no-stream --format json\n  tutor stats --format 'table {{.Name}}\\t{{.CPUPerc}}\\t{{.CPUPressure}}'",
		ValidArgsFunction: c.completeContainers,
		RunE:              func(cmd *cobra.Command, args []string) error { return v.stats(cmd.Context(), c, args) },
	}
	flags := command.Flags()
	flags.BoolVarP(&v.all, "all", "a", false, "Show all containers (default shows just running)")
	flags.BoolVar(&v.noStream, "no-stream", false, "Disable streaming stats and only pull the first result")
	flags.BoolVar(&v.noTrunc, "no-trunc", false, "Do not truncate output")
	flags.StringVar(&v.format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

// errNone ends `stats` when none of the containers that were named is there any more.
var errNone = errors.New("no container left")

// stats looks once a second. What a container has used of the processors is known from the second look on.
func (v statsView) stats(ctx context.Context, c *cli, args []string) error {
	if err := v.choose(c, args); err != nil {
		return err
	}
	if err := checkFormat(v.format, statsRow{}); err != nil {
		return err
	}
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	before, err := v.look(c)
	for err == nil {
		select {
		case <-ctx.Done():
			return lookedOn(ctx, ctx.Err())
		case <-clock.C:
		}
		var now []look
		if now, err = v.look(c); err != nil {
			break
		}
		if err := v.draw(c, v.rows(before, now)); err != nil || v.noStream {
			return err
		}
		before = now
	}
	if errors.Is(err, errNone) {
		return nil
	}
	return err
}

// choose finds the containers that were named.
func (v *statsView) choose(c *cli, args []string) error {
	v.typed = map[string]string{}
	for _, arg := range args {
		ctr, err := c.home().Find(arg)
		if err != nil {
			return err
		}
		if _, twice := v.typed[ctr.ID]; !twice {
			v.ids, v.typed[ctr.ID] = append(v.ids, ctr.ID), arg
		}
	}
	return nil
}

// A look is one container at one moment.
type look struct {
	state container.State
	usage container.Usage
	runs  bool
}

// look sees the containers that were named as long as they are there, or all that run, the newest first.
func (v statsView) look(c *cli) ([]look, error) {
	states, err := v.containers(c)
	var looks []look
	for _, s := range states {
		usage, runs := c.home().Usage(s)
		if runs || v.all || len(v.ids) > 0 {
			looks = append(looks, look{s, usage, runs})
		}
	}
	return looks, err
}

func (v statsView) containers(c *cli) ([]container.State, error) {
	if len(v.ids) == 0 {
		states, err := c.home().List()
		slices.SortFunc(states, func(a, b container.State) int { return b.Created.Compare(a.Created) })
		return states, err
	}
	var states []container.State
	for _, id := range v.ids {
		s, err := c.home().Load(id)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	if len(states) == 0 {
		return nil, errNone
	}
	return states, nil
}

// Escape sequences of terminals (console_codes(4)).
const (
	homeward  = "\x1b[H" // to the upper left corner
	clearLine = "\x1b[K" // to the end of the line
	clearRest = "\x1b[J" // to the end of the screen
)

// draw prints the table, over the one before on a terminal. Each line clears what is left of the one under it: to
// clear the screen first would flicker.
func (v statsView) draw(c *cli, rows []statsRow) error {
	var b bytes.Buffer
	if err := printRows(&b, v.format, statsColumns, statsHeadings, rows); err != nil {
		return err
	}
	text := b.String()
	if !v.noStream && isTerminal(c.Out) {
		text = homeward + strings.ReplaceAll(text, "\n", clearLine+"\n") + clearRest
	}
	_, err := fmt.Fprint(c.Out, text)
	return err
}
