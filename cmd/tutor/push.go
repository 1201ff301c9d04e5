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

func newPush(c *cli) *cobra.Command {
	var all, quiet bool
	command := &cobra.Command{
		Use:   "push [OPTIONS] NAME[:TAG]",
		Short: "Upload an image to a registry",
		Long: "push uploads the layers that the registry has not, and then the manifest. The name says where to:\n" +
			"localhost:5000/team/app goes to the registry at localhost:5000, python to Docker Hub.",
		Example:           "  tutor tag python localhost:5000/team/python\n  tutor push localhost:5000/team/python",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := image.Parse(args[0])
			if err != nil {
				return err
			}
			return c.push(cmd.Context(), ref, all, quiet)
		},
	}
	command.Flags().BoolVarP(&all, "all-tags", "a", false, "Push all tags of an image to the repository")
	command.Flags().BoolVarP(&quiet, "quiet", "q", false, "Suppress verbose output")
	return command
}

func (c *cli) push(ctx context.Context, ref image.Reference, all, quiet bool) error {
	if ref.Digest != "" {
		return container.Hint(errors.New("cannot push a digest reference"), "give the image a tag: tutor tag IMAGE "+ref.FamiliarName()+":TAG")
	}
	if all && !ref.Implied {
		return container.Hint(errors.New("tag can't be used with --all-tags/-a"), "tutor push -a "+ref.FamiliarName())
	}
	store, err := c.Store()
	if err != nil {
		return err
	}
	config, err := c.ImageConfig()
	if err != nil {
		return err
	}
	tags, err := tagsToPush(store, ref, all)
	if err != nil {
		return err
	}
	if !quiet {
		if ref.Implied && !all {
			fmt.Fprintln(c.Out, "Using default tag: latest")
		}
		fmt.Fprintf(c.Out, "The push refers to repository [%s]\n", ref.Repository())
	}
	for _, tag := range tags {
		ref.Tag = tag
		options, done := image.PushOptions{Config: config}, func() {}
		if !quiet {
			options.Progress, done = progress(c.Out)
		}
		pushed, err := store.Push(ctx, ref, options)
		done()
		if err != nil {
			return err
		}
		if quiet {
			fmt.Fprintln(c.Out, ref)
			continue
		}
		fmt.Fprintf(c.Out, "%s: digest: %s size: %d\n", tag, pushed.Digest, pushed.Size)
	}
	return nil
}

// tagsToPush are the tags of the repository that are here: the one that is named, or all.
func tagsToPush(store *image.Store, ref image.Reference, all bool) ([]string, error) {
	images, err := store.List()
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, img := range images {
		for _, name := range img.Names {
			known, err := image.Parse(name)
			if err == nil && known.Repository() == ref.Repository() && known.Tag != "" {
				tags = append(tags, known.Tag)
			}
		}
	}
	if len(tags) == 0 {
		return nil, container.Hint(fmt.Errorf("An image does not exist locally with the tag: %s", ref.FamiliarName()),
			"give an image that name first: tutor tag IMAGE "+ref.FamiliarName())
	}
	if !all {
		return []string{ref.Tag}, nil
	}
	return tags, nil
}
