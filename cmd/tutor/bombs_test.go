package main_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// What costs the enemy little must not cost the host much: each of these is refused in these words, or works,
// within bounds of time and memory.
func TestBombsFizzle(t *testing.T) {
	pace.Fast(t)
	root(t)
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	descriptor := func(size int) string {
		return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d}`, digest, size)
	}
	image := func(layer v1.Layer) string {
		return serve(t, "library/stream", imageOf(t, v1.Config{}, programLayer(t), layer))
	}
	for _, b := range []struct {
		name, mirror, refused string
	}{
		{"control: 64 MiB of padding", image(padded(t, "gzip", 1)), ""},
		{"8 GiB of padding, gzip (CVE-2017-14992)", image(padded(t, "gzip", 128)), "a decompression bomb"},
		{"8 GiB of padding, zstd", image(padded(t, "zstd", 128)), "a decompression bomb"},
		{"fifty thousand files and directories", image(manyEntries(t, 50_000)), ""},
		{"a manifest of a million layers", answering(t, types.OCIManifestSchema1, `{"config":`+descriptor(2)+`,"layers":[{}`+strings.Repeat(",{}", 1_300_000)+`]}`), "manifest: it has 1300003 parts"},
		{"an index of a million images", answering(t, types.OCIImageIndex, `{"manifests":[{}`+strings.Repeat(",{}", 1_300_000)+`]}`), "index: it has 1300000 parts"},
		{"a manifest larger than any", answering(t, types.OCIManifestSchema1, strings.Repeat(" ", 5<<20)), "larger than 4194304 bytes"},
		{"a manifest of a million brackets", answering(t, types.OCIManifestSchema1, strings.Repeat("[", 4_000_000)), "manifest is not JSON"},
		{"a config larger than any", answering(t, types.OCIManifestSchema1, `{"config":`+descriptor(1<<30)+`,"layers":[]}`), "has a size of 1073741824 bytes"},
	} {
		t.Run(b.name, func(t *testing.T) {
			r, kib, took := measured(t, b.mirror)
			t.Logf("%d KiB, %s", kib, took)
			require.Less(t, took, pace.Times(20*time.Second))
			require.Less(t, kib, 200<<10, "KiB at the peak")
			if b.refused == "" {
				require.Zero(t, r.code, r.stderr)
				return
			}
			require.Equal(t, 125, r.code)
			require.Contains(t, r.stderr, b.refused)
			require.Empty(t, ok(t, "images", "-q", "stream"), "nothing is left in the store")
		})
	}
}

// padded is a layer with n times 64 MiB of zeros after the end of its archive.
func padded(t *testing.T, codec string, n int) v1.Layer {
	t.Helper()
	archive := tarOf(t, entry{&tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o644}, "a"})
	zeros := make([]byte, 64<<20)
	pack, kind := gzipped, types.OCILayer
	if codec == "zstd" {
		pack, kind = zstdded, types.OCILayerZStd
	}
	blob := append(pack(t, archive), bytes.Repeat(pack(t, zeros), n)...) // members and frames follow one another
	sum, _, err := v1.SHA256(bytes.NewReader(append(archive, zeros...)))
	require.NoError(t, err)
	return packed{static.NewLayer(blob, kind), sum}
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zstdded(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

// manyEntries is a layer of n names, a tenth of them directories.
func manyEntries(t *testing.T, n int) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range n {
		h := &tar.Header{Name: fmt.Sprintf("many/%d/%d", i/10, i), Typeflag: tar.TypeReg, Mode: 0o644}
		if i%10 == 0 {
			h = &tar.Header{Name: fmt.Sprintf("many/%d/", i/10), Typeflag: tar.TypeDir, Mode: 0o755}
		}
		require.NoError(t, w.WriteHeader(h))
	}
	require.NoError(t, w.Close())
	return static.NewLayer(b.Bytes(), types.OCIUncompressedLayer)
}

// answering is a registry with one document for every question.
func answering(t *testing.T, kind types.MediaType, document string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", string(kind))
			w.Write([]byte(document))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
