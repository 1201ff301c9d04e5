package image

import (
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARemoteAsksTheNextMirrorForWhatTheFirstHasNot(t *testing.T) {
	empty, full := newRegistry(t), newRegistry(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	want := full.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	ref := mustParse(t, "a")
	var via []string
	full.between = func(_ http.ResponseWriter, r *http.Request) bool {
		via = append(via, r.Header.Get("Via"))
		return false
	}
	r, err := OpenRemote(ref, Config{Mirrors: []string{empty.URL, full.URL}}, "me")
	require.NoError(t, err)
	digest, err := r.Head(t.Context(), "latest")
	require.NoError(t, err)
	require.Equal(t, want.String(), digest)
	data, digest, contentType, err := r.Manifest(t.Context(), digest)
	require.NoError(t, err)
	require.Equal(t, want.String(), digest)
	kind, err := MediaType(data, contentType)
	require.NoError(t, err)
	require.Equal(t, "application/vnd.oci.image.manifest.v1+json", kind)
	blob, err := layer.Digest()
	require.NoError(t, err)
	part, err := r.Blob(t.Context(), blob.String(), 0)
	require.NoError(t, err)
	defer part.Body.Close()
	body, err := io.ReadAll(part.Body)
	require.NoError(t, err)
	require.EqualValues(t, len(body), part.Size)
	require.Contains(t, via, "1.1 me")
	require.Positive(t, empty.asked("/manifests/"), "the first is asked first")
}

func TestContentRange(t *testing.T) {
	offset, size, err := contentRange("bytes 100-199/200")
	require.NoError(t, err)
	require.Equal(t, [2]int64{100, 200}, [2]int64{offset, size})
	_, size, err = contentRange("bytes 100-199/*")
	require.NoError(t, err)
	require.EqualValues(t, -1, size)
	for _, s := range []string{"", "bytes */200", "bytes -5-6/7", "bytes x-6/7"} {
		_, _, err = contentRange(s)
		require.Error(t, err, s)
	}
}

func TestEntriesAreWhatCanBeAskedFor(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	want := r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	entries, err := s.Entries()
	require.NoError(t, err)
	require.Len(t, entries, 1)
	e := entries[0]
	require.Equal(t, "docker.io/library/a:latest", e.Ref.String())
	require.True(t, e.Ref.OnHub())
	require.Equal(t, want.String(), e.Manifest)
	require.Equal(t, want.String(), e.Digest)
	require.Equal(t, "linux/"+runtime.GOARCH, e.Platform)
	for _, digest := range e.Blobs {
		f, err := s.OpenBlob(digest)
		require.NoError(t, err)
		f.Close()
	}
	require.Len(t, e.Blobs, 3)
	_, err = s.OpenBlob("sha256:../../index.json")
	require.ErrorContains(t, err, "invalid digest")
}
