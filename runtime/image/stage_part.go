package image

import (
	"context"
	"errors"
	"os"

	"tutor/runtime/flock"
)

// lockPart opens an unfinished blob for this process alone. A file that its owner finished or removed while we
// waited for the lock is not the one of that name any more: then once more.
func lockPart(ctx context.Context, path string) (part *os.File, waited bool, err error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, waited, err
		}
		err = flock.Try(f, flock.Alone)
		if errors.Is(err, flock.ErrHeld) {
			waited = true
			err = flock.Wait(ctx, f, flock.Alone)
		}
		if err == nil && sameFile(f, path) {
			return f, waited, nil
		}
		f.Close()
		if err != nil {
			return nil, waited, err
		}
		waited = true // for whoever has finished it
	}
}

func sameFile(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}
