package main_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// The program that enters is tutor's own binary until it becomes the command; whoever gets hold of it inside must
// not be able to write to it (CVE-2019-5736).
func TestTutorCannotBeOverwrittenFromInside(t *testing.T) {
	root(t)
	running(t, "greedy", "touch /ready; while true; do for exe in /proc/[0-9]*/exe; do echo overwritten 2>/dev/null > $exe; done 2>/dev/null; done")
	sum := func() [32]byte {
		content, err := os.ReadFile(binary)
		require.NoError(t, err)
		return sha256.Sum256(content)
	}
	before := sum()
	for range 10 {
		tutor(t, "exec", "greedy", "true")
		tutor(t, "exec", "greedy", "/proc/self/exe", "version") // it may have ended before anybody can look
		for _, flag := range []string{"-i", "-d"} {
			r := tutor(t, "exec", flag, "greedy", "/proc/self/exe", "registry", "serve")
			require.Equal(t, 125, r.code)
			require.Contains(t, r.stderr, "CVE-2019-5736")
		}
	}
	require.Equal(t, before, sum())
}

// Root inside looks into whoever enters, all the time (CVE-2016-9962). strace holds the newcomer still just before
// it becomes the command, when it has the powers of root inside and no more.
func TestANewcomerCannotBeLookedInto(t *testing.T) {
	root(t)
	tool(t, "strace")
	state, _ := running(t, "curious", "touch /ready; while true; do ls -l /proc/[0-9]*/fd >> /seen 2>/dev/null; done")
	look := func(flags ...string) {
		args := append([]string{"-f", "-o", "/dev/null", "-e", "trace=execve", "-e", fmt.Sprint("inject=execve:delay_enter=", pace.Times(400*time.Millisecond).Microseconds()), binary, "exec"}, flags...)
		cmd := exec.Command("sh", append([]string{"-c", `exec "$@" 9<"$0"`, home, "strace"}, append(args, "curious", "true")...)...)
		require.Zero(t, command(t, cmd).code)
	}
	seen := func() string { return read(filepath.Join(testHome().Dir(state.ID), "upper"), "seen") }
	look()
	require.NotContains(t, seen(), home)
	look("--without", "undumpable")
	require.Contains(t, seen(), home, "the control must work")
}
