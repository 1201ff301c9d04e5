package registry

import (
	"context"
	"io"
	"os"
	"sync"
)

// A download is one blob on its way in. It writes a file that grows; any number of clients read that file behind
// it, each at its own pace, and a client that goes away is not noticed.
type download struct {
	digest  string
	mutex   sync.Mutex
	changed chan struct{} // closed when something below changes, and replaced
	began   bool          // upstream answered, and said the size if it ever will
	size    int64         // of the whole blob; -1: not known
	ready   int64         // bytes that may be read
	ended   bool
	err     error // why it ended before its end
}

func newDownload(digest string) *download {
	return &download{digest: digest, changed: make(chan struct{}), size: -1}
}

// set changes something and wakes everybody who waits.
func (d *download) set(change func()) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	change()
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *download) begin(size int64) { d.set(func() { d.began, d.size = true, size }) }

// grow lets clients read what came in, all but the last byte: a client gets that when the digest is known to be
// right. So nobody, not even a client that checks nothing, ever has the whole of a wrong blob.
func (d *download) grow(done int64) { d.set(func() { d.ready = done - 1 }) }

// finish says that the file is whole and right, or why there will be none.
func (d *download) finish(size int64, err error) {
	d.set(func() {
		d.began, d.ended, d.err = true, true, err
		if err == nil {
			d.size, d.ready = size, size
		}
	})
}

// wait returns when enough is true of d, or d has ended, or ctx has.
func (d *download) wait(ctx context.Context, enough func() bool) error {
	for {
		d.mutex.Lock()
		done, err, changed := d.ended || enough(), d.err, d.changed
		d.mutex.Unlock()
		if err != nil {
			return err
		}
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A follower reads a download's file behind it. Its file is its own: the rename into blobs/ does not touch it.
type follower struct {
	ctx    context.Context
	d      *download
	file   *os.File
	offset int64
	size   int64 // -1: not known
}

func (f *follower) Read(p []byte) (int, error) {
	if f.size >= 0 && f.offset >= f.size {
		return 0, io.EOF
	}
	if err := f.d.wait(f.ctx, func() bool { return f.d.ready > f.offset }); err != nil {
		return 0, err
	}
	f.d.mutex.Lock()
	ready := f.d.ready
	f.d.mutex.Unlock()
	if ready <= f.offset {
		return 0, io.EOF // it has ended, and its size is known now
	}
	n, err := f.file.ReadAt(p[:min(int64(len(p)), ready-f.offset)], f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *follower) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, os.ErrInvalid
	}
	f.offset = offset
	return offset, nil
}

func (f *follower) Close() error { return f.file.Close() }
