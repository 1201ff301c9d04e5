//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"tutor/runtime/container"
)

// An output remembers that something could not be written to it: a command whose result is lost has not succeeded.
type output struct {
	*os.File
	lost error
}

// standardOutput is tutor's own. A terminal takes everything.
func standardOutput() io.Writer {
	if isTerminal(os.Stdout) {
		return os.Stdout
	}
	return &output{File: os.Stdout}
}

func (o *output) Write(data []byte) (int, error) {
	n, err := o.File.Write(data)
	if err != nil && !errors.Is(err, unix.EPIPE) { // who has stopped to read misses nothing
		o.lost = err
	}
	return n, err
}

// written is err, or else that what the command had to say is lost.
func (c *cli) written(err error) error {
	o, is := c.Out.(*output)
	if !is || o.lost == nil || err != nil {
		return err
	}
	return container.Hint(fmt.Errorf("the output is lost: %w", o.lost), "the command itself was carried out")
}
