//go:build linux

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/filters"
)

func newLogs(c *cli) *cobra.Command {
	var o container.LogOptions
	var tail, since, until string
	command := &cobra.Command{
		Use:               "logs [OPTIONS] CONTAINER",
		Short:             "Fetch the logs of a container",
		Long:              "logs shows what a container wrote, byte for byte: its standard output on tutor's, its errors on tutor's errors.",
		Example:           "  tutor logs web\n  tutor logs -f --tail 20 web\n  tutor logs --since 10m -t web 2> errors",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Tail, err = tailLines(tail); err != nil {
				return err
			}
			if o.Since, err = moment(since, "since"); err != nil {
				return err
			}
			if o.Until, err = moment(until, "until"); err != nil {
				return err
			}
			s, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			return lookedOn(cmd.Context(), c.home().Logs(cmd.Context(), s.ID, o, c.Out, c.Err))
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.Follow, "follow", "f", false, "Follow log output")
	flags.StringVarP(&tail, "tail", "n", "all", "Number of lines to show from the end of the logs")
	flags.StringVar(&since, "since", "", "Show logs since timestamp (e.g. 2026-01-02T13:23:37Z) or relative (e.g. 42m)")
	flags.StringVar(&until, "until", "", "Show logs before a timestamp or relative time")
	flags.BoolVarP(&o.Timestamps, "timestamps", "t", false, "Show timestamps")
	refuse(command, refusedByLogs)
	return command
}

// tailLines reads --tail: a number, or all.
func tailLines(text string) (int, error) {
	if text == "all" || text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, container.Hint(fmt.Errorf("invalid value %q for --tail", text), "a number, or all")
	}
	return n, nil
}

// moment reads --since and --until; empty is no moment.
func moment(text, flag string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, ok := filters.Moment(text, time.Now()); ok {
		return t, nil
	}
	return time.Time{}, container.Hint(fmt.Errorf("invalid value for %q: failed to parse %q", flag, text), "a duration (10m), a date (2026-01-31) or a time (2026-01-31T12:00:00Z)")
}
