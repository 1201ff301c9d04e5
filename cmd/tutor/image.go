//go:build linux

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs/toolbox"
	"tutor/runtime/image"
)

// newImage is Docker's other way to say the same: `image ls` for `images`.
func newImage(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "image COMMAND", Short: "Manage images", Example: "  tutor image ls\n  tutor image inspect python\n  tutor image prune"}
	command.AddCommand(
		newHistory(c),
		newImport(c),
		newImageInspect(c),
		newLoad(c),
		renamed(newImages(c), "images", "ls", "list"),
		newImagePrune(c),
		newPull(c),
		newPush(c),
		renamed(newRmi(c), "rmi", "rm", "remove"),
		newSave(c),
		newTag(c),
	)
	return command
}

// renamed gives a command the name that it has below a group.
func renamed(command *cobra.Command, old, name string, aliases ...string) *cobra.Command {
	command.Use = name + strings.TrimPrefix(command.Use, old)
	command.Aliases = aliases
	return command
}

// findImage looks an image up, tutor/lab too.
func (c *cli) findImage(name string) (image.Image, error) {
	store, err := c.Store()
	if err != nil {
		return image.Image{}, err
	}
	if err := c.builtIn(store, name); err != nil {
		return image.Image{}, err
	}
	return store.Find(name)
}

// builtIn sees to it that the image that is made of this program is there when it is asked for.
func (c *cli) builtIn(store *image.Store, name string) error {
	if !builtIn(name) {
		return nil
	}
	_, err := c.lab(store)
	return err
}

// lab is the image that is made of this program.
func (c *cli) lab(store *image.Store) (image.Image, error) {
	inUse, err := c.imagesInUse()
	if err != nil {
		return image.Image{}, err
	}
	return toolbox.Ensure(store, inUse)
}
