//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/process"
)

func newCreate(c *cli) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:               "create [OPTIONS] IMAGE [COMMAND] [ARG...]",
		Short:             "Create a new container",
		Long:              "create makes a container and does not start it. The options are those of `tutor run`, but for those about a start.",
		Example:           "  tutor create --name web tutor/lab httpd\n  tutor start web",
		ValidArgsFunction: c.completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctr, err := f.made(cmd.Context(), c, "create", args)
			if err == nil && (f.explain.form != "" || f.explain.to != "") { // behind the image it is a word like any other
				err = refusedOf(refusedByCreate, "explain")[0].error("--explain")
			}
			if err == nil {
				err = f.create(ctr, false)
			}
			if err != nil {
				return failure{err, process.ExitOurs}
			}
			fmt.Fprintln(c.Out, ctr.State.ID)
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false)
	f.define(cmd.Flags())
	refuse(cmd, slices.Concat(refusedByRun, refusedByCreate))
	c.completeNetworkFlag(cmd)
	cmd.Flags().MarkHidden("lab")
	return cmd
}

// create lets the container exist. The file for its ID must not be there yet, as in Docker.
func (f *runFlags) create(ctr *container.Container, claim bool) error {
	if f.cidfile == "" {
		return ctr.Create(claim)
	}
	file, err := os.OpenFile(f.cidfile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return container.Hint(fmt.Errorf("container ID file found, make sure the other container isn't running or delete %s", f.cidfile), "rm "+f.cidfile)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := ctr.Create(claim); err != nil {
		os.Remove(f.cidfile)
		return err
	}
	_, err = file.WriteString(ctr.State.ID)
	return err
}
