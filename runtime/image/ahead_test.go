package image

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// A counted source says how often it was read, and if it was closed.
type counted struct {
	io.Reader
	reads  atomic.Int64
	closed atomic.Bool
}

func (c *counted) Read(p []byte) (int, error) {
	if c.closed.Load() {
		panic("read after Close")
	}
	c.reads.Add(1)
	return c.Reader.Read(p)
}

func (c *counted) Close() error {
	c.closed.Store(true)
	return nil
}

func TestReadingAheadGivesTheSameBytesAndThenTheSameError(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, size := range []int{0, 1, aheadBuffer - 1, aheadBuffer, aheadBuffer + 1, 3 * aheadBuffers * aheadBuffer} {
		content := make([]byte, size)
		rand.Read(content)
		for name, source := range map[string]io.Reader{
			"the error comes by itself":  io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)),
			"the error comes with bytes": iotest.DataErrReader(io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken))),
			"a few bytes at a time":      io.MultiReader(iotest.HalfReader(bytes.NewReader(content)), iotest.ErrReader(broken)),
		} {
			a := readAhead(io.NopCloser(source))
			got, err := io.ReadAll(a)
			require.ErrorIs(t, err, broken, "%s, %d bytes", name, size)
			require.True(t, bytes.Equal(content, got), "%s: %d bytes came as %d", name, size, len(got))
			n, err := a.Read(make([]byte, 1))
			require.Zero(t, n)
			require.ErrorIs(t, err, broken, "and again")
			require.NoError(t, a.Close())
		}
	}
}

func TestReadingAheadStopsAtItsBuffersAndAtClose(t *testing.T) {
	for _, asked := range []int{0, 1, 2 * aheadBuffers} {
		source := &counted{Reader: zeros{}}
		a := readAhead(source)
		_, err := io.CopyN(io.Discard, a, int64(asked)*aheadBuffer)
		require.NoError(t, err)
		require.NoError(t, a.Close())
		require.True(t, source.closed.Load())
		require.LessOrEqual(t, source.reads.Load(), int64(asked+aheadBuffers+1), "%d buffers were asked for", asked)
	}
}

// zeros never end: a decompression bomb.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
