package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"

	"tutor/runtime/flock"
	"tutor/runtime/pace"
)

// A line that says nothing any more is taken up where it fell silent, as one that broke; and one that brings something each time
// may fall silent as often as it likes.
func TestASilentDownloadGoesOn(t *testing.T) {
	content, silent := bytes.Repeat([]byte("content "), 1<<14), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if silent++; silent > 2*attempts {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
			return
		}
		var from int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(content[from : from+1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "blob"))
	require.NoError(t, err)
	defer file.Close()
	sum := sha256.Sum256(content)
	x := &transfer{file: file, sum: sha256.New(), of: v1.Descriptor{Digest: hashOf(sum[:]), Size: int64(len(content))}, tell: func(int64) {}}
	require.NoError(t, x.bring(t.Context(), &client{base: server.URL, patience: pace.Times(200 * time.Millisecond)}))
	came, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, came))
}

// One that never brings anything is given up, and what has come before is worth keeping.
func TestASilentServerIsGivenUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "blob"))
	require.NoError(t, err)
	defer file.Close()
	x := &transfer{file: file, sum: sha256.New(), of: v1.Descriptor{Digest: hashOf(make([]byte, 32)), Size: 1}, tell: func(int64) {}}
	err = x.bring(t.Context(), &client{base: server.URL, patience: 50 * time.Millisecond})
	require.ErrorIs(t, err, errSilent)
	require.True(t, worthKeeping(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, x.bring(ctx, &client{base: server.URL, patience: time.Minute}), context.Canceled, "who is interrupted does not try again")
}

// Whoever throws away what a bad mirror sent, and goes on with the next, keeps nobody out, and nobody sweeps it away.
func TestAStageThatWasDiscardedIsOneOfMany(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithTimeout(t.Context(), pace.Times(10*time.Second))
	defer cancel()
	one, err := s.newStage(ctx)
	require.NoError(t, err)
	defer one.close()
	one.discard(ctx)
	two, err := s.newStage(ctx)
	require.NoError(t, err, "nobody waits for it")
	one.discard(ctx)
	two.close()
	prune, err := os.Open(s.path("tmp"))
	require.NoError(t, err)
	defer prune.Close()
	require.ErrorIs(t, flock.Try(prune, flock.Alone), flock.ErrHeld, "it is still at work")
}

// What an archive's index names again and again is in memory each time.
func TestAnArchiveThatNamesAManifestTooOften(t *testing.T) {
	img := makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"}))
	manifest, err := img.RawManifest()
	require.NoError(t, err)
	large := strings.Replace(string(manifest), "{", `{"annotations":{"a":"`+strings.Repeat("a", 3<<20)+`"},`, 1)
	entries := strings.Repeat(fmt.Sprintf(`{"digest":"sha256:%x","mediaType":%q,"size":%d},`, sha256.Sum256([]byte(large)), "application/vnd.oci.image.manifest.v1+json", len(large)), 1000)
	archive := archiveOf(t, entry{name: "blob", content: large}, entry{name: "index.json", content: `{"schemaVersion":2,"manifests":[` + strings.TrimSuffix(entries, ",") + `]}`})
	_, err = newStore(t).Load(t.Context(), bytes.NewReader(archive))
	require.ErrorContains(t, err, "of memory")
	var names []entry
	for i := range 20_000 {
		names = append(names, entry{name: fmt.Sprint(strings.Repeat("n", 80), i), link: strings.Repeat("l/", 2000)})
	}
	_, err = newStore(t).Load(t.Context(), bytes.NewReader(archiveOf(t, names...)))
	require.ErrorContains(t, err, "of memory")
}

func TestAnImageOfMoreLayersThanAMountTakesIsRefused(t *testing.T) {
	layer := `{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":1,"digest":"sha256:` + strings.Repeat("a", 64) + `"}`
	of := func(n int) error {
		_, err := parseManifest([]byte(`{"schemaVersion":2,"config":` + strings.Replace(layer, "layer.v1.tar", "config.v1+json", 1) +
			`,"layers":[` + strings.TrimSuffix(strings.Repeat(layer+",", n), ",") + `]}`))
		return err
	}
	require.NoError(t, of(layerLimit))
	require.ErrorContains(t, of(layerLimit+1), "128 layers; one mount takes 127")
}

// Our own full disk is no fault of the archive's, and what has come is not worth its room.
func TestAFullDiskIsSaidToBeFull(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "x", Err: errors.New("no space left on device")}
	require.Equal(t, error(full), notAnArchive(full))
	require.False(t, worthKeeping(full))
	require.ErrorContains(t, notAnArchive(io.ErrUnexpectedEOF), "not a tar archive")
}
