package networks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"tutor/runtime/flock"
)

// A Lock is held until it is closed, or its holder dies.
type Lock []*os.File

// Lock keeps everybody else from changing the networks and leases of this root, and the tutors of other roots in the same
// network namespace from looking for addresses at the same moment: both would find the same ones free.
func (s Store) Lock(ctx context.Context) (Lock, error) {
	if err := errors.Join(os.MkdirAll(s.Dir, 0o700), os.MkdirAll(s.Run, 0o700)); err != nil {
		return nil, err
	}
	var held Lock
	for _, path := range []string{s.Run, "/proc/self/ns/net"} {
		f, err := locked(ctx, path)
		if err != nil {
			return nil, errors.Join(err, held.Close())
		}
		held = append(held, f)
	}
	return held, nil
}

// Close gives it back.
func (l Lock) Close() (err error) {
	for _, f := range l {
		err = errors.Join(err, f.Close())
	}
	return err
}

// patience is how long another may hold a lock: what he does with it takes milliseconds, and everybody may lock the network
// namespace that he is in.
const patience = 2 * time.Minute

func locked(ctx context.Context, path string) (*os.File, error) {
	held := fmt.Errorf("lock %s: somebody has held it for %v (lslocks tells who)", path, patience)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, held)
	defer cancel()
	f, err := flock.Open(ctx, path)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return f, err
}
