package image

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// busy answers n requests for part of a URL with status and header, and then lets them through.
func busy(n int32, part string, status int, header, value string) func(http.ResponseWriter, *http.Request) bool {
	var count atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) || count.Add(1) > n {
			return false
		}
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`)
		return true
	}
}

func TestABusyRegistryIsWaitedForIfItIsNotLong(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		part   string
	}{
		"429 for the manifest": {429, "/manifests/"},
		"429 for a layer":      {429, "/blobs/"},
		"503 for a layer":      {503, "/blobs/"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRegistry(t), newStore(t)
			r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
			r.between = busy(1, c.part, c.status, "Retry-After", "1")
			var said []string
			start := time.Now()
			_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{Progress: func(p Progress) { said = append(said, p.Status) }})
			require.NoError(t, err)
			require.Contains(t, said, "Retrying in 1s")
			require.GreaterOrEqual(t, time.Since(start), time.Second)
		})
	}
}

func TestARateLimitSaysTheWaitAndTheRemedyInOneLine(t *testing.T) {
	for name, c := range map[string]struct{ header, value, wait string }{
		"seconds":             {"Retry-After", "3600", "try again in 1h0m0s"},
		"a date":              {"Retry-After", time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat), "try again in (2h0m0s|1h59m5\\ds)"},
		"Docker Hub's window": {"Ratelimit-Limit", "100;w=21600", "try again in 6h0m0s"},
		"nothing":             {"", "", "try again later"},
		"rubbish":             {"Retry-After", "soon", "try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRegistry(t), newStore(t)
			r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
			r.between = busy(1000, "/manifests/", 429, c.header, c.value)
			start := time.Now()
			_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{})
			require.Less(t, time.Since(start), 10*time.Second)
			require.Regexp(t, "^pull: toomanyrequests: the rate limit of "+r.host()+" is reached: "+c.wait+`, log in \(tutor login\), or name a mirror$`, err.Error())
			var typed *Error
			require.ErrorAs(t, err, &typed)
			require.Contains(t, typed.Hint, "registry-mirrors")
			r.between = nil
			_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{})
			require.NoError(t, err)
		})
	}
}

func TestARegistryThatIsDownForAMomentIsAskedAgain(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
	r.between = busy(2, "/manifests/", 503, "", "")
	_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{})
	require.NoError(t, err)
	r.between = busy(1000, "/manifests/", 503, "", "")
	_, _, err = newStore(t).Pull(t.Context(), mustParse(t, r.host()+"/library/a"), PullOptions{})
	require.ErrorContains(t, err, "slow down")
}
