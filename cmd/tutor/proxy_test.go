package main_test

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// A proxy passes on to address whatever host it is asked for: with CONNECT it joins two connections, as for TLS.
func proxy(t *testing.T, address string) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Host)
		there, err := net.Dial("tcp", address)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		if r.Method != http.MethodConnect {
			passOn(w, r, address)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		go io.Copy(there, buffered)
		io.Copy(here, there)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// passOn asks address what r asks of another.
func passOn(w http.ResponseWriter, r *http.Request, address string) {
	r.RequestURI, r.URL.Host = "", address
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// behind runs tutor in a network where only what env says leads out.
func behind(t *testing.T, env []string, args ...string) run {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(append(os.Environ(), "TUTOR_ROOT="+t.TempDir(), "TUTOR_REGISTRY_MIRRORS="), env...)
	return command(t, cmd)
}

// HTTP_PROXY is asked for what is not on this machine.
func TestAProxyIsUsed(t *testing.T) {
	small, err := random.Image(1024, 2)
	require.NoError(t, err)
	url, asked := proxy(t, strings.TrimPrefix(serve(t, "library/small", small), "http://"))
	r := behind(t, []string{"TUTOR_REGISTRY_MIRRORS=http://mirror.school.example", "HTTP_PROXY=" + url}, "pull", "-q", "small")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, *asked, "mirror.school.example")
}

// HTTPS_PROXY only joins the ends: the certificate is the registry's own.
func TestATLSRegistryIsReachedThroughAProxy(t *testing.T) {
	tls := httptest.NewTLSServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(tls.Close)
	address := tls.Listener.Addr().String()
	ref, err := name.ParseReference(address + "/team/small:latest")
	require.NoError(t, err)
	small, err := random.Image(1024, 2)
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, small, remote.WithTransport(tls.Client().Transport)))
	authority := filepath.Join(t.TempDir(), "school.pem")
	require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o600))
	url, asked := proxy(t, address)

	r := behind(t, []string{"HTTPS_PROXY=" + url, "SSL_CERT_FILE=" + authority}, "pull", "-q", "example.com/team/small")
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "example.com/team/small:latest\n", r.stdout)
	require.Contains(t, *asked, "example.com:443")
	r = behind(t, []string{"HTTPS_PROXY=" + url, "SSL_CERT_FILE=/dev/null"}, "pull", "-q", "example.com/team/small")
	require.Equal(t, 1, r.code, "whoever is in between is not believed")
	require.Contains(t, r.stderr, "certificate signed by unknown authority")
}

// Without a word of the proxy, its failure reads as the registry's.
func TestAProxyThatFailsIsNamed(t *testing.T) {
	no := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer no.Close()
	for _, c := range []struct{ proxy, says string }{
		{no.URL, "tutor: pull: registry.invalid: the proxy " + strings.TrimPrefix(no.URL, "http://") + " answers 403 Forbidden\n"},
		{"http://127.0.0.1:1", "tutor: pull: registry.invalid: the proxy cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused\n"},
	} {
		r := behind(t, []string{"HTTPS_PROXY=" + c.proxy}, "pull", "-q", "registry.invalid/a")
		require.Equal(t, 1, r.code)
		require.True(t, strings.HasPrefix(r.stderr, c.says), r.stderr)
		require.Contains(t, r.stderr, "tutor: hint: HTTP_PROXY, HTTPS_PROXY and NO_PROXY say")
		r = behind(t, []string{"HTTPS_PROXY=" + c.proxy, "NO_PROXY=.invalid"}, "pull", "-q", "registry.invalid/a")
		require.Contains(t, r.stderr, "registry.invalid: lookup registry.invalid: no such host")
	}
}
