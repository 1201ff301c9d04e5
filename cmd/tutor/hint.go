//go:build linux

package main

import (
	"errors"

	"golang.org/x/sys/unix"

	"tutor/explain"
	"tutor/runtime/image"
	"tutor/runtime/process"
)

// hintFor finds the one sentence of help that goes with an error: its own, or the table's for a failed call.
func hintFor(err error) string {
	var own interface{ Hint() string }
	if errors.As(err, &own) {
		return own.Hint()
	}
	var ofImage *image.Error
	if errors.As(err, &ofImage) {
		return ofImage.Hint
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
