package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// imageSession is a tutor with a mirror of its own that has python.
func imageSession(t *testing.T) func(args ...string) (out, errors string, status int) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	img, err := random.Image(1000, 2)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Created = v1.Time{Time: time.Now().Add(-50 * time.Hour)}
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/library/python:latest")
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, img))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("TUTOR_ROOT", t.TempDir())
	t.Setenv("TUTOR_RUN", t.TempDir())
	t.Setenv("TUTOR_REGISTRY_MIRRORS", server.URL)
	return func(args ...string) (string, string, int) {
		var out, errors strings.Builder
		status := (&cli{Out: &out, Err: &errors}).main(args)
		return out.String(), errors.String(), status
	}
}

func TestPullImagesRmiPrintWhatDockerPrints(t *testing.T) {
	tutor := imageSession(t)
	out, errors, status := tutor("pull", "python")
	require.Zero(t, status, errors)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Equal(t, "Using default tag: latest", lines[0])
	require.Equal(t, "latest: Pulling from library/python", lines[1])
	require.Regexp(t, `(?m)^[0-9a-f]{12}: Pull complete$`, out)
	require.Regexp(t, `^Digest: sha256:[0-9a-f]{64}$`, lines[len(lines)-3])
	require.Equal(t, []string{"Status: Downloaded newer image for python:latest", "docker.io/library/python:latest"}, lines[len(lines)-2:])
	out, _, _ = tutor("pull", "python:latest")
	require.NotContains(t, out, "Using default tag")
	require.Contains(t, out, "Status: Image is up to date for python:latest\n")
	out, _, _ = tutor("pull", "-q", "python")
	require.Equal(t, "docker.io/library/python:latest\n", out)

	out, _, _ = tutor("images")
	require.Regexp(t, `^REPOSITORY   TAG       IMAGE ID       CREATED      SIZE\npython       latest    [0-9a-f]{12}   2 days ago   [0-9.]+kB\n$`, out)
	id, _, _ := tutor("images", "-q", "--no-trunc", "python:latest")
	require.Regexp(t, `^sha256:[0-9a-f]{64}\n$`, id)
	out, _, _ = tutor("images", "--digests", "--format", `{{.Repository}}:{{.Tag}} {{.Digest}}`)
	require.Regexp(t, `^python:latest sha256:[0-9a-f]{64}\n$`, out)
	out, _, _ = tutor("images", "--format", "json", "other")
	require.Empty(t, out)

	out, errors, status = tutor("rmi", "python", "nosuch")
	require.Equal(t, 1, status)
	require.Regexp(t, "^Untagged: python:latest\nUntagged: python@sha256:[0-9a-f]{64}\nDeleted: "+id+"(Deleted: sha256:[0-9a-f]{64}\n){2}$", out)
	require.Contains(t, errors, "tutor: No such image: nosuch:latest\n")
	_, _, status = tutor("rmi", "-f", "nosuch")
	require.Zero(t, status)
	_, errors, _ = tutor("pull", "Foo")
	require.Equal(t, "tutor: invalid reference format: repository name (library/Foo) must be lowercase\ntutor: hint: a name is [REGISTRY[:PORT]/]REPOSITORY[:TAG|@DIGEST]: python, python:3.13, localhost:5000/team/app\n", errors)
}

// One status for the whole repository, as docker has it, and one trace.
func TestPullOfAllTags(t *testing.T) {
	tutor := imageSession(t)
	host := strings.TrimPrefix(os.Getenv("TUTOR_REGISTRY_MIRRORS"), "http://")
	for _, args := range [][]string{{"pull", "python"}, {"tag", "python", host + "/library/python:3.13"}, {"push", host + "/library/python:3.13"}, {"rmi", "-f", "python", host + "/library/python:3.13"}} {
		_, errors, status := tutor(args...)
		require.Zero(t, status, errors)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	out, errors, status := tutor("pull", "-a", "--explain-to", trace, "python")
	require.Zero(t, status, errors)
	require.Regexp(t, `^3.13: Pulling from library/python\n(?s).*\nDigest: .*\nlatest: Pulling from library/python\n.*\nDigest: .*\n`+
		`Status: Downloaded newer image for python\ndocker.io/library/python\n$`, out)
	require.Equal(t, 1, strings.Count(out, "Status: "))
	data, err := os.ReadFile(trace)
	require.NoError(t, err)
	for _, request := range []string{"GET " + "http://" + host + "/v2/library/python/tags/list = 200 OK", "/manifests/3.13 = 200 OK", "/manifests/latest = 200 OK"} {
		require.Contains(t, string(data), request)
	}
	out, _, _ = tutor("pull", "-a", "python")
	require.Contains(t, out, "Status: Image is up to date for python\n")
	out, _, _ = tutor("pull", "-qa", "python")
	require.Equal(t, "docker.io/library/python\n", out)
	out, _, _ = tutor("images", "--format", "{{.Repository}}:{{.Tag}}")
	require.Equal(t, "python:3.13\npython:latest\n", out)
	_, errors, status = tutor("pull", "-a", "python:3.13")
	require.Equal(t, 1, status)
	require.Equal(t, "tutor: tag can't be used with --all-tags/-a\ntutor: hint: tutor pull -a python\n", errors)
}

func TestTheNumberOfArgumentsIsSaidAsDockerSaysIt(t *testing.T) {
	tutor := imageSession(t)
	for _, c := range []struct{ line, says string }{
		{"rmi", "'tutor rmi' requires at least 1 argument\ntutor: hint: Usage: tutor rmi [OPTIONS] IMAGE [IMAGE...]\n"},
		{"pull a b", "'tutor pull' requires 1 argument\ntutor: hint: Usage: tutor pull [OPTIONS] NAME[:TAG|@DIGEST]\n"},
		{"tag a", "'tutor tag' requires 2 arguments\ntutor: hint: Usage: tutor tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n"},
		{"images a b", "'tutor images' requires at most 1 argument\ntutor: hint: Usage: tutor images [OPTIONS] [REPOSITORY[:TAG]]\n"},
		{"image prune a", "'tutor image prune' accepts no arguments\ntutor: hint: Usage: tutor image prune [OPTIONS]\n"},
		{"imags", "unknown command: tutor imags\ntutor: hint: did you mean tutor image, or tutor images?\n"},
	} {
		_, errors, status := tutor(strings.Fields(c.line)...)
		require.Equal(t, 1, status)
		require.Equal(t, "tutor: "+c.says, errors)
	}
}
