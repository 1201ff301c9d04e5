//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// pullFlags are what `tutor pull` takes.
type pullFlags struct {
	quiet, all bool
	platform   string
	explain    explainFlags
}

func newPull(c *cli) *cobra.Command {
	var f pullFlags
	command := &cobra.Command{
		Use:   "pull [OPTIONS] NAME[:TAG|@DIGEST]",
		Short: "Download an image from a registry",
		Long: "pull downloads an image: its manifest, its config and every layer that is not here yet. Mirrors in\n" +
			"/etc/tutor/config.json and TUTOR_REGISTRY_MIRRORS are asked before Docker Hub. A pull that is cut off shows\n" +
			"nothing; the next one goes on where it ended. --explain prints each request to the registry, the answer,\n" +
			"and what was verified.",
		Example: "  tutor pull python\n  tutor pull --explain python:3.13\n  tutor pull --platform linux/arm64 alpine:3.20\n" +
			"  tutor pull localhost:5000/my/app\n  TUTOR_REGISTRY_MIRRORS=http://10.0.0.5:5000 tutor pull nginx",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, args[0]) },
	}
	flags := command.Flags()
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "Suppress verbose output")
	flags.BoolVarP(&f.all, "all-tags", "a", false, "Download all tagged images in the repository")
	flags.StringVar(&f.platform, "platform", "", "Pull for another platform: OS/ARCHITECTURE[/VARIANT]")
	f.explain.define(flags)
	flags.Lookup("explain").Usage = "Print each request to the registry, its answer, and what was verified: text or json"
	return command
}

func (f *pullFlags) run(ctx context.Context, c *cli, name string) error {
	ref, err := image.Parse(name)
	if err != nil {
		return err
	}
	if !f.all {
		if _, err := c.pull(ctx, ref, *f); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, ref)
		return nil
	}
	if !ref.Implied {
		return container.Hint(errors.New("tag can't be used with --all-tags/-a"), "tutor pull -a "+ref.FamiliarName())
	}
	config, err := c.ImageConfig()
	if err != nil {
		return err
	}
	tags, err := image.Tags(ctx, ref, config)
	for _, tag := range tags {
		ref.Tag, ref.Implied = tag, false
		if _, err := c.pull(ctx, ref, *f); err != nil {
			return err
		}
	}
	if err == nil {
		fmt.Fprintln(c.Out, ref.Repository())
	}
	return err
}

// pull downloads an image and prints to c.Out what docker prints, all but the last line: that is pull's alone.
func (c *cli) pull(ctx context.Context, ref image.Reference, f pullFlags) (image.Image, error) {
	store, err := c.Store()
	if err != nil {
		return image.Image{}, err
	}
	config, err := c.ImageConfig()
	if err != nil {
		return image.Image{}, err
	}
	options := image.PullOptions{Config: config, Platform: f.platform}
	trace, err := f.explain.sink(c.Err)
	if err != nil {
		return image.Image{}, err
	}
	defer trace.close()
	if f.explain.form != "" {
		talk := &conversation{form: f.explain.form, sink: trace}
		options.Asked, options.Checked = talk.asked, talk.checked
	}
	done := func() {}
	switch {
	case f.quiet:
	case f.explain.form != "": // bars and a trace would draw over each other
		options.Progress = plainProgress(c.Out)
	default:
		options.Progress, done = progress(c.Out)
	}
	if ref.Implied && !f.quiet {
		fmt.Fprintln(c.Out, "Using default tag: latest")
	}
	img, pulled, err := store.Pull(ctx, ref, options)
	done()
	if err == nil && !f.quiet {
		fmt.Fprintf(c.Out, "Digest: %s\n%s\n", pulled.Digest, pulled.Status(ref))
	}
	return img, err
}
