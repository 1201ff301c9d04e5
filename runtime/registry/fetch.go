package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"tutor/runtime/image"
	"tutor/runtime/sys"
)

const (
	attempts  = 4                // in a row that bring nothing
	patience  = 60 * time.Second // without a byte a connection is dead
	blobLimit = 64 << 30         // no honest layer is larger
)

// blob opens a blob: from blobs/, or behind the download that is under way, or behind one that begins now. It
// returns when the size is known. A HEAD begins a download too: nobody asks for the size of what he will not want.
func (c *Cache) blob(ctx context.Context, ref image.Reference) (content, error) {
	c.mutex.Lock()
	if f, err := os.Open(c.blobPath(ref.Digest)); err == nil {
		c.mutex.Unlock()
		return fromFile(f, "cache")
	}
	d, from := c.downloads[ref.Digest], "shared"
	file, err := os.OpenFile(c.partialPath(ref.Digest), os.O_RDONLY|os.O_CREATE, 0o600)
	if err == nil && d == nil {
		d, from = newDownload(ref.Digest), "upstream"
		c.downloads[ref.Digest] = d
		c.running.Go(func() { c.download(d, ref) })
	}
	c.mutex.Unlock()
	if err != nil {
		return content{}, err
	}
	if err := d.wait(ctx, func() bool { return d.began }); err != nil {
		file.Close()
		return content{}, err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return content{ReadSeeker: &follower{ctx: ctx, d: d, file: file, size: d.size}, size: d.size, from: from}, nil
}

func fromFile(f *os.File, from string) (content, error) {
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return content{}, err
	}
	return content{ReadSeeker: f, size: info.Size(), from: from}, nil
}

// download fetches one blob and ends d. A file that is wrong, or that found the disk full, is removed; one whose
// connection broke stays, and the next who asks goes on from there.
func (c *Cache) download(d *download, ref image.Reference) {
	done, err := c.fill(d, ref)
	c.mutex.Lock()
	delete(c.downloads, d.digest)
	if err == nil {
		err = os.Rename(c.partialPath(d.digest), c.blobPath(d.digest))
	}
	if err != nil && (c.nothingOf(d.digest) || sys.Full(err) || errors.Is(err, errWrong)) {
		os.Remove(c.partialPath(d.digest))
	}
	c.mutex.Unlock()
	if err != nil && c.ctx.Err() == nil && !said(err) {
		c.journal.Say("%s@%s: %s", ref.FamiliarName(), d.digest[:19], printable(reason(err)))
	}
	d.finish(done, err)
}

// nothingOf tells if there is not a byte of the blob.
func (c *Cache) nothingOf(digest string) bool {
	info, err := os.Stat(c.partialPath(digest))
	return err == nil && info.Size() == 0
}

var errWrong = errors.New("upstream sent other bytes than the digest says")

// fill brings the partial file to its end: from where a former download broke off, through as many connections
// as it takes.
func (c *Cache) fill(d *download, ref image.Reference) (int64, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-c.ctx.Done():
		return 0, c.ctx.Err()
	}
	f, err := os.OpenFile(c.partialPath(d.digest), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	p := &part{d: d, file: f, sum: sha256.New()}
	if p.done, err = io.Copy(p.sum, f); err != nil {
		return 0, err
	}
	if !p.right() { // else we were killed between the last byte and the rename
		if err := p.fetch(c, ref); err != nil {
			return p.done, err
		}
	}
	return p.done, f.Sync()
}

// A part is a file that grows, and the hash of what is in it.
type part struct {
	d    *download
	file *os.File
	sum  hash.Hash
	done int64
}

func (p *part) right() bool { return fmt.Sprintf("sha256:%x", p.sum.Sum(nil)) == p.d.digest }

func (p *part) fetch(c *Cache, ref image.Reference) error {
	remote, err := c.remote(ref)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		before := p.done
		err := p.connection(c.ctx, remote)
		if err == nil && !p.right() {
			return errWrong
		}
		if err == nil || c.ctx.Err() != nil || !worthAnother(err) {
			return err
		}
		if p.done > before {
			try = 1
		}
		if try == attempts {
			return err
		}
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		}
	}
}

// worthAnother tells a line that broke and a server that is busy from a no, from a full disk, and from a lie.
func worthAnother(err error) bool {
	var local *os.PathError
	status := image.Answered(err)
	refused := status >= 400 && status < 500
	return !refused && !errors.As(err, &local) && !errors.Is(err, errWrong)
}

func (p *part) startOver() error {
	p.done = 0
	p.sum.Reset()
	return p.file.Truncate(0)
}

// connection reads from one connection until the blob or the connection ends.
func (p *part) connection(ctx context.Context, remote *image.Remote) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(patience, func() { cancel(fmt.Errorf("no byte for %s", patience)) })
	defer watchdog.Stop()
	got, err := remote.Blob(ctx, p.d.digest, p.done)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if !p.d.began && got.Offset == 0 { // and nobody has read what a former download left
		if err := p.startOver(); err != nil {
			return err
		}
	}
	if p.d.size >= 0 && got.Size >= 0 && got.Size != p.d.size {
		return fmt.Errorf("%w: its size was %d and is %d", errWrong, p.d.size, got.Size)
	}
	if got.Size > blobLimit {
		return fmt.Errorf("%w: it has %d bytes", errWrong, got.Size)
	}
	if !p.d.began {
		p.d.begin(got.Size)
	}
	err = p.read(got, func() { watchdog.Reset(patience) })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// read takes what comes. Of a server that starts over, what is here already is passed by.
func (p *part) read(got image.Part, alive func()) error {
	known := p.done - got.Offset
	buffer := make([]byte, 128<<10)
	for {
		n, err := got.Body.Read(buffer)
		alive()
		skip := min(known, int64(n))
		known -= skip
		if err := p.take(buffer[skip:n]); err != nil {
			return err
		}
		if err == nil {
			continue
		}
		whole := p.done == p.d.size || (p.d.size < 0 && p.right())
		if errors.Is(err, io.EOF) && whole {
			return nil
		}
		return fmt.Errorf("the line broke after %d bytes: %w", p.done, io.ErrUnexpectedEOF)
	}
}

// take writes what came, and lets the clients have it.
func (p *part) take(data []byte) error {
	if p.done+int64(len(data)) > blobLimit || (p.d.size >= 0 && p.done+int64(len(data)) > p.d.size) {
		return fmt.Errorf("%w: more than it said", errWrong)
	}
	if len(data) == 0 {
		return nil
	}
	if _, err := p.file.WriteAt(data, p.done); err != nil {
		return err
	}
	p.sum.Write(data)
	p.done += int64(len(data))
	p.d.grow(p.done)
	return nil
}
