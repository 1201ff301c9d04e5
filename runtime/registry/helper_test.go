package registry

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// The hub itself is never asked by a test: when our mirror fails, the next to be asked is a proxy that is not
// there.
func TestMain(m *testing.M) {
	os.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	os.Setenv("DOCKER_CONFIG", "/nowhere")
	os.Exit(m.Run())
}

// An upstream is ggcr's registry on loopback, with a place to get in between.
type upstream struct {
	*httptest.Server
	mutex   sync.Mutex
	asked   []string // "GET /v2/…", "GET /v2/… bytes=5-"
	between func(w http.ResponseWriter, r *http.Request) bool
}

func newUpstream(t testing.TB) *upstream {
	t.Helper()
	real := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mutex.Lock()
		u.asked = append(u.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
		between := u.between
		u.mutex.Unlock()
		if between == nil || !between(w, r) {
			real.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(u.Close)
	return u
}

// set puts something between, nil takes it away; what was asked before is forgotten.
func (u *upstream) set(between func(w http.ResponseWriter, r *http.Request) bool) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.between, u.asked = between, nil
}

func (u *upstream) times(part string) int {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	n := 0
	for _, a := range u.asked {
		if strings.Contains(a, part) {
			n++
		}
	}
	return n
}

func (u *upstream) push(t testing.TB, repository string, img v1.Image) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(u.URL, "http://") + "/" + repository)
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, img))
	u.set(nil)
	return img
}

func (u *upstream) pushIndex(t testing.TB, repository string, index v1.ImageIndex) v1.Hash {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(u.URL, "http://") + "/" + repository)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, index))
	u.set(nil)
	h, err := index.Digest()
	require.NoError(t, err)
	return h
}

// newImage is an image of one random layer of about a megabyte.
func newImage(t testing.TB, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(1<<20, 1)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	return img
}

func twoPlatforms(t testing.TB) (v1.ImageIndex, v1.Image, v1.Image) {
	t.Helper()
	amd, arm := newImage(t, "amd64"), newImage(t, "arm64")
	add := func(img v1.Image, arch string) mutate.IndexAddendum {
		return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}}
	}
	return mutate.AppendManifests(empty.Index, add(amd, "amd64"), add(arm, "arm64")), amd, arm
}

// layerOf gives an image's layer: its digest and its bytes.
func layerOf(t testing.TB, img v1.Image) (digest string, data []byte) {
	t.Helper()
	layers, err := img.Layers()
	require.NoError(t, err)
	h, err := layers[0].Digest()
	require.NoError(t, err)
	r, err := layers[0].Compressed()
	require.NoError(t, err)
	data, err = io.ReadAll(r)
	require.NoError(t, err)
	return h.String(), data
}

func digestOfImage(t testing.TB, img v1.Image) string {
	t.Helper()
	h, err := img.Digest()
	require.NoError(t, err)
	return h.String()
}
