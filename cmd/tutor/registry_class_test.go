package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
)

// A hub is a registry with a token service, as Docker Hub is, that counts what it is asked.
type hub struct {
	*httptest.Server
	mutex  sync.Mutex
	asked  map[string]int                                    // "GET /v2/…", only requests that were let in
	blob   func(w http.ResponseWriter, r *http.Request) bool // gets in between; true: answered
	layers map[string][]byte                                 // by digest
}

func newHub(t *testing.T) *hub {
	t.Helper()
	real := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	h := &hub{asked: map[string]int{}, layers: map[string][]byte{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"token": "`+r.URL.Query().Get("scope")+`"}`)
			return
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			words := strings.Split(r.URL.Path, "/") // /v2/library/python/manifests/latest
			if len(words) < 6 || r.Header.Get("Authorization") != "Bearer repository:"+strings.Join(words[2:4], "/")+":pull" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+h.URL+`/token",service="hub"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		h.mutex.Lock()
		h.asked[r.Method+" "+r.URL.Path]++
		blob := h.blob
		h.mutex.Unlock()
		if blob == nil || !strings.Contains(r.URL.Path, "/blobs/") || !blob(w, r) {
			real.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	index := h.lesson(t)
	ref, err := name.ParseReference(strings.TrimPrefix(h.URL, "http://") + "/library/lesson:1")
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, index, remote.WithTransport(letIn{})))
	h.asked = map[string]int{}
	return h
}

// lesson is an image for two processors, of two layers each; the hub remembers the layers.
func (h *hub) lesson(t *testing.T) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := random.Image(3<<20, 2)
		require.NoError(t, err)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		config = config.DeepCopy()
		config.OS, config.Architecture = "linux", arch
		img, err = mutate.ConfigFile(img, config)
		require.NoError(t, err)
		layers, err := img.Layers()
		require.NoError(t, err)
		for _, l := range layers {
			digest, err := l.Digest()
			require.NoError(t, err)
			r, err := l.Compressed()
			require.NoError(t, err)
			h.layers[digest.String()], err = io.ReadAll(r)
			require.NoError(t, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	return index
}

// letIn carries a token that lets the test push.
type letIn struct{}

func (letIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer repository:library/lesson:pull")
	return http.DefaultTransport.RoundTrip(r)
}

func (h *hub) counts() map[string]int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	found := map[string]int{}
	for k, n := range h.asked {
		found[k] = n
	}
	return found
}

// A class is `tutor registry serve` on a free port.
type class struct {
	*exec.Cmd
	url   string
	mutex sync.Mutex
	said  bytes.Buffer
	read  chan struct{} // closed when all it said is in said
}

// serveClass starts it in front of a hub; Docker Hub itself is behind a proxy that is not there.
func serveClass(t *testing.T, root string, h *hub, args ...string) *class {
	t.Helper()
	c := &class{Cmd: exec.Command(binary, append([]string{"registry", "serve", "--listen", "127.0.0.1:0"}, args...)...), read: make(chan struct{})}
	c.Env = append(os.Environ(), "TUTOR_ROOT="+root, "HTTPS_PROXY=http://127.0.0.1:1", "DOCKER_CONFIG=/nowhere")
	if h != nil {
		c.Env = append(c.Env, "TUTOR_REGISTRY_MIRRORS="+h.URL)
	}
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	c.Stderr = c.Stdout
	require.NoError(t, c.Start())
	t.Cleanup(func() { c.Process.Kill(); <-c.read; c.Wait() })
	ready := make(chan string, 1)
	go func() {
		defer close(c.read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.mutex.Lock()
			fmt.Fprintln(&c.said, lines.Text())
			c.mutex.Unlock()
			if address, found := strings.CutPrefix(lines.Text(), "A registry at "); found {
				c.url, _, _ = strings.Cut(address, ",")
			}
			if lines.Text() == "Ctrl-C ends it." {
				ready <- c.url
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(pace.Times(20 * time.Second)):
		t.Fatalf("it does not come up: %s", c.words())
	}
	return c
}

func (c *class) words() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.said.String()
}

// stop presses Ctrl-C.
func (c *class) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, c.Process.Signal(unix.SIGINT))
	<-c.read
	require.NoError(t, c.Wait(), "Ctrl-C is no failure: %s", c.words())
}

// laptop is a student's tutor, with a store of its own.
func laptop(t *testing.T, c *class, args ...string) run {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+t.TempDir(), "TUTOR_REGISTRY_MIRRORS="+c.url, "HTTPS_PROXY=http://127.0.0.1:1")
	return command(t, cmd)
}

// client pulls as any program would: index, manifests, and each blob that they name.
func client(url string) error {
	get := func(path string) ([]byte, error) {
		resp, err := http.Get(url + path)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s %v", path, resp.Status, err)
		}
		return data, nil
	}
	data, err := get("/v2/library/lesson/manifests/1")
	if err != nil {
		return err
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(data))
	if err != nil {
		return err
	}
	data, err = get("/v2/library/lesson/manifests/" + index.Manifests[0].Digest.String())
	if err != nil {
		return err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for _, d := range append(manifest.Layers, manifest.Config) {
		data, err := get("/v2/library/lesson/blobs/" + d.Digest.String())
		if err != nil {
			return err
		}
		if h, _, err := v1.SHA256(bytes.NewReader(data)); err != nil || h != d.Digest {
			return fmt.Errorf("blob %s has digest %s", d.Digest, h)
		}
	}
	return nil
}
