package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"tutor/runtime/pace"

	"github.com/stretchr/testify/require"
)

// These tests run the real program on the real kernel. They see it as a person at a terminal does: words in,
// words and an exit code out.

// binary is the program under test: TUTOR_BINARY, or built here.
var binary string

// home is where it keeps everything, and gone afterwards.
var home string

// The first thread stays with main, so that no test takes it along into another namespace: /proc/self is that thread, and it
// cannot be thrown away.
func init() { runtime.LockOSThread() }

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
			ok(t, append([]string{"rm", "-f", "-v"}, ids...)...)
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
		for kind, list := range map[string][]string{"container": {"ps", "-aq"}, "volume": {"volume", "ls", "-q"}, "network": {"network", "ls", "-q", "--filter", "type=custom"}} {
			if left := strings.Fields(tutor(t, list...).stdout); len(left) > 0 {
				t.Errorf("a %s is left: %s", kind, left)
				tutor(t, append([]string{kind, "rm", "-f"}, left...)...)
			}
		}
	})
}

// seconds are so many for timeout(1), or as many more as this machine is slower.
func seconds(d time.Duration) string { return fmt.Sprintf("%.0f", pace.Times(d).Seconds()) }

// tool skips a test that needs a program that is not there.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s: make deps installs it", name)
	}
	return path
}

// leftovers is what containers could leave on the host: mounts, groups, links, and files below home. Another tutor, of
// another home, may be at work beside this one: what is its is not ours.
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
	store := testHome().Networks()
	for _, pattern := range []string{"/sys/class/net/tutor*-" + store.Tag,
		filepath.Join(home, "run", "*", "*"), filepath.Join(home, "root", "containers", "*"), filepath.Join(home, "root", "layers", "new*"),
		filepath.Join(home, "root", "volumes", ".*"), filepath.Join(home, "root", "volumes", "*", "new"), filepath.Join(home, "root", "volumes", "*", "full")} {
		for _, p := range globbed(t, pattern) {
			leases, _ := os.ReadDir(p)
			if filepath.Base(p) == "networks" && len(leases) == 0 {
				continue // nobody is on any
			}
			if filepath.Base(p) != "lock" {
				found = append(found, p)
			}
		}
	}
	found = append(found, groupsLeft(t)...)
	sort.Strings(found)
	return found
}

// groupsLeft are the containers' and the grader's groups that nobody is going to remove: those that stay although they are
// empty, and those with processes that no other tutor looks after. Each is one test's failure, the first's that sees it.
func groupsLeft(t *testing.T) (left []string) {
	t.Helper()
	for _, group := range append(globbed(t, "/sys/fs/cgroup/tutor-*"), globbed(t, "/sys/fs/cgroup/*/tutor-*")...) {
		for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			procs, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			if err != nil || othersLookAfter(append(strings.Fields(string(procs)), graderOf(group))) || othersClaim(t, group) {
				break
			}
			if time.Now().After(deadline) {
				if first, _ := firstSeen.LoadOrStore(group, t.Name()); first == t.Name() {
					left = append(left, group)
					for _, pid := range strings.Fields(string(procs)) {
						t.Logf("in %s: %s, of %s: %q", group, pid, parentOf(pid), read("/proc/"+pid, "cmdline"))
					}
				}
				break
			}
		}
	}
	return left
}

var firstSeen sync.Map // group: the test

// graderOf is the process that a grader's group is named after: tutor-grade-PID-SEED-NUMBER.
func graderOf(group string) string {
	if parts := strings.Split(filepath.Base(group), "-"); parts[1] == "grade" {
		return parts[2]
	}
	return ""
}

// othersLookAfter tells if a forebear of one of the processes is a tutor that is not the one under test.
func othersLookAfter(pids []string) bool {
	for _, pid := range pids {
		for ; pid != "0" && pid != ""; pid = parentOf(pid) {
			exe, _ := os.Readlink("/proc/" + pid + "/exe")
			if name := strings.TrimSuffix(filepath.Base(exe), " (deleted)"); (name == "tutor" || name == "grader.test") && exe != binary {
				return true
			}
		}
	}
	return false
}

// othersClaim tells if a tutor of another test's has the container whose group this is, or had it and leaves it to its next.
func othersClaim(t *testing.T, group string) bool {
	id := strings.TrimPrefix(filepath.Base(group), "tutor-")
	run := filepath.Join(filepath.Dir(home), "tutor-test-*", "run")
	claims := append(globbed(t, filepath.Join(run, "*", id)), globbed(t, filepath.Join(run, "labs", "*", "*", id))...)
	return slices.ContainsFunc(claims, func(path string) bool { return !strings.HasPrefix(path, home) })
}

func parentOf(pid string) string {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	_, after, _ := strings.Cut(string(status), "\nPPid:\t")
	parent, _, _ := strings.Cut(after, "\n")
	return parent
}
