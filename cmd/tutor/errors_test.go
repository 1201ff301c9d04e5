package main_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"
)

// fails runs a command line that must end with code and say exactly one line of error and one of help, and
// leave nothing behind.
func fails(t *testing.T, cmd *exec.Cmd, code int, message, hint string) {
	t.Helper()
	r := command(t, cmd)
	require.Equal(t, code, r.code, "%s\n%s%s", cmd, r.stdout, r.stderr)
	require.NotContains(t, r.stderr, "goroutine ", "a Go trace is no error message")
	var ours []string
	for _, line := range strings.Split(r.stderr, "\n") {
		if strings.HasPrefix(line, "tutor: ") {
			ours = append(ours, line)
		}
	}
	require.Len(t, ours, 2, r.stderr)
	require.Regexp(t, "^tutor: "+message, ours[0])
	require.Regexp(t, "^tutor: hint: "+hint, ours[1])
	require.Empty(t, leftovers(t))
}

func tutorCommand(args ...string) *exec.Cmd { return exec.Command(binary, args...) }

func TestExitCodes(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	require.Equal(t, 7, tutor(t, "run", "--rm", "tutor/lab", "sh", "-c", "exit 7").code, "the command's own")
	require.Equal(t, 137, tutor(t, "run", "--rm", "--without", "pid-ns", "tutor/lab", "sh", "-c", "kill -9 $$").code, "128 + the signal")
	fails(t, tutorCommand("run", "--rm", "tutor/lab", "nonesuch"), 127, `exec: execve\("/bin/nonesuch", .*\) = ENOENT \(no such file or directory\)`, "no such command")
	fails(t, tutorCommand("run", "--rm", "tutor/lab", "/etc/passwd"), 126, `exec: execve\("/etc/passwd", .*\) = EACCES \(permission denied\)`, "the file is there but may not be executed")
	fails(t, tutorCommand("run", "--rm", "--nonesuch", "tutor/lab"), 125, "unknown flag: --nonesuch", "tutor run --help")
	fails(t, tutorCommand("run", "--rm", "-w", "/etc/passwd/x", "tutor/lab", "true"), 125, "workdir: ", "")
}

// What is pinned for the kernel and forgotten ends a Go program at its next look at the memory, with a trace of Go's.
func TestAStartThatFailedGivesItsMemoryBack(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-d", "--name", "runs", "tutor/lab", "sleep", "1000")
	for range 4 {
		for _, args := range [][]string{{"run", "--rm", "tutor/lab", "nonesuch"}, {"exec", "runs", "nonesuch"}} {
			cmd := tutorCommand(args...)
			cmd.Env = append(os.Environ(), "GOGC=1") // many looks
			r := command(t, cmd)
			require.Equal(t, 127, r.code, r.stderr)
		}
	}
}

func TestImagesThatAreNotThere(t *testing.T) {
	root(t)
	server := httptest.NewServer(registry.New())
	host := strings.TrimPrefix(server.URL, "http://")
	fails(t, tutorCommand("run", host+"/nonesuch"), 125, ".*nonesuch", ".")
	server.Close()
	fails(t, tutorCommand("run", host+"/nonesuch"), 125, ".*connection refused", ".")
	fails(t, tutorCommand("run", "Upper"), 125, `.*invalid reference format: repository name \(library/Upper\) must be lowercase`, ".")
}

func TestNotRoot(t *testing.T) {
	root(t)
	cmd := tutorCommand("run", "tutor/lab")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	fails(t, cmd, 125, "run: permission denied: only root can make namespaces and mounts", "sudo tutor run")
}

func TestFullDisk(t *testing.T) {
	root(t)
	tool(t, "unshare")
	small := exec.Command("unshare", "--mount", "sh", "-c", `mount -t tmpfs -o size=3m none "$2" && TUTOR_ROOT="$2" exec "$1" run tutor/lab true`, "sh", binary, t.TempDir())
	fails(t, small, 125, ".*no space left on device", "the disk is full")
}

func TestUnwritableRoot(t *testing.T) {
	root(t)
	tool(t, "unshare")
	readOnly := exec.Command("unshare", "--mount", "sh", "-c", `mount -t tmpfs -o ro none "$2" && TUTOR_ROOT="$2/root" exec "$1" run tutor/lab true`, "sh", binary, t.TempDir())
	fails(t, readOnly, 125, ".*read-only file system", "the file system is read-only")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	cmd := tutorCommand("run", "tutor/lab", "true")
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+file)
	r := command(t, cmd)
	require.Equal(t, 125, r.code)
	require.Regexp(t, "^tutor: .*not a directory", r.stderr)
}

// A kernel without a feature: strace answers ENOSYS in its place.
func TestKernelWithoutAFeature(t *testing.T) {
	root(t)
	noneStays(t)
	tool(t, "strace")
	ok(t, "run", "--rm", "tutor/lab", "true")
	for call, op := range map[string]string{"clone3": "clone", "open_tree": "files-open", "move_mount": "files", "pivot_root": "pivot"} {
		without := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "trace="+call, "-e", "inject="+call+":error=ENOSYS", binary, "run", "--rm", "tutor/lab", "true")
		fails(t, without, 125, op+": "+call+`\(.* = ENOSYS \(function not implemented\)`, ".*(too old|needs Linux)")
	}
}

// TestTheRoomIsLeftClean stands for itself: after a run with everything, nothing is left.
func TestTheRoomIsLeftClean(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "--memory", "64m", "--pids-limit", "50", "--tmpfs", "/run", "-v", t.TempDir()+":/data", "--init", "tutor/lab", "sh", "-c", "sleep 100 & sleep 100 & true")
	require.Empty(t, leftovers(t))
}
