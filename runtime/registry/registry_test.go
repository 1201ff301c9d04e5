package registry

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/image"
)

// shelf is a store with an image of each kind: from the hub, made here, of another registry.
func shelf(t *testing.T) (store *image.Store, hub, ours, private image.Image) {
	t.Helper()
	store = newStore(t)
	put := func(name string) image.Image {
		ref, err := image.Parse(name)
		require.NoError(t, err)
		img, err := store.Put(ref, newImage(t, "amd64"), nil)
		require.NoError(t, err)
		return img
	}
	return store, put("python:3"), put("tutor/lab"), put("registry.example/secret/app:1")
}

func offline(t *testing.T, store *image.Store, all bool) *served {
	t.Helper()
	s := &served{t: t, journal: &lines{}}
	s.Server = &Server{Shelf: Shelf{Store: store, All: all}, Journal: &Journal{Out: s.journal}}
	s.url = listen(t, s.Server)
	return s
}

func TestEveryQuestionHasTheSpecsAnswer(t *testing.T) {
	store, hub, ours, private := shelf(t)
	s := offline(t, store, false)
	missing := digestOf(nil)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v2/", 200, ""},
		{"GET", "/v2", 200, ""},
		{"HEAD", "/v2/", 200, ""},
		{"GET", "/v2/library/python/manifests/3", 200, ""},
		{"GET", "/v2/python/manifests/3", 200, ""},
		{"GET", "/v2/docker.io/library/python/manifests/3", 200, ""},
		{"GET", "/v2/library/python/manifests/3?ns=docker.io", 200, ""},
		{"GET", "/v2/python/manifests/" + hub.Manifest, 200, ""},
		{"HEAD", "/v2/library/python/blobs/" + hub.Layers[0].Digest, 200, ""},
		{"GET", "/v2/tutor/lab/blobs/" + ours.ID, 200, ""},
		{"GET", "/v2/library/python/manifests/4", 404, "MANIFEST_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/.INVALID", 404, "MANIFEST_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/" + missing, 404, "MANIFEST_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/" + hub.Layers[0].Digest, 404, "MANIFEST_UNKNOWN"},
		{"GET", "/v2/library/python/blobs/" + missing, 404, "BLOB_UNKNOWN"},
		{"GET", "/v2/library/python/blobs/sha256:..%2f..%2fx", 400, "NAME_INVALID"},
		{"GET", "/v2/library/python/blobs/sha256:zz", 400, "DIGEST_INVALID"},
		{"GET", "/v2/library/python/blobs/latest", 400, "DIGEST_INVALID"},
		{"GET", "/v2/library/python/manifests/sha512:00", 400, "DIGEST_INVALID"},
		{"GET", "/v2/Library/python/tags/list", 404, "NAME_UNKNOWN"}, // Library looks like a registry
		{"GET", "/v2/library/PYTHON/tags/list", 400, "NAME_INVALID"},
		{"GET", "/v2/../../etc/manifests/latest", 400, "NAME_INVALID"},
		{"GET", "/v2/a//b/manifests/latest", 400, "NAME_INVALID"},
		{"GET", "/v2/a:b/c/manifests/latest", 400, "NAME_INVALID"},
		{"GET", "/v2/library/nothing/tags/list", 404, "NAME_UNKNOWN"},
		{"GET", "/v2/library/nothing/manifests/latest", 404, "NAME_UNKNOWN"},
		{"GET", "/v2/library/nothing/manifests/" + hub.Manifest, 200, ""}, // whatever the name: the bytes are everybody's
		{"GET", "/v2/library/nothing/manifests/" + missing, 404, "NAME_UNKNOWN"},
		{"GET", "/v2/registry.example/secret/app/manifests/1", 404, "NAME_UNKNOWN"},
		{"GET", "/v2/secret/app/manifests/1?ns=registry.example", 404, "NAME_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/" + private.Manifest, 404, "MANIFEST_UNKNOWN"},
		{"GET", "/v2/library/python/blobs/" + private.Layers[0].Digest, 404, "BLOB_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/3?ns=registry.example", 404, "NAME_UNKNOWN"},
		{"GET", "/v2/library/python/manifests/3?ns=nonsense", 400, "NAME_INVALID"},
		{"GET", "/v2/library/python/referrers/" + hub.Manifest, 404, "UNSUPPORTED"},
		{"GET", "/", 404, "UNSUPPORTED"},
		{"GET", "/v1/search", 404, "UNSUPPORTED"},
		{"GET", "/v2/_catalog?n=x", 400, "PAGINATION_NUMBER_INVALID"},
		{"PUT", "/v2/library/python/manifests/3", 405, "UNSUPPORTED"},
		{"POST", "/v2/library/python/blobs/uploads/", 405, "UNSUPPORTED"},
		{"PATCH", "/v2/library/python/blobs/uploads/1", 405, "UNSUPPORTED"},
		{"DELETE", "/v2/library/python/manifests/" + hub.Manifest, 405, "UNSUPPORTED"},
		{"BREW", "/v2/", 405, "UNSUPPORTED"},
	} {
		got := ask(t, c.method, s.url+c.path)
		require.Equal(t, c.status, got.StatusCode, "%s %s %s", c.method, c.path, got.body)
		require.Equal(t, "registry/2.0", got.Header.Get("Docker-Distribution-API-Version"))
		if c.code == "" {
			continue
		}
		var said struct {
			Errors []struct{ Code, Message string }
		}
		require.NoError(t, json.Unmarshal(got.body, &said), "%s", got.body)
		require.Equal(t, c.code, said.Errors[0].Code, c.path)
		require.NotEmpty(t, said.Errors[0].Message)
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	}
}

