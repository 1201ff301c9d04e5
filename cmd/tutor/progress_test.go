package main_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// A half is an answer that stands still in the middle of a layer, until goOn is closed.
type half struct {
	http.ResponseWriter
	sent int
	goOn <-chan struct{}
}

func (h *half) Write(p []byte) (n int, err error) {
	const pause = 600_000
	if rest := pause - h.sent; rest > 0 && len(p) >= rest {
		n, err = h.ResponseWriter.Write(p[:rest])
		h.ResponseWriter.(http.Flusher).Flush()
		<-h.goOn
		p = p[n:]
	}
	h.sent += n
	more, err := h.ResponseWriter.Write(p)
	h.sent += more
	return n + more, err
}

// onTheWay is a registry with library/slow, whose layers of a megabyte stop in the middle until goOn is called.
func onTheWay(t *testing.T, layers int64) (url string, img v1.Image, goOn func()) {
	t.Helper()
	wait := make(chan struct{})
	goOn = sync.OnceFunc(func() { close(wait) })
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			w = &half{ResponseWriter: w, goOn: wait}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(goOn)
	img, err := random.Image(1_000_000, layers)
	require.NoError(t, err)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/library/slow:latest")
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, img))
	return server.URL, img, goOn
}

// On a terminal each layer has a line that is redrawn, as docker draws it; elsewhere a line says each change, and
// bytes are no change.
func TestAPullShowsBarsOnATerminalAndLinesElsewhere(t *testing.T) {
	url, img, goOn := onTheWay(t, 4)
	layers, err := img.Layers()
	require.NoError(t, err)
	last, err := layers[3].Digest()
	require.NoError(t, err)
	pull := func() *exec.Cmd {
		cmd := exec.Command(binary, "pull", "slow")
		cmd.Env = append(os.Environ(), "TUTOR_ROOT="+t.TempDir(), "TUTOR_REGISTRY_MIRRORS="+url)
		return cmd
	}
	cmd := pull()
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("latest: Pulling from library/slow\r\n")
	s.sees(": Downloading [====")
	s.sees("kB/1.00") // how many have come is right of the bar
	s.sees(last.Hex[:12] + ": Waiting")
	goOn()
	s.sees(last.Hex[:12] + ": Pull complete")
	s.sees("\r\nDigest: sha256:")
	s.sees("docker.io/library/slow:latest\r\n")
	require.NoError(t, cmd.Wait())

	r := command(t, pull())
	require.Zero(t, r.code, r.stderr)
	require.NotContains(t, r.stdout, "Downloading")
	require.NotContains(t, r.stdout, "\033")
	require.Equal(t, 4, strings.Count(r.stdout, ": Download complete\n"))
}

// Lines that have scrolled out of sight cannot be redrawn: of more layers than the terminal has lines, the last are
// told at the end, once.
func TestAPullOfMoreLayersThanLinesDrawsNoneTwice(t *testing.T) {
	url, img, goOn := onTheWay(t, 9)
	goOn()
	layers, err := img.Layers()
	require.NoError(t, err)
	cmd := exec.Command(binary, "pull", "slow")
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+t.TempDir(), "TUTOR_REGISTRY_MIRRORS="+url)
	s := attach(t, cmd)
	s.resize(6, 80)
	require.NoError(t, cmd.Start())
	for _, l := range layers[4:] {
		digest, err := l.Digest()
		require.NoError(t, err)
		s.sees(digest.Hex[:12] + ": Pull complete\r\n")
	}
	s.sees("Digest: ")
	require.NoError(t, cmd.Wait())
}
