package main_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// A layer is a stream from the registry to the disk: one of 2 GiB takes no more of the machine than one of 64
// MiB. The files are mostly holes, so that the disk holds them.
func TestALargeLayerTakesNoMoreMemoryThanASmallOne(t *testing.T) {
	root(t)
	for _, codec := range []string{"gzip", "zstd"} {
		small, _ := peak(t, sparseLayer(t, codec, 1))
		large, took := peak(t, sparseLayer(t, codec, 32))
		t.Logf("%s: 64 MiB took %d KiB, 2 GiB took %d KiB and %s", codec, small, large, took)
		require.Less(t, large, 150<<10, "KiB at the peak")
		require.Less(t, float64(large), 1.3*float64(small), "it grows with the layer")
	}
}

// peak pulls, unpacks and runs an image with a layer in it, and returns the most memory that this took, in KiB.
func peak(t *testing.T, layer v1.Layer) (kib int, took time.Duration) {
	t.Helper()
	r, kib, took := measured(t, serve(t, "library/stream", imageOf(t, v1.Config{}, programLayer(t), layer)))
	require.Zero(t, r.code, r.stderr)
	return kib, took
}

// measured runs what a registry calls library/stream, in the real program, under time(1).
func measured(t *testing.T, mirror string) (r run, kib int, took time.Duration) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "peak")
	cmd := exec.Command(tool(t, "time"), "-q", "-f", "%M", "-o", report, binary, "run", "--rm", "stream", "/bin/true")
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
	start := time.Now()
	r = command(t, cmd)
	took = time.Since(start)
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	kib, err = strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	tutor(t, "rmi", "-f", "stream")
	return r, kib, took
}

// sparseLayer is n files of 64 MiB, half a megabyte of each random: a layer of nothing but zeros is a bomb.
func sparseLayer(t *testing.T, codec string, n int) v1.Layer {
	t.Helper()
	noise := make([]byte, 512<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	var b bytes.Buffer
	var packer io.WriteCloser = gzip.NewWriter(&b)
	kind := types.OCILayer
	if codec == "zstd" {
		encoder, err := zstd.NewWriter(&b)
		require.NoError(t, err)
		packer, kind = encoder, types.OCILayerZStd
	}
	sum := sha256.New()
	w := tar.NewWriter(io.MultiWriter(packer, sum))
	rest := make([]byte, 64<<20-len(noise))
	for i := range n {
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprint("large/", i), Mode: 0o644, Size: 64 << 20}))
		w.Write(noise)
		_, err := w.Write(rest)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, packer.Close())
	return packed{static.NewLayer(b.Bytes(), kind), v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum.Sum(nil))}}
}

// packed is a layer whose bytes are compressed already.
type packed struct {
	v1.Layer
	diffID v1.Hash
}

func (p packed) DiffID() (v1.Hash, error) { return p.diffID, nil }
