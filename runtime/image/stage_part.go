package image

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockPart opens an unfinished blob for this process alone. A file that its owner finished or removed while we
// waited for the lock is not the one of that name any more: then once more.
func lockPart(ctx context.Context, path string) (part *os.File, waited bool, err error) {
	for ; ; waited = true {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, waited, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && sameFile(f, path) {
			return f, waited, nil
		}
		f.Close()
		if err != nil && err != unix.EWOULDBLOCK && err != unix.EINTR {
			return nil, waited, fmt.Errorf("flock(%s) = %w", path, err)
		}
		select {
		case <-ctx.Done():
			return nil, waited, ctx.Err()
		case <-time.After(20 * time.Millisecond): // flock(2) itself would not end with ctx
		}
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