func TestImagesOfOtherRegistriesAreServedOnlyWithAll(t *testing.T) {
	store, _, _, private := shelf(t)
	s := offline(t, store, true)
	for _, path := range []string{
		"/v2/registry.example/secret/app/manifests/1",
		"/v2/secret/app/manifests/1?ns=registry.example",
		"/v2/secret/app/blobs/" + private.ID + "?ns=registry.example",
	} {
		require.Equal(t, http.StatusOK, s.get(path).StatusCode, path)
	}
	require.Equal(t, http.StatusNotFound, s.get("/v2/library/python/blobs/"+private.ID).StatusCode, "under its own registry's name only")
	require.JSONEq(t, `{"repositories": ["library/python", "registry.example/secret/app", "tutor/lab"]}`, string(s.get("/v2/_catalog").body))
}

func TestOnlyNamesOfDockerHubAreAskedForElsewhere(t *testing.T) {
	u := newUpstream(t)
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	for _, path := range []string{"/v2/10.0.0.1/x/manifests/latest", "/v2/x/manifests/latest?ns=ghcr.io", "/v2/localhost/x/blobs/" + digestOf(nil)} {
		require.Equal(t, http.StatusNotFound, s.get(path).StatusCode, path)
	}
	require.Zero(t, u.times(""))
}

func TestABlobIsServedInPartsAndByItsETag(t *testing.T) {
	store, hub, _, _ := shelf(t)
	s := offline(t, store, false)
	path := "/v2/library/python/blobs/" + hub.Layers[0].Digest
	whole := s.get(path)
	require.Equal(t, hub.Layers[0].Digest, digestOf(whole.body))
	require.Equal(t, hub.Layers[0].Digest, whole.Header.Get("Docker-Content-Digest"))
	require.Equal(t, "application/octet-stream", whole.Header.Get("Content-Type"))
	rest := s.get(path, "Range", "bytes=1000-")
	require.Equal(t, http.StatusPartialContent, rest.StatusCode)
	sameBytes(t, whole.body[1000:], rest.body)
	sameBytes(t, whole.body[5:8], s.get(path, "Range", "bytes=5-7").body)
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, s.get(path, "Range", "bytes=99999999-").StatusCode)
	require.Equal(t, http.StatusNotModified, s.get(path, "If-None-Match", whole.Header.Get("ETag")).StatusCode)
	head := ask(t, http.MethodHead, s.url+path)
	require.EqualValues(t, len(whole.body), head.ContentLength)
	require.Empty(t, head.body)
	manifest := s.get("/v2/library/python/manifests/3")
	require.Equal(t, hub.Manifest, digestOf(manifest.body))
	require.Equal(t, "application/vnd.docker.distribution.manifest.v2+json", manifest.Header.Get("Content-Type"))
}

