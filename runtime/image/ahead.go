package image

import "io"

// An ahead reads a stream before it is asked to. Without it a layer is decompressed, hashed and written to the
// disk by one goroutine in turns, which takes the sum of the times; side by side they take the longest.
type ahead struct {
	source io.ReadCloser
	empty  chan []byte // buffers to fill; closed by Close
	full   chan piece  // what was read, in order; closed after the last
	given  piece       // the one that Read takes from
	rest   []byte      // of given
}

// A piece is a buffer's fill; one with an error is the last.
type piece struct {
	buffer []byte
	n      int
	err    error
}

// How far ahead: with megabytes a hundred small files, which take longer to make than to decompress, cost no
// time, and with large buffers the goroutines seldom wake each other.
const (
	aheadBuffers = 4
	aheadBuffer  = 512 << 10 // bytes
)

// readAhead begins at once, and has the source to itself until it gave an error or Close was called.
func readAhead(source io.ReadCloser) *ahead {
	a := &ahead{source: source, empty: make(chan []byte, aheadBuffers), full: make(chan piece, aheadBuffers)}
	for range aheadBuffers {
		a.empty <- make([]byte, aheadBuffer)
	}
	go a.fill()
	return a
}

// fill never waits at full: it has room for as many as there are buffers.
func (a *ahead) fill() {
	defer close(a.full)
	for buffer := range a.empty {
		p := piece{buffer: buffer}
		for p.n < len(buffer) && p.err == nil {
			n, err := a.source.Read(buffer[p.n:])
			p.n, p.err = p.n+n, err
		}
		a.full <- p
		if p.err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.given.err != nil {
			return 0, a.given.err
		}
		if a.given.buffer != nil {
			a.empty <- a.given.buffer
		}
		a.given = <-a.full
		a.rest = a.given.buffer[:a.given.n]
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close waits until nobody reads from the source any more, and closes it.
func (a *ahead) Close() error {
	close(a.empty)
	for range a.empty { // or fill would fill them first
	}
	for range a.full {
	}
	return a.source.Close()
}
