//go:build linux

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

func newCommit(c *cli) *cobra.Command {
	var o container.Commit
	command := &cobra.Command{
		Use:   "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
		Short: "Create a new image from a container's changes",
		Long: "commit makes an image of a container: the layers of its image, and one more of what the container has\n" +
			"changed. While that is read the container stands still, unless --pause=false.",
		Example:           "  tutor commit web\n  tutor commit -m 'with nginx' web mine:1\n  tutor commit -c 'CMD [\"nginx\"]' -c 'EXPOSE 80' web mine",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Name, err = imageName(append(args, "")[1]); err != nil {
				return err
			}
			ctr, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			store, err := c.Store()
			if err != nil {
				return err
			}
			img, err := c.home().Commit(cmd.Context(), store, ctr, o)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.Out, img.ID)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.Author, "author", "a", "", `Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")`)
	flags.StringVarP(&o.Message, "message", "m", "", "Commit message")
	flags.VarP((*list)(&o.Changes), "change", "c", "Apply Dockerfile instruction to the created image")
	flags.BoolVarP(&o.Pause, "pause", "p", true, "Pause container during commit")
	return command
}

// imageName is the name that a new image shall have; empty: none.
func imageName(text string) (image.Reference, error) {
	if text == "" {
		return image.Reference{}, nil
	}
	ref, err := image.Parse(text)
	if err != nil {
		return ref, err
	}
	if ref.Digest != "" {
		return ref, container.Hint(errors.New("refusing to create a tag with a digest reference"), "a digest is what the image will have, not what it can be given")
	}
	if ref.FamiliarName() == "sha256" {
		return ref, container.Hint(errors.New("refusing to create an ambiguous tag using digest algorithm as name"), "sha256:abc is the image whose ID begins with abc; choose another name: mine/lab")
	}
	if builtIn(text) {
		return ref, container.Hint(fmt.Errorf("%s is built in, and made anew when it is not as it was", ref.Familiar()), "choose another name: mine/lab")
	}
	return ref, nil
}
