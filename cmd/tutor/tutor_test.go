package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests run the real program on the real kernel. They see it as a person at a terminal does: words in,
// words and an exit code out.

// binary is the program under test: TUTOR_BINARY, or built here.
var binary string

// home is where it keeps everything, and gone afterwards.
var home string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if home, err = os.MkdirTemp("", "tutor-test-"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(home)
		os.Chmod(home, 0o755)
		os.Setenv("TUTOR_ROOT", filepath.Join(home, "root"))
		os.Setenv("TUTOR_RUN", filepath.Join(home, "run"))
		os.Setenv("XDG_STATE_HOME", filepath.Join(home, "state")) // a person's progress
		os.Unsetenv("TUTOR_REGISTRY_MIRRORS")
		if binary = os.Getenv("TUTOR_BINARY"); binary == "" {
			binary = filepath.Join(home, "tutor")
			build := exec.Command("go", "build", "-o", binary, ".")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
				return 1
			}
		}
		defer exec.Command(binary, "run", "--lab", "1", "true").Run() // clears what a failed test has left
		return m.Run()
	}())
}

// A run is what a command line came to.
type run struct {
	stdout, stderr string
	code           int
}

// tutor runs one command line.
func tutor(t *testing.T, args ...string) run {
	t.Helper()
	return command(t, exec.Command(binary, args...))
}

func command(t *testing.T, cmd *exec.Cmd) run {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		require.NoError(t, err, "%s did not run", cmd)
	}
	return run{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// ok runs one command line that must end with 0, and returns its output.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	r := tutor(t, args...)
	require.Zero(t, r.code, "tutor %s\n%s%s", strings.Join(args, " "), r.stdout, r.stderr)
	return r.stdout
}

// noneStays removes the containers that a test leaves: one whose start failed stays, as Docker's does.
func noneStays(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if ids := strings.Fields(tutor(t, "ps", "-aq").stdout); len(ids) > 0 {
			ok(t, append([]string{"rm", "-f"}, ids...)...)
		}
	})
}

// root skips a test that the kernel lets only root do. All such tests share one home: what one of them leaves there would
// be another's wrong number.
func root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, mounts and cgroups")
	}
	t.Cleanup(func() {
		left := tutor(t, "ps", "-aq").stdout + tutor(t, "volume", "ls", "-q").stdout + tutor(t, "network", "ls", "-q", "--filter", "type=custom").stdout
		require.Empty(t, left, "containers, volumes and networks that %s has left", t.Name())
	})
}

// tool skips a test that needs a program that is not there.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s: make deps installs it", name)
	}
	return path
}

// leftovers is what containers could leave on the host: mounts, groups, links, and files below home.
func leftovers(t *testing.T) []string {
	t.Helper()
	var found []string
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for _, line := range strings.Split(string(mountinfo), "\n") {
		if strings.Contains(line, home) {
			found = append(found, "mount "+line)
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/tutor-*", "/sys/fs/cgroup/*/tutor-*", "/sys/class/net/tutor*",
		filepath.Join(home, "run", "*", "*"), filepath.Join(home, "root", "containers", "*"), filepath.Join(home, "root", "layers", "new*"),
		filepath.Join(home, "root", "volumes", ".*"), filepath.Join(home, "root", "volumes", "*", "new"), filepath.Join(home, "root", "volumes", "*", "full")} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, p := range paths {
			leases, _ := os.ReadDir(p)
			if filepath.Base(p) == "networks" && len(leases) == 0 {
				continue // nobody is on any
			}
			if filepath.Base(p) != "lock" {
				found = append(found, p)
			}
		}
	}
	sort.Strings(found)
	return found
}
