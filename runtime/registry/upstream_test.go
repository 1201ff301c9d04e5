package registry

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/image"
)

// age makes a tag a minute older than it is.
func (s *served) age(t testing.TB, name string) {
	t.Helper()
	ref, err := image.Parse(name)
	require.NoError(t, err)
	s.Cache.mutex.Lock()
	defer s.Cache.mutex.Unlock()
	was, found := s.Cache.tags[ref.String()]
	require.True(t, found)
	s.Cache.tags[ref.String()] = tag{was.Digest, was.Asked.Add(-fresh)}
	delete(s.Cache.silent, ref.String())
}

func TestThirtyClientsAskForATagOnce(t *testing.T) {
	u := newUpstream(t)
	want := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			resp, err := http.Get(s.url + "/v2/library/a/manifests/latest")
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if got := resp.Header.Get("Docker-Content-Digest"); got != want {
				t.Errorf("%d %s", resp.StatusCode, got)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, u.times("HEAD "), "Docker Hub does not count these")
	require.Equal(t, 1, u.times("/manifests/")-u.times("HEAD "), "it counts these")
}

func TestATagIsAskedForAgainAfterAMinuteAndFetchedIfItChanged(t *testing.T) {
	u := newUpstream(t)
	first := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	require.Equal(t, first, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
	second := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	require.Equal(t, first, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
	require.Zero(t, u.times(""), "not within the minute")
	s.age(t, "a")
	require.Equal(t, second, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
	s.age(t, "a")
	u.set(nil)
	require.Equal(t, second, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
	require.Equal(t, u.times(""), u.times("HEAD "), "what has not changed is only asked for")
	require.Equal(t, http.StatusOK, s.get("/v2/library/a/manifests/"+first).StatusCode, "and who asks for the old one has it")
}

func TestWhenUpstreamIsGoneWhatIsHereIsServed(t *testing.T) {
	u := newUpstream(t)
	img := u.push(t, "library/a", newImage(t, "amd64"))
	want := digestOfImage(t, img)
	layer, data := layerOf(t, img)
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	s.get("/v2/library/a/manifests/latest")
	s.get("/v2/library/a/blobs/" + layer)
	for name, gone := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"busy":       status(http.StatusServiceUnavailable),
		"rate limit": status(http.StatusTooManyRequests),
		"broken":     func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"a proxy's page": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Write([]byte("<html>Please accept our terms"))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.age(t, "a")
			u.set(gone)
			for range 2 {
				require.Equal(t, want, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
			}
			asked := u.times("")
			require.Equal(t, want, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"))
			require.Equal(t, asked, u.times(""), "for a minute nobody waits for upstream to fail again")
			sameBytes(t, data, s.get("/v2/library/a/blobs/"+layer).body)
			require.Contains(t, s.journal.String(), "a:latest: served as it is here, because upstream cannot be asked now")
		})
	}
	u.Close()
	s = serve(t, newStore(t), func() string { s.Cache.Close(); return s.dir }(), u.URL)
	s.age(t, "a")
	require.Equal(t, want, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"), "the next day, with no line at all")
}

// status answers everything with one status, as registries do.
func status(code int) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		return true
	}
}

func TestARefusalOfTheLastUpstreamIsPassedOnInTheSpecsWords(t *testing.T) {
	for _, c := range []struct {
		upstream, status int
		code             string
	}{
		{http.StatusNotFound, http.StatusNotFound, "MANIFEST_UNKNOWN"},
		{http.StatusUnauthorized, http.StatusNotFound, "MANIFEST_UNKNOWN"},
		{http.StatusForbidden, http.StatusNotFound, "MANIFEST_UNKNOWN"},
		{http.StatusTooManyRequests, http.StatusTooManyRequests, "TOOMANYREQUESTS"},
		{http.StatusServiceUnavailable, http.StatusBadGateway, "UNKNOWN"},
	} {
		answered := answeredError(t, c.upstream)
		require.Equal(t, c.upstream, image.Answered(answered))
		var said *refusal
		require.ErrorAs(t, elsewhere(answered, unknownManifest(image.Reference{Domain: "docker.io", Path: "library/a"})), &said)
		require.Equal(t, c.status, said.Status)
		require.Equal(t, c.code, said.Code)
	}
}

// answeredError is what asking a registry that answers code comes to. It is asked by its own name, as the hub is:
// nobody comes after it.
func answeredError(t *testing.T, code int) error {
	t.Helper()
	u := newUpstream(t)
	u.set(func(w http.ResponseWriter, r *http.Request) bool { return r.URL.Path != "/v2/" && status(code)(w, r) })
	ref, err := image.Parse(strings.TrimPrefix(u.URL, "http://") + "/library/a")
	require.NoError(t, err)
	remote, err := image.OpenRemote(ref, image.Config{}, "test")
	require.NoError(t, err)
	_, err = remote.Head(t.Context(), "latest")
	require.Error(t, err)
	return err
}

func TestWhatUpstreamTookBackIsNotServedFromMemory(t *testing.T) {
	u := newUpstream(t)
	u.push(t, "library/a", newImage(t, "amd64"))
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	ref, err := image.Parse("a")
	require.NoError(t, err)
	s.get("/v2/library/a/manifests/latest")
	require.True(t, said(answeredError(t, http.StatusNotFound)))
	require.False(t, said(answeredError(t, http.StatusServiceUnavailable)))
	s.age(t, "a")
	s.Cache.silent[ref.String()] = silence{time.Now(), answeredError(t, http.StatusNotFound)}
	require.Equal(t, http.StatusNotFound, s.get("/v2/library/a/manifests/latest").StatusCode)
}

func TestRubbishIsNotKept(t *testing.T) {
	u := newUpstream(t)
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	for name, body := range map[string]string{
		"no JSON":          "<html>",
		"no manifest":      `{"hello": "world"}`,
		"two in one":       `{"manifests": [], "layers": [], "config": {}}`,
		"of another kind":  `{"mediaType": "application/vnd.oci.image.index.v1+json", "layers": [], "config": {}}`,
		"larger than 4 MB": `{"layers": [], "config": {}, "x": "` + strings.Repeat("x", documentLimit) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			u.set(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/v2/" {
					w.Write([]byte(body))
				}
				return r.URL.Path != "/v2/"
			})
			require.Equal(t, http.StatusBadGateway, s.get("/v2/library/a/manifests/latest").StatusCode)
			require.Equal(t, http.StatusBadGateway, s.get("/v2/library/a/manifests/"+digestOf([]byte("else"))).StatusCode)
			require.Empty(t, s.kept())
			require.Empty(t, s.Cache.names())
		})
	}
}

func TestBothPlatformsOfAnIndexComeThrough(t *testing.T) {
	u := newUpstream(t)
	index, amd, arm := twoPlatforms(t)
	want := u.pushIndex(t, "library/a:3", index)
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	got := s.get("/v2/library/a/manifests/3")
	require.Equal(t, want.String(), got.Header.Get("Docker-Content-Digest"))
	require.Equal(t, "application/vnd.oci.image.index.v1+json", got.Header.Get("Content-Type"))
	for _, img := range []interface{ RawManifest() ([]byte, error) }{amd, arm} {
		raw, err := img.RawManifest()
		require.NoError(t, err)
		sameBytes(t, raw, s.get("/v2/library/a/manifests/"+digestOf(raw)).body)
	}
	layer, data := layerOf(t, arm)
	sameBytes(t, data, s.get("/v2/library/a/blobs/"+layer).body)
}
