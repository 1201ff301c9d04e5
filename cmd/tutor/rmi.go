//go:build linux

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

func newRmi(c *cli) *cobra.Command {
	var force bool
	command := &cobra.Command{
		Use:   "rmi [OPTIONS] IMAGE [IMAGE...]",
		Short: "Remove images",
		Long: "rmi takes a name away. With its last name an image goes, and with it the layers that no other image\n" +
			"uses. An ID stands for all names of an image.",
		Example:           "  tutor rmi python\n  tutor rmi python:3.13 python:3.12\n  tutor rmi 5f899db30843\n  tutor rmi -f $(tutor images -q)",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := c.Store()
			if err != nil {
				return err
			}
			var failed []error
			for _, name := range args {
				err := c.rmi(store, name, force)
				if force && errors.Is(err, image.ErrNotFound) { // as docker: what is gone already is no failure
					c.report(err)
					continue
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "remove names of images that containers use")
	return command
}

// rmi removes one image and prints what went.
func (c *cli) rmi(store *image.Store, name string, force bool) error {
	inUse, err := c.imagesInUse()
	if err != nil {
		return err
	}
	gone, err := store.Remove(name, force, inUse)
	if err != nil {
		return err
	}
	for _, u := range gone.Untagged {
		fmt.Fprintln(c.Out, "Untagged:", u)
	}
	for _, d := range gone.Deleted {
		fmt.Fprintln(c.Out, "Deleted:", d)
	}
	_, err = c.home().Free(store)
	return err
}

// imagesInUse looks at every container once, and then tells of any image whether one stands on it.
func (c *cli) imagesInUse() (image.InUse, error) {
	states, err := c.home().List()
	if err != nil {
		return nil, err
	}
	return func(id string) (string, bool) {
		for _, s := range states {
			if s.ImageID == id { // its name may be another image's by now
				return s.ID[:min(12, len(s.ID))], true
			}
		}
		return "", false
	}, nil
}
