package layers

import (
	"context"
	"io"
	"runtime"
	"testing"

	"archive/tar"

	"github.com/stretchr/testify/require"
)

// again is a stream that says the same for ever.
type again struct {
	text []byte
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.text[a.at:])
	a.at = (a.at + n) % len(a.text)
	return n, nil
}

// A gigabyte of headers packs into a megabyte, and each costs an inode.
func TestAnArchiveOfEndlessEntriesIsRefused(t *testing.T) {
	header := makeLayer(t, &tar.Header{Typeflag: tar.TypeDir, Name: "d/", Mode: 0o755})[:512]
	met := 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := eachEntry(context.Background(), &again{text: header}, 100_000, func(*tar.Header, io.Reader) error { met++; return nil })
	require.EqualError(t, err, "unpack: the archive has more than 100000 entries")
	require.Equal(t, 100_000, met)
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, after.HeapAlloc, before.HeapAlloc+1<<20, "none of them is remembered")
}
