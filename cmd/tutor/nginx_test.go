package main_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What everybody runs after python: a web server that somebody else has packed.
func TestNginxWelcomes(t *testing.T) {
	root(t)
	t.Setenv("TUTOR_REGISTRY_MIRRORS", serve(t, "library/nginx", nginxImage(t)))
	noneStays(t)
	at := "127.0.0.1:" + freePort(t, 8080)
	ok(t, "run", "-d", "--name", "web", "-p", at+":80", "nginx")
	var page string
	eventually(t, "it welcomes", func() bool {
		answer, err := http.Get("http://" + at)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		page = string(content)
		return err == nil
	})
	require.Contains(t, page, "<h1>Welcome to nginx!</h1>")
	require.Contains(t, ok(t, "ps"), at+"->80/tcp")
	eventually(t, "its log is on standard output", func() bool { return ok(t, "logs", "web") != "" })
	require.Regexp(t, `"GET / HTTP/1.1" 200 \d+ `, ok(t, "logs", "web"))
	require.Equal(t, "web\n", ok(t, "stop", "web"))
	require.Regexp(t, `^web Exited \(0\) `, ok(t, "ps", "-a", "--format", "{{.Names}} {{.Status}}"), "the image's signal ends it, and not SIGKILL")
	ok(t, "rm", "web")
	ok(t, "rmi", "nginx")
	require.Empty(t, leftovers(t))
}
