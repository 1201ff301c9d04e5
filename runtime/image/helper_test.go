package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// A testRegistry is ggcr's registry on loopback, with a place to get in between.
type testRegistry struct {
	*httptest.Server
	mutex   sync.Mutex
	gets    []string
	between func(w http.ResponseWriter, r *http.Request) bool // true: answered
}

func newRegistry(t *testing.T) *testRegistry {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // no credentials of whoever runs the test
	real := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	r := &testRegistry{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mutex.Lock()
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			r.gets = append(r.gets, req.Method+" "+req.URL.Path)
		}
		between := r.between
		r.mutex.Unlock()
		if between == nil || !between(w, req) {
			real.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *testRegistry) host() string { return strings.TrimPrefix(r.URL, "http://") }

func (r *testRegistry) asked(part string) int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	n := 0
	for _, g := range r.gets {
		if strings.Contains(g, part) {
			n++
		}
	}
	return n
}

// put uploads a blob or a manifest with the registry's own API.
func (r *testRegistry) putBlob(t *testing.T, repository string, data []byte) v1.Hash {
	t.Helper()
	h, _, err := v1.SHA256(bytes.NewReader(data))
	require.NoError(t, err)
	resp, err := http.Post(r.URL+"/v2/"+repository+"/blobs/uploads/?digest="+h.String(), "application/octet-stream", bytes.NewReader(data))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	return h
}

func (r *testRegistry) putManifest(t *testing.T, repository, tag, mediaType string, data []byte) v1.Hash {
	t.Helper()
	h, _, err := v1.SHA256(bytes.NewReader(data))
	require.NoError(t, err)
	if tag == "" {
		tag = h.String()
	}
	req, err := http.NewRequest(http.MethodPut, r.URL+"/v2/"+repository+"/manifests/"+tag, bytes.NewReader(data))
	require.NoError(t, err)
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	return h
}

// push uploads a whole image and returns its manifest's digest.
func (r *testRegistry) push(t *testing.T, repository, tag string, img v1.Image) v1.Hash {
	t.Helper()
	layers, err := img.Layers()
	require.NoError(t, err)
	for _, l := range layers {
		rc, err := l.Compressed()
		require.NoError(t, err)
		data, err := io.ReadAll(rc)
		require.NoError(t, err)
		r.putBlob(t, repository, data)
	}
	config, err := img.RawConfigFile()
	require.NoError(t, err)
	r.putBlob(t, repository, config)
	manifest, err := img.RawManifest()
	require.NoError(t, err)
	kind, err := img.MediaType()
	require.NoError(t, err)
	return r.putManifest(t, repository, tag, string(kind), manifest)
}

// A tarFile is one entry of a layer made by hand.
type tarFile struct{ name, content string }

func makeTar(t testing.TB, files ...tarFile) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content)), Typeflag: tar.TypeReg}))
		_, err := io.WriteString(w, f.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zstdded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

// A madeLayer is a layer whose diff ID may be any.
type madeLayer struct {
	v1.Layer
	diffID v1.Hash
}

func (l madeLayer) DiffID() (v1.Hash, error) { return l.diffID, nil }

func packedLayer(t testing.TB, plain, packed []byte, kind types.MediaType) v1.Layer {
	t.Helper()
	h, _, err := v1.SHA256(bytes.NewReader(plain))
	require.NoError(t, err)
	return madeLayer{static.NewLayer(packed, kind), h}
}

func gzipLayer(t testing.TB, files ...tarFile) v1.Layer {
	plain := makeTar(t, files...)
	return packedLayer(t, plain, gzipped(t, plain), types.OCILayer)
}

// makeImage makes an image for an architecture, of layers lowest first.
func makeImage(t testing.TB, arch string, layers ...v1.Layer) v1.Image {
	t.Helper()
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.AppendLayers(base, layers...)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Created = v1.Time{Time: time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)}
	config.Config.Cmd = []string{"sh"}
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	return img
}

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := OpenStore(filepath.Join(t.TempDir(), "images"))
	require.NoError(t, err)
	return s
}

// listing is every path of the store and every byte of its index: what a failed pull must not change.
func listing(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) == "lock" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size := int64(0)
		if !d.IsDir() {
			size = info.Size()
		}
		fmt.Fprintln(&b, strings.TrimPrefix(path, s.dir), info.Mode(), size)
		return nil
	}))
	index, err := s.index()
	require.NoError(t, err)
	data, err := json.Marshal(index)
	require.NoError(t, err)
	return b.String() + string(data)
}

func mustParse(t testing.TB, s string) Reference {
	t.Helper()
	ref, err := Parse(s)
	require.NoError(t, err)
	return ref
}

func readLayer(s *Store, l Layer) ([]byte, error) {
	r, err := s.Open(l)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
