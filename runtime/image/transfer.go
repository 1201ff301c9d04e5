package image

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A transfer is one blob on its way into a file.
type transfer struct {
	file *os.File
	sum  hash.Hash // of what is in the file
	done int64     // bytes in the file
	of   v1.Descriptor
	tell func(done int64)
}

// download brings one blob to the stage. A connection that breaks is taken up where it broke, be it by this pull
// or, hours later, by the next.
func (p *pull) download(ctx context.Context, c *client, d v1.Descriptor, tell func(done int64)) error {
	return p.stage.write(ctx, d.Digest, func(f *os.File) error {
		t := &transfer{file: f, sum: sha256.New(), of: d, tell: tell}
		if err := t.takeUp(); err != nil {
			return err
		}
		taken := t.done
		err := t.bring(ctx, c)
		if taken == 0 || !isWrong(err) {
			return err
		}
		if err := t.restart(); err != nil { // what the earlier pull left was spoilt
			return err
		}
		return t.bring(ctx, c)
	})
}

// bring reads the rest of the blob, over as many connections as it takes, and checks the whole.
func (t *transfer) bring(ctx context.Context, c *client) error {
	most := t.done
	for attempt := 1; t.done < t.of.Size; attempt++ {
		err := t.resume(ctx, c)
		if err == nil {
			break
		}
		if t.done > most {
			most, attempt = t.done, 1 // those that bring nothing new are counted
		}
		var broken brokenError
		if !errors.As(err, &broken) || attempt == attempts {
			return err
		}
		if err := sleep(ctx, time.Duration(attempt)*300*time.Millisecond); err != nil {
			return err
		}
	}
	if err := sameDigest(t.of.Digest, t.sum.Sum(nil)); err != nil {
		return err
	}
	step, _ := ctx.Value(stepKey{}).(string)
	talkOf(ctx).check(Check{step, "the bytes have the digest that the manifest gives", t.of.Digest.String(), t.of.Size})
	return nil
}

// takeUp reads what an earlier pull has left.
func (t *transfer) takeUp() (err error) {
	if t.done, err = io.Copy(t.sum, t.file); err != nil || t.done <= t.of.Size {
		return err
	}
	return t.restart()
}

// restart forgets all that has come.
func (t *transfer) restart() error {
	t.sum.Reset()
	t.done = 0
	if err := t.file.Truncate(0); err != nil {
		return err
	}
	_, err := t.file.Seek(0, io.SeekStart)
	return err
}

// errSilent is a server that neither says anything nor goes away.
var errSilent = fmt.Errorf("no answer for %s", patience)

// A brokenError is a connection that ended early: the one failure that is worth another try.
type brokenError struct{ error }

func (b brokenError) Unwrap() error { return b.error }

// resume reads the rest of a blob, at most one byte more than the manifest promised.
func (t *transfer) resume(ctx context.Context, c *client) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.patience, func() { cancel(errSilent) })
	defer watchdog.Stop()
	defer func() {
		if err != nil && context.Cause(ctx) == errSilent {
			err = brokenError{errSilent}
		}
	}()
	body, partial, err := c.blob(ctx, t.of, t.done)
	var answer *transport.Error
	if t.done > 0 && errors.As(err, &answer) && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return errors.Join(t.restart(), brokenError{err}) // a registry that gives all or nothing
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if !partial && t.done > 0 {
		if err := t.restart(); err != nil {
			return err
		}
	}
	return t.read(ctx, body, func() { watchdog.Reset(c.patience) })
}

// read takes in what comes; alive hears of every piece.
func (t *transfer) read(ctx context.Context, body io.Reader, alive func()) error {
	buffer := make([]byte, 128<<10)
	for {
		n, err := body.Read(buffer)
		alive()
		if t.done+int64(n) > t.of.Size {
			return wrongError{fmt.Errorf("blob %s is larger than the %d bytes of the manifest", t.of.Digest, t.of.Size)}
		}
		if _, err := io.MultiWriter(t.file, t.sum).Write(buffer[:n]); err != nil {
			return err
		}
		t.done += int64(n)
		t.tell(t.done)
		if errors.Is(err, io.EOF) && t.done == t.of.Size {
			return nil
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return brokenError{fmt.Errorf("blob %s ended after %d of %d bytes: %w", t.of.Digest, t.done, t.of.Size, io.ErrUnexpectedEOF)}
		}
	}
}
