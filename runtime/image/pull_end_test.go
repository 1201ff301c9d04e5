package image

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAKilledPullLeftIsSweptByTheNext(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	dead := filepath.Join(s.dir, "tmp", "pull-dead")
	require.NoError(t, os.Mkdir(dead, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dead, "part-1"), []byte("half"), 0o600))
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	require.NoDirExists(t, dead)
}

func TestADamagedBlobIsFetchedAgain(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	digest, err := layer.Digest()
	require.NoError(t, err)
	size, err := layer.Size()
	require.NoError(t, err)
	want := r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	require.NoError(t, os.WriteFile(s.blobPath(digest), make([]byte, size), 0o600)) // a crash long ago, and a bad disk
	name := "a@" + want.String()
	img, pulled, err := pullFrom(t, s, r, name)
	require.NoError(t, err)
	require.Equal(t, want.String(), pulled.Digest)
	require.Equal(t, []string{name}, img.Names)
	_, err = readLayer(s, img.Layers[0])
	require.NoError(t, err)
	_, pulled, err = pullFrom(t, s, r, name)
	require.NoError(t, err)
	require.True(t, pulled.UpToDate)
}

func TestCancelEndsAPullAtOnce(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	digest, _ := layer.Digest()
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	before := listing(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, digest.String()) {
			return false
		}
		w.(http.Flusher).Flush()
		cancel() // the download hangs, and somebody presses Ctrl-C
		<-req.Context().Done()
		return true
	}
	start := time.Now()
	_, _, err := s.Pull(ctx, mustParse(t, "a"), PullOptions{Config: Config{Mirrors: []string{r.URL}}})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), 2*time.Second)
	require.Equal(t, before, listing(t, s))
}

func TestErrorsAreOneSentenceInDockersWords(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
	status := func(code int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(code)
			w.Write([]byte(body))
			return true
		}
	}
	for _, c := range []struct {
		name    string
		between func(http.ResponseWriter, *http.Request) bool
		words   string
	}{
		{r.host() + "/library/a:nope", nil, "manifest for " + r.host() + "/library/a:nope not found: manifest unknown"},
		{r.host() + "/nobody/nothing", nil, "pull access denied for " + r.host() + "/nobody/nothing, repository does not exist or may require 'docker login'"},
		{r.host() + "/library/a", status(401, ""), "pull access denied for"},
		{r.host() + "/library/a", status(403, `{"errors":[{"code":"DENIED","message":"no"}]}`), "pull access denied for"},
		{r.host() + "/library/a", status(429, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`), "toomanyrequests"},
		{"127.0.0.1:1/a", nil, "127.0.0.1:1: connection refused"},
		{"registry.invalid/a", nil, "no such host"},
	} {
		r.mutex.Lock()
		r.between = c.between
		r.mutex.Unlock()
		_, _, err := s.Pull(t.Context(), mustParse(t, c.name), PullOptions{})
		require.ErrorContains(t, err, c.words)
		var typed *Error
		require.ErrorAs(t, err, &typed)
		require.NotEmpty(t, typed.Hint, c.words)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestSkopeoReadsTheStore(t *testing.T) {
	skopeo, err := exec.LookPath("skopeo")
	if err != nil {
		t.Skip("skopeo is not installed")
	}
	r, s := newRegistry(t), newStore(t)
	for _, name := range []string{"library/a", "library/b", "me/a"} {
		r.push(t, name, "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{name, name})))
		_, _, err := pullFrom(t, s, r, name)
		require.NoError(t, err)
	}
	out, err := exec.Command(skopeo, "inspect", "--config", "oci:"+s.dir+":docker.io/me/a:latest").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), `"Cmd"`)
	copied := filepath.Join(t.TempDir(), "copy")
	out, err = exec.Command(skopeo, "copy", "--insecure-policy", "oci:"+s.dir+":docker.io/library/b:latest", "oci:"+copied+":b").CombinedOutput()
	require.NoError(t, err, string(out))
}
