package layers

import (
	"context"
	"io"
	"runtime"
	"testing"

	"tutor/runtime/pace"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestPackingEndsWithItsContextAndItsDisk(t *testing.T) {
	needRoot(t)
	d := changed(t, someImage(t), "truncate -s 60G big")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := d.Pack(ctx, &tripwire{to: io.Discard, at: 1 << 20, do: cancel})
	require.ErrorIs(t, err, context.Canceled)
	_, err = d.Pack(t.Context(), full{})
	require.ErrorIs(t, err, unix.ENOSPC)
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, unix.ENOSPC }

func TestMemoryStaysFlat(t *testing.T) {
	pace.Fast(t)
	needRoot(t)
	d := changed(t, someImage(t), "truncate -s 1G big; mkdir many; cd many; seq 20000 | xargs touch")
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &watermark{}
	_, err := d.Pack(t.Context(), w)
	require.NoError(t, err)
	require.Less(t, w.highest, before.HeapAlloc+64<<20, "1 GB of file and 20000 names")
}

// A watermark notes how much memory is in use while it is written to.
type watermark struct {
	written int
	highest uint64
}

func (w *watermark) Write(p []byte) (int, error) {
	if w.written += len(p); w.written>>24 != (w.written-len(p))>>24 {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		w.highest = max(w.highest, now.HeapAlloc)
	}
	return len(p), nil
}
