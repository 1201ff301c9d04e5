// Package flock locks open files and directories by flock(2). Such a lock belongs to the open file: it ends when the last
// descriptor of it is closed, and so with its holder, however he ends; a child that inherits one holds it on. Everybody
// must ask: it keeps nobody from reading or writing.
package flock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How a file is locked: by one alone, or by many at once who keep out whoever wants to be alone.
const (
	Alone  = unix.LOCK_EX
	Shared = unix.LOCK_SH
)

// ErrHeld is for a lock that somebody else holds.
var ErrHeld = error(unix.EWOULDBLOCK)

// Try takes the lock, or ends with ErrHeld. Who holds it shared and asks to be alone may end with neither.
func Try(f *os.File, how int) error {
	err := error(unix.EINTR)
	for errors.Is(err, unix.EINTR) { // by the signals that Go sends its own threads
		err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	}
	if err != nil {
		return fmt.Errorf("flock(%s) = %w", f.Name(), err)
	}
	return nil
}

// Wait takes the lock when it is free, but waits no longer than ctx, which a flock(2) that waits itself would not heed.
func Wait(ctx context.Context, f *os.File, how int) error {
	for {
		err := Try(f, how)
		if !errors.Is(err, ErrHeld) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// Open opens a file or a directory, and waits until it has it alone.
func Open(ctx context.Context, path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := Wait(ctx, f, Alone); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
