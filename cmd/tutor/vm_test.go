package main_test

import (
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
)

// inTheMachine are the tests that run again on the small machine: what version 2 of cgroups does otherwise than
// version 1. Emulated, on a computer that has more to do, each takes ten times as long as here; `make vm` runs more.
const inTheMachine = "^TestLimits$|^TestLeaks$/^(cgroup|memory|cgroup-ns|cgroupfs)$|^TestVersion2|^TestUpdateOfLimitsThatAreNew$"

// The proof on a kernel that is not this one: the distribution's, with cgroup v2 and nothing else, as a student
// will have it. The machine is emulated where it cannot be otherwise; it boots in seconds.
func TestPureCgroupV2(t *testing.T) {
	root(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("needs qemu-system-x86_64 and a kernel for it")
	}
	if container.HostLayout().Version() == "v2" {
		t.Skip("this machine has cgroup v2 alone: those tests run on it directly")
	}
	for _, name := range []string{"qemu-system-x86_64", "busybox", "cpio", "modprobe"} {
		tool(t, name)
	}
	kernel, release := stockKernel(t)
	dir := t.TempDir()
	initramfs := pack(t, dir, release)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	port := func(n string) []string { return []string{"-serial", "file:" + filepath.Join(dir, n)} }
	args := []string{"-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536", "-display", "none", "-monitor", "none",
		"-no-reboot", "-nic", "none", "-kernel", kernel, "-initrd", initramfs,
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off rdinit=/init output=ttyS1 status=ttyS2"}
	for _, n := range []string{"console", "output", "status"} {
		args = append(args, port(n)...)
	}
	out, err := exec.CommandContext(ctx, "qemu-system-x86_64", args...).CombinedOutput()
	output, console := read(dir, "output"), read(dir, "console")
	require.NoError(t, ctx.Err(), "the machine did not end in time\n%s\n%s", console, output)
	require.NoError(t, err, string(out))
	t.Logf("Linux %s:\n%s", release, regexp.MustCompile(`(?m)^=== .*\n`).ReplaceAllString(output, ""))
	require.Equal(t, "0", strings.TrimSpace(read(dir, "status")), "no verdict is a failure\n%s", tail(console, 30))
	require.Contains(t, output, "--- PASS: TestLimits")
}

func read(dir, name string) string {
	content, _ := os.ReadFile(filepath.Join(dir, name))
	return strings.ReplaceAll(string(content), "\r", "")
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// stockKernel is the newest of the distribution's kernels that has its modules here.
func stockKernel(t *testing.T) (path, release string) {
	t.Helper()
	kernels, err := filepath.Glob("/boot/vmlinuz-*")
	require.NoError(t, err)
	sort.Strings(kernels)
	for i := len(kernels) - 1; i >= 0; i-- {
		release := strings.TrimPrefix(filepath.Base(kernels[i]), "vmlinuz-")
		if _, err := os.Stat(filepath.Join("/lib/modules", release)); err == nil {
			return kernels[i], release
		}
	}
	t.Skip("needs a kernel of the distribution's in /boot: make deps installs it")
	return "", ""
}

// pack makes the initramfs: busybox, tutor, these tests, and the modules that containers need.
func pack(t *testing.T, dir, release string) string {
	t.Helper()
	shared := filepath.Join("..", "..", "vagrant", "proof.d")
	tree := filepath.Join(dir, "tree")
	out, err := exec.Command("sh", filepath.Join(shared, "pack.sh"), tree, release).CombinedOutput()
	require.NoError(t, err, string(out))
	system := filepath.Join(tree, "system")
	copyFile(t, filepath.Join(shared, "init"), filepath.Join(tree, "init"))
	copyFile(t, binary, filepath.Join(system, "tutor"))
	copyFile(t, withoutLibc(t, dir), filepath.Join(system, "tutor.test"))
	proof := "#!/bin/sh\nTUTOR_BINARY=/tutor exec /tutor.test -test.v -test.run '" + inTheMachine + "'\n"
	require.NoError(t, os.WriteFile(filepath.Join(system, "proof"), []byte(proof), 0o755))
	image := filepath.Join(dir, "initramfs")
	out, err = exec.Command("sh", "-c", `cd "$1" && find . | cpio -o -H newc --quiet -R 0:0 > "$2"`, "sh", tree, image).CombinedOutput()
	require.NoError(t, err, string(out))
	return image
}

// withoutLibc is a test binary that the small machine can run, which has no shared libraries. `make test` has made this one so.
func withoutLibc(t *testing.T, dir string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	file, err := elf.Open(self)
	require.NoError(t, err)
	defer file.Close()
	if !slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return self
	}
	built := filepath.Join(dir, "tutor.test")
	build := exec.Command("go", "test", "-c", "-o", built, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return built
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o755))
}