func TestListsComeInPages(t *testing.T) {
	store := newStore(t)
	for _, name := range []string{"a:1", "a:3", "a:2", "b", "tutor/lab"} {
		ref, err := image.Parse(name)
		require.NoError(t, err)
		_, err = store.Put(ref, newImage(t, "amd64"), nil)
		require.NoError(t, err)
	}
	s := offline(t, store, false)
	list := func(path string) (string, string) {
		got := s.get(path)
		return strings.TrimSpace(string(got.body)), got.Header.Get("Link")
	}
	body, link := list("/v2/library/a/tags/list")
	require.JSONEq(t, `{"name": "library/a", "tags": ["1", "2", "3"]}`, body)
	require.Empty(t, link)
	body, link = list("/v2/library/a/tags/list?n=2")
	require.JSONEq(t, `{"name": "library/a", "tags": ["1", "2"]}`, body)
	require.Equal(t, `</v2/library/a/tags/list?last=2&n=2>; rel="next"`, link)
	body, link = list("/v2/library/a/tags/list?last=2&n=2")
	require.JSONEq(t, `{"name": "library/a", "tags": ["3"]}`, body)
	require.Empty(t, link)
	body, link = list("/v2/library/a/tags/list?n=0")
	require.JSONEq(t, `{"name": "library/a", "tags": []}`, body)
	require.Empty(t, link)
	body, link = list("/v2/_catalog?n=1&last=library/a")
	require.JSONEq(t, `{"repositories": ["library/b"]}`, body)
	require.Contains(t, link, `last=library%2Fb`)
}

func TestAStrangersWordsDoNotReachTheTerminal(t *testing.T) {
	s := offline(t, newStore(t), false)
	ask(t, http.MethodGet, s.url+"/v2/%1b[2J%0aall%20is%20well/manifests/latest")
	require.Contains(t, s.journal.String(), `\x1b[2J\nall is well`)
	require.Equal(t, 1, strings.Count(s.journal.String(), "\n"))
}

func TestAHeaderWithoutEndIsCutOff(t *testing.T) {
	s := offline(t, newStore(t), false)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(headerTime+10*time.Second)))
	go io.WriteString(conn, "GET /v2/ HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 10*headerBytes))
	got, err := io.ReadAll(conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	if err == nil { // else it was reset while we were still writing
		require.Contains(t, string(got), "431 Request Header Fields Too Large")
	}
}

func TestAnUploadIsRefusedWithoutWaitingForIt(t *testing.T) {
	s := offline(t, newStore(t), false)
	r, w := io.Pipe() // a body that never ends
	defer w.Close()
	req, err := http.NewRequest(http.MethodPut, s.url+"/v2/a/manifests/latest", r)
	require.NoError(t, err)
	start := time.Now()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Less(t, time.Since(start), headerTime)
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/v2/", "/v2/_catalog", "/v2/library/python/manifests/latest", "/v2/a/b/c/tags/list",
		"/v2/a/blobs/sha256:" + strings.Repeat("a", 64), "/v2/../x/manifests/y", "/v2/a/manifests/../../x", "/v2/localhost:1/a/manifests/b@c"} {
		f.Add(path, "")
		f.Add(path, "docker.io")
		f.Add(path, "ghcr.io:443")
	}
	f.Fuzz(func(t *testing.T, path, ns string) {
		q, err := parsePath(path, ns)
		if err != nil {
			var said *refusal
			require.ErrorAs(t, err, &said)
			require.True(t, said.Status >= 400 && said.Status < 500)
			return
		}
		if q.kind == base || q.kind == catalog {
			return
		}
		again, err := image.Parse(q.ref.String())
		require.NoError(t, err)
		require.Equal(t, q.ref.String(), again.String())
		require.NotContains(t, q.ref.String(), "..")
		if q.kind == blob || q.ref.Digest != "" {
			require.Regexp(t, "^sha256:[0-9a-f]{64}$", q.ref.Digest)
		}
		if ns != "" {
			require.Equal(t, ns, q.ref.Domain, "a name of one registry was taken for another's")
		}
	})
}
