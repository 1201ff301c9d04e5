package image

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

func TestWhatNobodyCameBackForIsSweptByTheNextPull(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	dead, fresh := filepath.Join(s.dir, "tmp", strings.Repeat("d", 64)+".part"), filepath.Join(s.dir, "tmp", strings.Repeat("e", 64)+".part")
	for _, f := range []string{dead, fresh} {
		require.NoError(t, os.WriteFile(f, []byte("half"), 0o600))
	}
	yesterday := time.Now().Add(-keepUnfinished - time.Hour)
	require.NoError(t, os.Chtimes(dead, yesterday, yesterday))
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	require.NoFileExists(t, dead)
	require.FileExists(t, fresh, "somebody may come back for it")
	freed, err := s.Collect()
	require.NoError(t, err)
	require.EqualValues(t, 4, freed, "prune takes that too, and no blob of an image")
	img, err := s.Find("a")
	require.NoError(t, err)
	_, err = readLayer(s, img.Layers[0])
	require.NoError(t, err)
}

// A pull that was cut off is taken up by the next one, in another process, at the byte where it ended; what was
// complete is not asked for again.
func TestTheNextPullGoesOnWhereOneWasCutOff(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	plain := makeTar(t, tarFile{"big", strings.Repeat("abcdefgh", 100_000)})
	small, big := gzipLayer(t, tarFile{"small", "x"}), packedLayer(t, plain, plain, types.OCIUncompressedLayer)
	digest, _ := big.Digest()
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, small, big))
	var offsets []string
	ctx, cancel := context.WithCancel(t.Context())
	smallDigest, _ := small.Digest()
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, digest.String()) {
			return false
		}
		offsets = append(offsets, req.Header.Get("Range"))
		if len(offsets) > 1 {
			http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(plain))
			return true
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(plain)))
		w.Write(plain[:300_000])
		w.(http.Flusher).Flush()
		for r.asked("GET /v2/library/a/blobs/"+smallDigest.String()) == 0 {
			time.Sleep(time.Millisecond)
		}
		part := filepath.Join(s.dir, "tmp", digest.Hex+".part")
		for size := int64(0); size < 300_000; {
			if info, err := os.Stat(part); err == nil {
				size = info.Size()
			}
			if _, err := os.Stat(filepath.Join(s.dir, "tmp", smallDigest.Hex)); err != nil {
				size = 0
			}
		}
		cancel()
		<-req.Context().Done()
		return true
	}
	_, _, err := s.Pull(ctx, mustParse(t, "a"), PullOptions{Config: Config{Mirrors: []string{r.URL}}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Find("a")
	require.ErrorIs(t, err, ErrNotFound, "nothing half-made can be seen")
	other, err := OpenStore(s.dir)
	require.NoError(t, err)
	_, _, err = pullFrom(t, other, r, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"", fmt.Sprintf("bytes=300000-%d", len(plain)-1)}, offsets)
	require.Equal(t, 1, r.asked("GET /v2/library/a/blobs/"+smallDigest.String()))
	left, _ := filepath.Glob(filepath.Join(s.dir, "tmp", "*"))
	require.Empty(t, left)
}

func TestASpoiltBeginningIsFetchedAgain(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	layer := gzipLayer(t, tarFile{"a", "a"})
	digest, _ := layer.Digest()
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "tmp", digest.Hex+".part"), []byte("rubbish"), 0o600))
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
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
	require.Less(t, time.Since(start), pace.Times(2*time.Second))
	images, err := s.List()
	require.NoError(t, err)
	require.Empty(t, images)
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
