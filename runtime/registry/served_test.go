package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/image"
)

// A served is a Server of ours on loopback.
type served struct {
	*Server
	t       testing.TB
	url     string
	dir     string // of the cache
	journal *lines
}

type lines struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.Buffer.String()
}

func newStore(t testing.TB) *image.Store {
	t.Helper()
	store, err := image.OpenStore(filepath.Join(t.TempDir(), "images"))
	require.NoError(t, err)
	return store
}

// serve starts a Server with a cache in dir, in front of the mirrors.
func serve(t testing.TB, store *image.Store, dir string, mirrors ...string) *served {
	t.Helper()
	s := &served{t: t, dir: dir, journal: &lines{}}
	journal := &Journal{Out: s.journal}
	cache, err := OpenCache(dir, image.Config{Mirrors: mirrors}, journal)
	require.NoError(t, err)
	t.Cleanup(cache.Close)
	s.Server = &Server{Shelf: Shelf{Store: store}, Cache: cache, Journal: journal}
	s.url = listen(t, s.Server)
	return s
}

// listen serves s on a free port until the test ends.
func listen(t testing.TB, s *Server) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(ctx, l) }()
	t.Cleanup(func() { end(); <-done })
	return "http://" + l.Addr().String()
}

// A reply is an answer, read.
type reply struct {
	*http.Response
	body []byte
	err  error // the line was cut
}

func (s *served) get(path string, header ...string) reply {
	s.t.Helper()
	return ask(s.t, http.MethodGet, s.url+path, header...)
}

func ask(t testing.TB, method, url string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil { // cut before the first byte
		return reply{&http.Response{Header: http.Header{}}, nil, err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp, body, err}
}

// kept lists what the cache has on disk: "blobs/HEX 123".
func (s *served) kept() []string {
	s.t.Helper()
	var found []string
	for _, sub := range []string{"blobs", "partial"} {
		files, err := os.ReadDir(filepath.Join(s.dir, sub))
		require.NoError(s.t, err)
		for _, f := range files {
			info, err := f.Info()
			require.NoError(s.t, err)
			found = append(found, fmt.Sprintf("%s/sha256:%s %d", sub, f.Name(), info.Size()))
		}
	}
	return found
}

// blobOnly puts f between clients and blobs.
func blobOnly(f func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		f(w, r)
		return true
	}
}

func rubbish(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rand.Int())
	}
	return data
}

func sameBytes(t testing.TB, want, got []byte, because ...any) {
	t.Helper()
	require.True(t, bytes.Equal(want, got), "%d bytes wanted, %d came: %.200q %s", len(want), len(got), got, fmt.Sprint(because...))
}
