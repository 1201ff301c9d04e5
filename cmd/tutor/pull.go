//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

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
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, args[0]) },
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
	if f.all && !ref.Implied {
		return container.Hint(errors.New("tag can't be used with --all-tags/-a"), "tutor pull -a "+ref.FamiliarName())
	}
	p, err := f.puller(c)
	if err != nil {
		return err
	}
	defer p.trace.close()
	if f.all {
		return p.all(ctx, ref)
	}
	_, pulled, err := p.one(ctx, ref)
	if err != nil {
		return err
	}
	p.say(pulled.Status(ref))
	fmt.Fprintln(p.out, ref)
	return nil
}

// A puller is the pulls of one command line: they share a trace, which --explain-to begins anew.
type puller struct {
	store   *image.Store
	options image.PullOptions // all but who watches the progress
	out     io.Writer
	quiet   bool
	traced  bool
	trace   sink
}

func (f *pullFlags) puller(c *cli) (*puller, error) {
	p := &puller{out: c.Out, quiet: f.quiet}
	var err error
	if p.store, err = c.Store(); err != nil {
		return nil, err
	}
	if p.options.Config, err = c.ImageConfig(); err != nil {
		return nil, err
	}
	p.options.Platform = f.platform
	if p.trace, err = f.explain.sink(c.Err); err != nil {
		return nil, err
	}
	if p.traced = f.explain.form != ""; p.traced {
		talk := &conversation{form: f.explain.form, sink: p.trace}
		p.options.Asked, p.options.Checked = talk.asked, talk.checked
	}
	return p, nil
}

// all downloads every tag of a repository. The status is that of the repository: newer if one of the tags was.
func (p *puller) all(ctx context.Context, repository image.Reference) error {
	repository.Tag, repository.Implied = "", false
	tags, err := image.Tags(ctx, repository, p.options)
	if err != nil {
		return err
	}
	together := image.Pulled{UpToDate: true}
	for _, tag := range tags {
		ref := repository
		ref.Tag = tag
		_, pulled, err := p.one(ctx, ref)
		if err != nil {
			return err
		}
		together.UpToDate = together.UpToDate && pulled.UpToDate
	}
	p.say(together.Status(repository))
	fmt.Fprintln(p.out, repository)
	return nil
}

// one downloads an image and prints what docker prints, up to its digest.
func (p *puller) one(ctx context.Context, ref image.Reference) (image.Image, image.Pulled, error) {
	options, done := p.options, func() {}
	switch {
	case p.quiet:
	case p.traced: // bars and a trace would draw over each other
		options.Progress = plainProgress(p.out)
	default:
		options.Progress, done = progress(p.out)
	}
	if ref.Implied {
		p.say("Using default tag: latest")
	}
	img, pulled, err := p.store.Pull(ctx, ref, options)
	done()
	if err == nil {
		p.say("Digest: " + pulled.Digest)
	}
	return img, pulled, err
}

func (p *puller) say(line string) {
	if !p.quiet {
		fmt.Fprintln(p.out, line)
	}
}

// pull downloads an image that a command needs, and prints what docker prints, all but the last line: that is pull's.
func (c *cli) pull(ctx context.Context, ref image.Reference, f pullFlags) (image.Image, error) {
	p, err := f.puller(c)
	if err != nil {
		return image.Image{}, err
	}
	img, pulled, err := p.one(ctx, ref)
	if err == nil {
		p.say(pulled.Status(ref))
	}
	return img, err
}
