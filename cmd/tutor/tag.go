//go:build linux

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

func newTag(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
		Short:             "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
		Long:              "tag gives an image one more name. Nothing is copied: a name is one line in the store's index.json.",
		Example:           "  tutor tag python:3.13 python:mine\n  tutor tag 5f899db30843 localhost:5000/team/app:1.0",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: c.completeImages,
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := c.Store()
			if err != nil {
				return err
			}
			ref, err := imageName(args[1])
			if args[1] == "" {
				ref, err = image.Parse("") // here, no name is none
			}
			if err != nil {
				return fmt.Errorf("%q is not a valid repository/tag: %w", args[1], err)
			}
			if err := c.builtIn(store, args[0]); err != nil {
				return err
			}
			return store.Tag(args[0], ref)
		},
	}
}
