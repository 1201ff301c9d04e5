package image

import (
	"context"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A wrongError is about bytes that are not what they are said to be.
type wrongError struct{ error }

func (w wrongError) Unwrap() error { return w.error }

func isWrong(err error) bool {
	var wrong wrongError
	return errors.As(err, &wrong)
}

func sameDigest(want v1.Hash, sum []byte) error {
	if got := fmt.Sprintf("sha256:%x", sum); got != want.String() {
		return wrongError{fmt.Errorf("blob %s: its bytes have digest %s", want, got)}
	}
	return nil
}

// unpackedSize reads a layer through, and so checks its diff ID and its honesty about size.
func (t *stage) unpackedSize(ctx context.Context, l Layer) (int64, error) {
	digest, err := parseDigest(l.Digest)
	if err != nil {
		return 0, err
	}
	f, err := t.open(digest)
	if err != nil {
		return 0, err
	}
	v, err := verify(f, l, "")
	if err != nil {
		f.Close()
		return 0, err
	}
	defer v.Close()
	if _, err := io.Copy(io.Discard, interruptible{ctx, v}); err != nil {
		return 0, err
	}
	return v.count, nil
}

// interruptible ends a long read when the context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
