//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

func newSave(c *cli) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "save [OPTIONS] IMAGE [IMAGE...]",
		Short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
		Long: "save writes images as one archive that docker, podman and skopeo read: an OCI layout and Docker's\n" +
			"manifest.json in one tar. A name without a tag means all of its tags.",
		Example:           "  tutor save -o python.tar python:3.13\n  tutor save python | gzip > python.tar.gz\n  tutor save tutor/lab | docker load",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeImages,
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := c.Store()
			if err != nil {
				return err
			}
			for _, name := range args {
				if err := c.builtIn(store, name); err != nil {
					return err
				}
			}
			if output == "" && isTerminal(c.Out) {
				return container.Hint(errors.New("cowardly refusing to save to a terminal"), "use -o FILE, or redirect")
			}
			write := func(w io.Writer) error { return store.Save(cmd.Context(), w, args) }
			if output == "" {
				return write(c.Out)
			}
			return replaceFile(output, write)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "Write to a file, instead of STDOUT")
	return command
}

// replaceFile writes a file that appears under its name only when it is whole. What is no regular file (/dev/null,
// a pipe) is written as it is.
func replaceFile(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("invalid output path: directory %q does not exist", filepath.Dir(name))
	}
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
