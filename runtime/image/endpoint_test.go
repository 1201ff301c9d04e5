package image

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainHTTPIsForLoopbackAndInsecureOnly(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:5000": true, "127.8.9.1": true, "localhost": true, "localhost:5000": true, "[::1]:5000": true,
		"10.1.2.3:5000": false, "registry.lan:5000": false, "example.com": false, "localhost.example.com": false,
	} {
		e, err := endpoints(Reference{Domain: host, Path: "a", Tag: "b"}, Config{})
		require.NoError(t, err)
		require.Equal(t, want, e[0].plain, host)
	}
	insecureHosts := []string{"10.0.0.0/8", "registry.lan:5000", "other.lan"}
	for host, want := range map[string]bool{"10.1.2.3:5000": true, "11.1.2.3:5000": false, "registry.lan:5000": true, "registry.lan:5001": false, "other.lan:1": true} {
		require.Equal(t, want, insecure(host, insecureHosts), host)
	}
	req, err := http.NewRequest(http.MethodGet, "http://10.1.2.3:5000/v2/", nil)
	require.NoError(t, err)
	_, err = newWire(endpoint{host: "10.1.2.3:5000"}).RoundTrip(req)
	require.ErrorIs(t, err, errPlain)
}
