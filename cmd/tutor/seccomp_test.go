package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// callsFor builds a program that makes needless system calls, for this kernel by the numbers of that machine.
func callsFor(t *testing.T, goarch string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "calls-"+goarch)
	build := exec.Command("go", "build", "-o", program, "./testdata/calls")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+goarch)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// answers are what the kernel said to each call.
func answers(t *testing.T, program string, flags ...string) map[string]string {
	t.Helper()
	args := append(append([]string{"run", "--rm", "-v", program + ":/calls:ro"}, flags...), "tutor/lab", "/calls")
	said := map[string]string{}
	for line := range strings.Lines(ok(t, args...)) {
		name, answer, _ := strings.Cut(strings.TrimSpace(line), ": ")
		said[name] = answer
	}
	return said
}

// Each column is one way to start the program; the one without a filter is the control, for there the kernel itself answers.
func TestTheFilterKeepsTheKernelAway(t *testing.T) {
	root(t)
	program := callsFor(t, runtime.GOARCH)
	usual, user, open := answers(t, program), answers(t, program, "-u", "1000", "--cap-drop", "ALL"), answers(t, program, "--security-opt", "seccomp=unconfined")
	mighty := answers(t, program, "--cap-add", "SYS_ADMIN")
	for name, want := range map[string]string{"socket of AF_UNIX": "made", "socket of AF_INET6": "made", "socket of AF_NETLINK": "made", "personality(0)": "made",
		"socket of AF_ALG": "EPERM", "socket of AF_VSOCK": "EPERM", "unshare(CLONE_NEWUSER)": "EPERM", "clone(CLONE_NEWUSER)": "EPERM", "clone3": "ENOSYS",
		"keyctl": "EPERM", "add_key": "EPERM", "io_uring_setup": "EPERM", "perf_event_open": "EPERM", "bpf": "EPERM", "personality(READ_IMPLIES_EXEC)": "EPERM",
		"a call of the future": "ENOSYS", "a number of x32": "ENOSYS"} {
		require.Equal(t, want, usual[name], name)
		require.Equal(t, want, user[name], "%s, as a user", name)
	}
	for _, name := range []string{"unshare(CLONE_NEWUSER)", "clone(CLONE_NEWUSER)", "clone3"} {
		require.Equal(t, "EINVAL", open[name], "the control: %s reaches the kernel", name)
		require.Equal(t, "EINVAL", mighty[name], "who may mount may make namespaces: %s", name)
	}
	require.Equal(t, "made", open["personality(READ_IMPLIES_EXEC)"], "the control")
	require.Equal(t, "EPERM", mighty["keyctl"], "it is not among the calls of CAP_SYS_ADMIN")
}

// A filter that knows one set of numbers only is walked around by the other.
func TestProgramsOf32BitsAreFilteredToo(t *testing.T) {
	root(t)
	pace.Fast(t) // in make vm the compiler would need minutes
	smaller := map[string]string{"amd64": "386", "arm64": "arm"}[runtime.GOARCH]
	program := callsFor(t, smaller)
	if out, err := exec.Command(program).Output(); err != nil || len(out) == 0 {
		t.Skip("this kernel runs no programs of 32 bits:", err)
	}
	said := answers(t, program)
	for name, want := range map[string]string{"socket of AF_INET6": "made", "socket of AF_VSOCK": "EPERM", "unshare(CLONE_NEWUSER)": "EPERM", "clone3": "ENOSYS", "keyctl": "EPERM", "a call of the future": "ENOSYS"} {
		require.Equal(t, want, said[name], name)
	}
}

// What comes in later is no freer than what is there.
func TestExecIsFilteredAsItsContainer(t *testing.T) {
	root(t)
	program := callsFor(t, runtime.GOARCH)
	for name, flags := range map[string][]string{"EPERM": nil, "EINVAL": {"--security-opt", "seccomp=unconfined"}} {
		box := "filtered-" + strings.ToLower(name)
		idling(t, box, append(flags, "-v", program+":/calls:ro")...)
		require.Contains(t, ok(t, "exec", box, "/calls"), "unshare(CLONE_NEWUSER): "+name+"\n", flags)
	}
}

func TestAProfileOfOnesOwn(t *testing.T) {
	root(t)
	dir := t.TempDir()
	profile := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return "seccomp=" + path
	}
	strict := profile("strict.json", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 30}]}`)
	r := tutor(t, "run", "--rm", "--security-opt", strict, "tutor/lab", "mkdir", "/new")
	require.Contains(t, r.stderr, "Read-only file system", "errno 30, by the profile")
	for _, none := range []string{"seccomp=builtin", "seccomp=unconfined", "seccomp:unconfined"} {
		ok(t, "run", "--rm", "--security-opt", strict, "--security-opt", none, "tutor/lab", "mkdir", "/new")
	}
	name := "profiled"
	ok(t, "create", "--name", name, "--security-opt", strict, "tutor/lab", "mkdir", "/new")
	t.Cleanup(func() { tutor(t, "rm", "-f", name) })
	require.NoError(t, os.Remove(filepath.Join(dir, "strict.json")), "it was read when the container was made")
	require.Contains(t, tutor(t, "start", "-a", name).stderr, "Read-only file system")
	require.Contains(t, ok(t, "inspect", "--format", "{{.HostConfig.SecurityOpt}}", name), `[seccomp={"defaultAction": "SCMP_ACT_ALLOW"`)
	require.Contains(t, ok(t, "info", "--format", "{{.SecurityOptions}}"), "name=seccomp,profile=builtin")

	for text, want := range map[string]string{
		`garbage`: "invalid character",
		`{}`:      "it names no system call, and no default action",
		`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}]}`: "the profile does not allow execve, which tutor still has to call behind it",
		`{"defaultAction": "SCMP_ACT_KILL"}`:   "the profile does not allow setgroups",
		`{"defaultAction": "SCMP_ACT_NOTIFY"}`: `unknown action "SCMP_ACT_NOTIFY"`,
		``:                                     "it is empty",
		strings.Repeat(" ", 1<<20+1):           "it is larger than",
	} {
		r := tutor(t, "create", "--security-opt", profile("bad.json", text), "tutor/lab", "true")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, want)
		require.Contains(t, r.stderr, "tutor: hint: ")
	}
	r = tutor(t, "run", "--rm", "--security-opt", "seccomp=nowhere.json", "tutor/lab", "true")
	require.Contains(t, r.stderr, "tutor: opening seccomp profile (nowhere.json) failed: ")
	require.Equal(t, 125, r.code)
}
