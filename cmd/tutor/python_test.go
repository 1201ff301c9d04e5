package main_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// The main job: `tutor run -it python --explain`, of an image that is made of the distribution's own packages
// and pulled from a registry on loopback, under its name on Docker Hub.
func TestPythonOnATerminal(t *testing.T) {
	root(t)
	mirror := serve(t, "library/python", pythonImage(t))
	cmd := exec.Command(binary, "run", "-it", "--rm", "python", "--explain")
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror, "NO_COLOR=1")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("Unable to find image 'python:latest' locally")
	s.sees("Status: Downloaded newer image for python:latest")
	s.sees("clone3({flags=")
	s.sees("= container PID 1")
	s.sees("pivot_root(\".\", \".\") = 0")
	s.sees("execve(\"/usr/bin/python3\", [\"python3\"],")
	s.sees("= 0")
	s.sees("two views of the same process")
	s.sees(">>> ")
	s.press("6*7\r")
	s.sees("\n42\r\n")
	s.press("import os; os.getpid()\r")
	s.sees("\n1\r\n")
	s.press("os.get_terminal_size()\r")
	s.sees("columns=80, lines=24")
	s.resize(40, 132)
	s.press("import time; time.sleep(0.3); os.get_terminal_size()\r")
	s.sees("columns=132, lines=40")
	s.press("while True: pass\r\r")
	s.sees("... ")
	s.press("\x03")
	s.sees("KeyboardInterrupt")
	s.press("os.mknod('/dev/disk', 0o60600, os.makedev(254, 0))\r") // root, and CAP_MKNOD, but no disk of the host's
	s.sees("OSError")                                               // later Pythons paint it, and what follows
	s.sees("[Errno 30] Read-only file system")
	s.press("os.mknod('/disk', 0o60600, os.makedev(254, 0)); open('/disk', 'rb')\r")
	s.sees("Permission denied: '/disk'")
	s.press("exit(3)\r")
	err := cmd.Wait()
	require.Error(t, err, s.shown())
	require.Equal(t, 3, cmd.ProcessState.ExitCode(), s.shown())
	require.Empty(t, leftovers(t))

	jobControl(t)
	require.Contains(t, ok(t, "images"), "python")
	require.Contains(t, ok(t, "rmi", "python"), "Untagged: python:latest")
}

// jobControl is what a real terminal is good for, in the same image: Ctrl-Z stops, fg goes on, Ctrl-C ends. The job is one process:
// a shell that is just starting another with vfork(2) does not stop when that one does. Nor may a handler print while print does.
func jobControl(t *testing.T) {
	cmd := exec.Command(binary, "run", "-it", "--rm", "python", "bash", "--norc")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("# ")
	s.press("python3 -c 'import os, signal as s, time; s.signal(s.SIGCONT, lambda *_: os.write(1, b\"goes\" + b\" on\\n\")); print(\"is\", \"there\"); time.sleep(1000)'\r")
	s.sees("\nis there\r\n")
	s.press("\x1a")
	s.sees("Stopped")
	s.press("fg\r")
	s.sees("\ngoes on\r\n")
	s.press("\x03")
	s.sees("^C")
	s.press("echo status $?; exit 4\r")
	s.sees("status 130")
	require.Error(t, cmd.Wait())
	require.Equal(t, 4, cmd.ProcessState.ExitCode())
}

// serve pushes an index with the image, and another platform's before it, to a registry on loopback, and
// returns the registry's URL.
func serve(t *testing.T, repository string, img v1.Image) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	other, err := random.Image(1024, 1)
	require.NoError(t, err)
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}}})
	ref, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/" + repository + ":latest")
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, index))
	return server.URL
}
