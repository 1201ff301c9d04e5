package main_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

func TestAClassOfThirtyPullsOnce(t *testing.T) {
	h := newHub(t)
	root := t.TempDir()
	c := serveClass(t, root, h, "--cache")
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			if i < 4 { // the real thing
				if r := laptop(t, c, "pull", "--platform", "amd64", "lesson:1"); r.code != 0 {
					t.Errorf("%s%s", r.stdout, r.stderr)
				}
				return
			}
			if err := client(c.url); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	asked := h.counts()
	require.Len(t, asked, 6, "HEAD and GET of the index, a manifest, a config, two layers: %v", asked)
	for what, n := range asked {
		require.Equal(t, 1, n, what)
	}
	r := laptop(t, c, "pull", "--platform", "arm64", "lesson:1")
	require.Zero(t, r.code, r.stderr)
	require.Len(t, h.counts(), 10, "the other platform is four more")
	h.Close()
	r = laptop(t, c, "pull", "--platform", "arm64", "lesson:1")
	require.Zero(t, r.code, "without upstream: %s", r.stderr)
	c.stop(t)
	require.Regexp(t, `(?m)^[\d:]{8}  127\.0\.0\.1 +GET +200  upstream +[\d.]+MB +[\d.]+m?s  library/lesson@sha256:[0-9a-f]{12}$`, c.words())

	c = serveClass(t, root, h, "--cache")
	r = laptop(t, c, "pull", "--platform", "amd64", "lesson:1")
	require.Zero(t, r.code, "the next day, without upstream: %s", r.stderr)
	c.stop(t)
	cmd := exec.Command(binary, "registry", "prune")
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+root)
	require.Regexp(t, `^Total reclaimed space: 12\.\dMB\n$`, command(t, cmd).stdout)
}

func TestSkopeoCopiesFromTheClassroom(t *testing.T) {
	skopeo := tool(t, "skopeo")
	c := serveClass(t, t.TempDir(), newHub(t), "--cache")
	out, err := exec.Command(skopeo, "copy", "--insecure-policy", "--all", "--src-tls-verify=false",
		"docker://"+strings.TrimPrefix(c.url, "http://")+"/library/lesson:1", "dir:"+filepath.Join(t.TempDir(), "copy")).CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, c.words())
	out, err = exec.Command(skopeo, "list-tags", "--tls-verify=false", "docker://"+strings.TrimPrefix(c.url, "http://")+"/library/lesson").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), `"1"`)
	out, err = exec.Command(skopeo, "copy", "--insecure-policy", "--dest-tls-verify=false", "--src-tls-verify=false",
		"docker://"+strings.TrimPrefix(c.url, "http://")+"/library/lesson:1", "docker://"+strings.TrimPrefix(c.url, "http://")+"/library/mine").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "read-only")
}

func TestAServerThatIsKilledInTheMiddleGoesOn(t *testing.T) {
	h := newHub(t)
	root := t.TempDir()
	c := serveClass(t, root, h, "--cache")
	held, killed := make(chan struct{}), make(chan struct{})
	var mutex sync.Mutex
	var ranges []string // that layers were asked by
	h.blob = func(w http.ResponseWriter, r *http.Request) bool {
		layer := h.layers[path.Base(r.URL.Path)]
		if layer == nil {
			return false
		}
		mutex.Lock()
		ranges = append(ranges, r.Header.Get("Range"))
		first := len(ranges) == 1
		mutex.Unlock()
		if !first {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(layer))
			return true
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(layer)))
		w.Write(layer[:1000000])
		w.(http.Flusher).Flush()
		close(held)
		<-killed
		return true
	}
	done := make(chan error)
	go func() { done <- client(c.url) }()
	<-held
	partial := filepath.Join(root, "cache", "partial", "*")
	require.Eventually(t, func() bool {
		left, _ := filepath.Glob(partial)
		if len(left) == 0 {
			return false
		}
		info, err := os.Stat(left[0])
		return err == nil && info.Size() == 1000000
	}, pace.Times(10*time.Second), time.Millisecond)
	require.NoError(t, c.Process.Kill())
	close(killed)
	require.Error(t, <-done)
	for digest := range h.layers {
		require.NoFileExists(t, filepath.Join(root, "cache", "blobs", strings.TrimPrefix(digest, "sha256:")), "nothing half is among the whole")
	}

	c = serveClass(t, root, h, "--cache")
	require.NoError(t, client(c.url))
	require.Equal(t, []string{"", "bytes=1000000-", ""}, ranges, "the first layer once more from where it broke, then the second")
	left, err := filepath.Glob(partial)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestRegistryServeSaysWhatItServesAndEndsInOrder(t *testing.T) {
	root(t)
	data := t.TempDir()
	cmd := exec.Command(binary, "run", "--lab", "1", "tutor/lab", "true")
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+data)
	command(t, cmd)
	c := serveClass(t, data, nil)
	require.Contains(t, c.words(), "sudo TUTOR_REGISTRY_MIRRORS="+c.url+" tutor pull python\n")
	require.Contains(t, c.words(), `{"registry-mirrors": ["`+c.url+`"]}`)
	r := tutor(t, "registry", "serve", "--listen", strings.TrimPrefix(c.url, "http://"))
	require.Equal(t, 1, r.code)
	require.Regexp(t, `^tutor: registry serve: port \d+ is taken: another program listens at 127\.0\.0\.1:\d+\ntutor: hint: 'ss -ltnp sport = :\d+' shows which; another port: --listen 127\.0\.0\.1:5001\n$`, r.stderr)
	require.NotContains(t, strings.ToLower(r.stderr), "panic")
	c.stop(t)
	require.True(t, strings.HasSuffix(c.words(), "Ended.\n"), c.words())
}
