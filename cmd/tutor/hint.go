//go:build linux

package main

import (
	"errors"

	"golang.org/x/sys/unix"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/networks"
	"tutor/runtime/process"
	"tutor/runtime/volumes"
)

// advice is for errors that are the same whatever was typed.
var advice = []struct {
	what error
	hint string
}{
	{container.ErrNotFound, "tutor ps -a shows the containers that there are"},
	{image.ErrNotFound, "tutor images shows those that are here, tutor pull gets others"},
	{volumes.ErrNotFound, "tutor volume ls shows those that there are"},
	{volumes.ErrInUse, "remove the container first: tutor rm"},
	{networks.ErrInUse, "tutor network disconnect, or stop the container, first"},
	{networks.ErrName, "letters, digits, dots, dashes and underscores: tutor network create course-1"},
}

// hintFor finds the one sentence of help that goes with an error: its own, or the table's for a failed call.
func hintFor(err error) string {
	var own interface{ Hint() string }
	if errors.As(err, &own) {
		return own.Hint()
	}
	var ofImage *image.Error
	if errors.As(err, &ofImage) && ofImage.Hint != "" {
		return ofImage.Hint
	}
	for _, known := range advice {
		if errors.Is(err, known.what) {
			return known.hint
		}
	}
	var failed *process.Error
	if errors.As(err, &failed) {
		return explain.Hint(failed.Op.Name, failed.Result.Errno())
	}
	return explain.Hint("", errnoOf(err))
}

// errnoOf is the kernel's answer at the bottom of an error; 0 if there is none.
func errnoOf(err error) unix.Errno {
	var errno unix.Errno
	errors.As(err, &errno)
	return errno
}
