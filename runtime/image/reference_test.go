package image

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const someDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestNamesAreReadAsDockerReadsThem(t *testing.T) {
	for _, c := range []struct{ in, full, familiar string }{
		{"python", "docker.io/library/python:latest", "python:latest"},
		{"python:3.13-slim", "docker.io/library/python:3.13-slim", "python:3.13-slim"},
		{"tutor/lab", "docker.io/tutor/lab:latest", "tutor/lab:latest"},
		{"docker.io/python", "docker.io/library/python:latest", "python:latest"},
		{"index.docker.io/library/python", "docker.io/library/python:latest", "python:latest"},
		{"localhost/a", "localhost/a:latest", "localhost/a:latest"},
		{"localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b"},
		{"127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest", "127.0.0.1:5000/a/b/c:latest"},
		{"[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"},
		{"ghcr.io/Org/a", "", ""},
		{"Host/a", "Host/a:latest", "Host/a:latest"},
		{"a@" + someDigest, "docker.io/library/a@" + someDigest, "a@" + someDigest},
		{"a:b@" + someDigest, "docker.io/library/a:b@" + someDigest, "a:b@" + someDigest},
		{"a__b/c-d.e_f", "docker.io/a__b/c-d.e_f:latest", "a__b/c-d.e_f:latest"},
	} {
		ref, err := Parse(c.in)
		if c.full == "" {
			require.Error(t, err, c.in)
			continue
		}
		require.NoError(t, err, c.in)
		require.Equal(t, c.full, ref.String())
		require.Equal(t, c.familiar, ref.Familiar())
	}
}

func TestBadNamesAreRefusedWithDockersWords(t *testing.T) {
	for in, words := range map[string]string{
		"Foo":                           "invalid reference format: repository name (library/Foo) must be lowercase",
		"a/Foo:b":                       "invalid reference format: repository name (a/Foo) must be lowercase",
		"":                              "invalid reference format",
		"a:":                            "invalid reference format",
		"a:-b":                          "invalid reference format",
		":b":                            "invalid reference format",
		"a//b":                          "invalid reference format",
		"../a":                          "invalid reference format",
		"a/../b":                        "invalid reference format",
		"a/.":                           "invalid reference format",
		"/a":                            "invalid reference format",
		"a b":                           "invalid reference format",
		"a@sha256:../../../x":           "invalid reference format",
		"a@sha256:12":                   "invalid reference format",
		"host:99999999/a":               "invalid reference format",
		"http://a/b":                    "invalid reference format",
		"-a":                            "invalid reference format",
		"a:" + strings.Repeat("b", 129): "invalid reference format",
		strings.Repeat("a/", 127) + "a": "must not be more than 255",
		strings.TrimPrefix(someDigest, "sha256:"): "cannot specify 64-byte hexadecimal strings",
	} {
		_, err := Parse(in)
		require.ErrorContains(t, err, words, in)
	}
}

// Whatever is accepted means the same when it is read again, and can not leave a directory or a URL's path.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"python", "a:b", "localhost:5000/a", "a@" + someDigest, "[::1]:1/a", "A/b", "a/../b", "x:y:z", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := Parse(s)
		if err != nil {
			return
		}
		for _, form := range []string{ref.String(), ref.Familiar()} {
			again, err := Parse(form)
			require.NoError(t, err)
			require.Equal(t, ref.String(), again.String())
		}
		require.NotContains(t, ref.Path, "..")
		require.NotContains(t, ref.String(), "//")
		require.Equal(t, strings.ToLower(ref.Path), ref.Path)
		require.NotEmpty(t, ref.identifier())
	})
}
