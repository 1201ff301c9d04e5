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
	"tutor/runtime/image"
)

func newLoad(c *cli) *cobra.Command {
	var input string
	var quiet bool
	command := &cobra.Command{
		Use:   "load [OPTIONS]",
		Short: "Load an image from a tar archive or STDIN",
		Long: "load reads what `tutor save`, `docker save` and `skopeo copy … oci-archive:FILE` write, plain or packed with\n" +
			"gzip or zstd. Every digest is checked; of an archive with a fault nothing is kept.",
		Example: "  tutor load -i python.tar\n  docker save python | tutor load\n  tutor load < class.tar.gz",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openInput(input, "load")
			if err != nil {
				return err
			}
			defer in.Close()
			store, err := c.Store()
			if err != nil {
				return err
			}
			stream, done := c.watched(in, quiet)
			loaded, err := store.Load(cmd.Context(), stream)
			done()
			for _, l := range loaded {
				if l.Replaced != "" {
					fmt.Fprintf(c.Out, "The image %s already exists, renaming the old one with ID %s to empty string\n", l.Name, l.Replaced)
				}
				if l.Name == "" {
					fmt.Fprintln(c.Out, "Loaded image ID:", l.Image.ID)
				} else {
					fmt.Fprintln(c.Out, "Loaded image:", l.Name)
				}
			}
			return err
		},
	}
	command.Flags().StringVarP(&input, "input", "i", "", "Read from tar archive file, instead of STDIN")
	command.Flags().BoolVarP(&quiet, "quiet", "q", false, "Suppress the load output")
	return command
}

// openInput opens a file, or standard input where somebody writes into it: from a terminal nobody types a tar.
func openInput(name, command string) (*os.File, error) {
	if name != "" && name != "-" {
		file, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			err = container.Hint(err, "a relative path begins in this directory; `tutor "+command+" … -` reads standard input")
		}
		return file, err
	}
	if isTerminal(os.Stdin) {
		return nil, container.Hint(errors.New("requested "+command+" from stdin, but stdin is empty"), "name a file, or send one in: tutor "+command+" … < FILE")
	}
	return os.Stdin, nil
}

// watched shows on a terminal how far a file has been read.
func (c *cli) watched(f *os.File, quiet bool) (stream io.Reader, done func()) {
	info, err := f.Stat()
	if quiet || err != nil || !info.Mode().IsRegular() || !isTerminal(c.Out) {
		return f, func() {}
	}
	show, done := barProgress(c.Out)
	return &counted{r: f, tell: func(n int64) {
		show(image.Progress{ID: filepath.Base(f.Name()), Status: "Loading", Done: n, Total: info.Size()})
	}}, done
}

// counted tells how much has been read.
type counted struct {
	r    io.Reader
	n    int64
	tell func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}
