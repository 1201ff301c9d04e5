package image

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A bearer is a registry that wants a token from a token service beside it.
func bearer(t *testing.T, r *testRegistry, seen func(*http.Request)) *httptest.Server {
	t.Helper()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		seen(req)
		fmt.Fprint(w, `{"token":"secret-of-the-day"}`)
	}))
	t.Cleanup(tokens.Close)
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if req.Header.Get("Authorization") == "Bearer secret-of-the-day" {
			return false
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="here"`, tokens.URL))
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	return tokens
}

func TestTheConversationIsShownWithoutItsSecrets(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	img := makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"}))
	want := r.push(t, "library/a", "latest", img)
	bearer(t, r, func(*http.Request) {})
	var asked []Exchange
	var checked []Check
	_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{
		Asked:   func(e Exchange) { asked = append(asked, e) },
		Checked: func(c Check) { checked = append(checked, c) },
	})
	require.NoError(t, err)
	var steps []string
	for _, e := range asked {
		steps = append(steps, e.Method+" "+e.Step+" "+e.Status)
		require.NotContains(t, fmt.Sprint(e), "secret-of-the-day")
	}
	require.Error(t, asked[0].Failure, "https is tried first")
	require.Equal(t, []string{"GET version ", "GET version 401 Unauthorized", "GET token 200 OK", "GET manifest 200 OK", "GET config 200 OK", "GET layer 200 OK"}, steps)
	require.Contains(t, asked[1].Answer[0][1], `Bearer realm=`)
	require.Equal(t, [2]string{"authorization", "Bearer … (17 characters)"}, asked[3].Sent[0])
	digest, _ := img.Digest()
	require.Equal(t, want, digest)
	layers, _ := img.Layers()
	blob, _ := layers[0].Digest()
	diff, _ := layers[0].DiffID()
	config, _ := img.ConfigName()
	var digests []string
	for _, c := range checked {
		digests = append(digests, c.Step+" "+c.Digest)
	}
	require.Equal(t, []string{"manifest " + want.String(), "config " + config.String(), "layer " + blob.String(), "layer " + diff.String()}, digests)
}

func TestARedirectIsFollowedAndTheTokenStaysBehind(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	digest, _ := layer.Digest()
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	var mutex sync.Mutex
	var got []string
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mutex.Lock()
		got = append(got, req.Header.Get("Authorization"))
		mutex.Unlock()
		rc, _ := layer.Compressed()
		defer rc.Close()
		buffer := make([]byte, 1<<16)
		n, _ := rc.Read(buffer)
		w.Write(buffer[:n])
	}))
	defer storage.Close()
	elsewhere := strings.Replace(storage.URL, "127.0.0.1", "localhost", 1) // another host
	bearer(t, r, func(*http.Request) {})
	login := r.between
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if login(w, req) {
			return true
		}
		if !strings.HasSuffix(req.URL.Path, digest.String()) {
			return false
		}
		http.Redirect(w, req, elsewhere+"/bucket/blob?X-Signature=geheim", http.StatusTemporaryRedirect)
		return true
	}
	var asked []Exchange
	_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{Asked: func(e Exchange) { asked = append(asked, e) }})
	require.NoError(t, err)
	require.Equal(t, []string{""}, got)
	last := asked[len(asked)-1]
	require.Equal(t, "redirect", last.Step)
	require.Equal(t, elsewhere+"/bucket/blob?…", last.URL)
	require.NotContains(t, fmt.Sprint(asked), "geheim")
}

func TestTagsOfARepositoryPageByPage(t *testing.T) {
	r := newRegistry(t)
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/tags/list") {
			return false
		}
		if req.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/library/a/tags/list?last=2&n=2>; rel="next"`)
			fmt.Fprint(w, `{"name":"library/a","tags":["2","1"]}`)
			return true
		}
		fmt.Fprint(w, `{"name":"library/a","tags":["3"]}`)
		return true
	}
	var steps []string
	tags, err := Tags(t.Context(), mustParse(t, "a"), PullOptions{Config: Config{Mirrors: []string{r.URL}},
		Asked: func(e Exchange) { steps = append(steps, e.Step) }})
	require.NoError(t, err)
	require.Equal(t, []string{"version", "tags", "tags"}, steps)
	require.Equal(t, []string{"1", "2", "3"}, tags)
	r.between = func(w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(w, `{"tags":["../../x"]}`)
		return true
	}
	_, err = Tags(t.Context(), mustParse(t, r.host()+"/a"), PullOptions{})
	require.ErrorContains(t, err, "is no tag")
}
