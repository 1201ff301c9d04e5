//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"tutor/labs/toolbox"
	"tutor/runtime/container"
	"tutor/runtime/image"
)

// checkImage refuses words that say nothing of where the image comes from, and what this machine cannot run.
func (f *runFlags) checkImage() error {
	if !slices.Contains([]string{"always", "missing", "never"}, f.pull) {
		return container.Hint(fmt.Errorf("invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", f.pull), "missing is the default: an image that is here is not asked for again")
	}
	if own := "linux/" + runtime.GOARCH; f.platform != "" && f.platform != own {
		return container.Hint(fmt.Errorf("--platform %s: this machine runs %s", f.platform, own), "tutor pull --platform gets an image for another machine, tutor save takes it there")
	}
	return nil
}

// image finds the image, pulls it if it is not here, and unpacks its layers.
func (f *runFlags) image(ctx context.Context, c *cli) (container.Image, error) {
	none := container.Image{}
	if f.options.Lab > 0 && f.options.Lab < 4 {
		return none, nil
	}
	store, err := c.Store()
	if err != nil {
		return none, err
	}
	img, err := f.find(ctx, c, store)
	if err != nil {
		return none, err
	}
	stack, err := c.home().Unpack(ctx, store, img)
	if err != nil {
		return none, err
	}
	found := container.Image{ID: img.ID, Config: img.Config.Config, Layers: stack}
	if f.options.Init {
		found.Toolbox, err = c.toolbox(ctx, store)
	}
	return found, err
}

func (f *runFlags) find(ctx context.Context, c *cli, store *image.Store) (image.Image, error) {
	if builtIn(f.options.Image) {
		return c.lab(store)
	}
	ref, img, err := f.here(c, store)
	if err != nil || img.ID != "" {
		return img, err
	}
	if f.onlyShows() {
		return img, container.Hint(fmt.Errorf("No such image: %s", ref.Familiar()), "--dry-run and --print-spec pull nothing: tutor pull "+ref.Familiar())
	}
	quiet := *c
	quiet.Out = c.Err // standard output belongs to the command
	if f.quiet {
		quiet.Out = io.Discard
	}
	return quiet.pull(ctx, ref, pullFlags{quiet: f.quiet})
}

// here is the image if it need not be pulled; else its name.
func (f *runFlags) here(c *cli, store *image.Store) (image.Reference, image.Image, error) {
	img, err := store.Find(f.options.Image)
	if err == nil && f.pull != "always" {
		return image.Reference{}, img, nil
	}
	if err != nil && !errors.Is(err, image.ErrNotFound) {
		return image.Reference{}, img, err
	}
	if err != nil && f.pull == "never" {
		return image.Reference{}, img, container.Hint(err, "--pull never; tutor pull "+f.options.Image+" gets it")
	}
	ref, parseErr := image.Parse(f.options.Image)
	if err != nil && parseErr == nil && !f.quiet {
		fmt.Fprintf(c.Err, "Unable to find image '%s' locally\n", ref.Familiar())
	}
	return ref, image.Image{}, parseErr
}

// builtIn tells if the name is that of the image that is made of this program.
func builtIn(name string) bool {
	ref, err := image.Parse(name)
	return err == nil && ref.Digest == "" && ref.String() == "docker.io/"+toolbox.Image+":latest"
}

// toolbox is the path of the unpacked copy of this program, for --init.
func (c *cli) toolbox(ctx context.Context, store *image.Store) (string, error) {
	img, err := c.lab(store)
	if err != nil {
		return "", err
	}
	stack, err := c.home().Unpack(ctx, store, img)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(stack[0], "/") + "/bin/toolbox", nil
}
