package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What scripts that were written for docker rely on.
func TestScriptsReadWhatDockerWrites(t *testing.T) {
	root(t)
	removed(t, "script")
	ok(t, "run", "--name", "script", "tutor/lab", "sh", "-c", "true && echo a > /b")
	inspect := func(format string) string { return ok(t, "inspect", "-f", format, "script") }
	require.Equal(t, "|\n", inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}|{{.GlobalIPv6Address}}{{end}}"), "it has ended, and has no address")
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z \d{4}-.*Z\n$`, inspect("{{.State.StartedAt}} {{.Created}}"))
	require.Equal(t, `["sh","-c","true && echo a > /b"]`+"\n", inspect("{{json .Config.Cmd}}"))
	require.Contains(t, ok(t, "inspect", "-f", "json", "script"), "true && echo a > /b")

	r := tutor(t, "container", "inspect", "tutor/lab")
	require.Equal(t, 1, r.code, "an image is no container")
	require.Equal(t, "tutor: No such container: tutor/lab\ntutor: hint: tutor ps -a shows the containers that there are\n", r.stderr)
	for _, flag := range []string{"--dry-run", "--print-spec", "-d", "--sig-proxy=false"} {
		r := tutor(t, "create", flag, "tutor/lab")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, " is not supported: create ")
	}
	require.Len(t, strings.Fields(ok(t, "ps", "-aq")), 1)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("content\n"), 0o644))
	require.Empty(t, ok(t, "cp", "-q", file, "script:-"))
	require.Contains(t, ok(t, "diff", "script"), "A /-\n")
}

// Ctrl-C at a question is a no.
func TestCtrlCAtAQuestion(t *testing.T) {
	root(t)
	removed(t, "doubtful")
	stopped(t, "doubtful", "tutor/lab", "true")
	cmd := exec.Command(binary, "container", "prune")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('?')
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(unix.SIGINT))
	cmd.Wait()
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	require.Contains(t, ok(t, "ps", "-a"), "doubtful")
}

// Who only looks on, and stops that, has nothing to be told; a shell sees the signal in the status.
func TestCtrlCEndsWhoLooksOn(t *testing.T) {
	root(t)
	removed(t, "watched")
	ok(t, "run", "-d", "--name", "watched", "tutor/lab", "sh", "-c", "echo begun; exec sleep 1000")
	for _, line := range [][]string{{"logs", "-f", "watched"}, {"wait", "watched"}, {"stats", "watched"}} {
		for signal, status := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			wait := 50 * time.Millisecond
			eventually(t, fmt.Sprint(line, " hears ", signal), func() bool {
				wait *= 2
				cmd := exec.Command(binary, line...)
				var says bytes.Buffer
				cmd.Stderr = &says
				require.NoError(t, cmd.Start())
				time.Sleep(wait)
				require.NoError(t, cmd.Process.Signal(signal))
				cmd.Wait()
				require.Empty(t, says.String())
				return cmd.ProcessState.ExitCode() == status // else the signal came before main
			})
		}
	}
}

// A pull that is interrupted ends with the signal's status, for whomever it was; a command's own errors keep theirs.
func TestCtrlCInAPull(t *testing.T) {
	root(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for _, line := range []string{"pull", "run --rm", "create"} {
		for signal, status := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			cmd := exec.Command(binary, append(strings.Fields(line), l.Addr().String()+"/silent")...)
			var says bytes.Buffer
			cmd.Stderr = &says
			require.NoError(t, cmd.Start())
			conn, err := l.Accept()
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(signal))
			cmd.Wait()
			conn.Close()
			require.Equal(t, status, cmd.ProcessState.ExitCode(), says.String())
			require.Contains(t, says.String(), "tutor: pull: interrupted\ntutor: hint: ")
		}
	}
	require.Empty(t, ok(t, "ps", "-aq", "--filter", "ancestor="+l.Addr().String()+"/silent"))
}

// `start -a web | head -1` ends with head, and the container goes on.
func TestWhoIsAttachedEndsWithItsReader(t *testing.T) {
	root(t)
	removed(t, "chatty")
	ok(t, "create", "--name", "chatty", "tutor/lab", "sh", "-c", "while :; do echo x; echo e >&2; sleep 0.05; done")
	for _, line := range []string{"start -a chatty | head -1", "attach --no-stdin chatty | head -1", "attach --no-stdin chatty 2>&1 >/dev/null | head -1"} {
		r := command(t, exec.Command("bash", "-c", "set -o pipefail; "+binary+" "+line))
		require.Equal(t, 128+int(syscall.SIGPIPE), r.code, line)
		require.Regexp(t, `^[xe]\n$`, r.stdout)
		require.Equal(t, "running\n", ok(t, "inspect", "-f", "{{.State.Status}}", "chatty"))
	}
}

// One inspect for all kinds of things, in Docker's order.
func TestInspectFindsWhateverHasTheName(t *testing.T) {
	root(t)
	removed(t, "looked-at")
	ok(t, "network", "create", "looked-net")
	t.Cleanup(func() { tutor(t, "network", "rm", "looked-net"); tutor(t, "volume", "rm", "looked-vol") })
	ok(t, "volume", "create", "looked-vol")
	ok(t, "create", "--name", "looked-at", "--network", "looked-net", "tutor/lab", "true")
	var all []struct {
		Name, Driver string
		RepoTags     []string
	}
	require.NoError(t, json.Unmarshal([]byte(ok(t, "inspect", "looked-at", "tutor/lab", "looked-net", "looked-vol")), &all))
	require.Equal(t, "[{/looked-at overlay []} {  [tutor/lab:latest]} {looked-net bridge []} {looked-vol local []}]", fmt.Sprint(all))
	for kind, name := range map[string]string{"container": "looked-at", "image": "tutor/lab", "network": "looked-net", "volume": "looked-vol"} {
		require.NotEmpty(t, ok(t, "inspect", "--type", kind, name))
		r := tutor(t, "inspect", "--type", kind, "nosuch")
		require.Equal(t, 1, r.code)
		require.Regexp(t, `(?i)`+kind+`|no such`, r.stderr)
		require.Contains(t, r.stderr, "tutor: hint: ")
	}
	r := tutor(t, "inspect", "nosuch", "looked-vol")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "looked-vol", "what is found is shown")
	require.Regexp(t, `^tutor: No such object: nosuch\ntutor: hint: `, r.stderr)
	require.Contains(t, tutor(t, "inspect", "--type", "plugin", "x").stderr, "not a valid value for --type")
	id := strings.TrimSpace(ok(t, "inspect", "-f", "{{.Id}}", "looked-net"))
	require.Equal(t, "looked-at\n", ok(t, "ps", "-a", "--filter", "network="+id[:12], "--format", "{{.Names}}"))
	require.Empty(t, ok(t, "ps", "-aq", "--filter", "network=nosuch"))
}

func TestSizesAreTheContainersOwnAndWithItsImage(t *testing.T) {
	root(t)
	stopped(t, "weighed", "tutor/lab", "sh", "-c", "dd if=/dev/urandom of=/big bs=1M count=3 2>/dev/null; sync")
	var own, all, image int64
	_, err := fmt.Sscan(ok(t, "inspect", "-s", "-f", "{{.SizeRw}} {{.SizeRootFs}}", "weighed"), &own, &all)
	require.NoError(t, err)
	_, err = fmt.Sscan(ok(t, "image", "inspect", "-f", "{{.Size}}", "tutor/lab"), &image)
	require.NoError(t, err)
	require.InDelta(t, 3<<20, own, 1<<17)
	require.Equal(t, own+image, all)
	require.NotContains(t, ok(t, "inspect", "weighed"), "SizeRw")
	require.Regexp(t, `^3\.\d+MB \(virtual \d+(\.\d+)?MB\)\n$`, ok(t, "ps", "-as", "--filter", "name=weighed", "--format", "{{.Size}}"))
}

func TestPsFindsContainersByTheirPorts(t *testing.T) {
	root(t)
	removed(t, "served", "meant")
	ok(t, "run", "-d", "--name", "served", "-p", "127.0.0.1::80", "tutor/lab", "sleep", "1000")
	ok(t, "create", "--name", "meant", "--expose", "90-91/udp", "tutor/lab", "true")
	for filter, names := range map[string]string{
		"publish=80": "served", "publish=80/TCP": "served", "publish=70-90": "served", "publish=80/udp": "", "publish=81": "", "publish=90/udp": "",
		"expose=90/udp": "meant", "expose=80": "served", "expose=91-100/udp": "meant", "expose=90": "",
		"health=none": "meant served", "health=healthy": "",
	} {
		require.Equal(t, names, strings.Join(strings.Fields(ok(t, "ps", "-a", "--filter", filter, "--format", "{{.Names}}")), " "), filter)
	}
	for _, bad := range []string{"publish=x", "expose=80-", "health=fine"} {
		r := tutor(t, "ps", "--filter", bad)
		require.Equal(t, 1, r.code, bad)
		require.Contains(t, r.stderr, "tutor: hint: ", bad)
	}
}

func TestVersionByATemplate(t *testing.T) {
	var v struct {
		Client, Server struct{ Version, GoVersion, Os, Arch, KernelVersion string }
	}
	require.NoError(t, json.Unmarshal([]byte(ok(t, "version", "--format", "json")), &v))
	require.Equal(t, v.Client, v.Server)
	require.Contains(t, ok(t, "version"), "tutor    "+v.Client.Version+"\n")
	require.Equal(t, v.Client.Os+"/"+v.Client.Arch+" "+v.Server.KernelVersion+"\n", ok(t, "version", "-f", "{{.Client.Os}}/{{.Client.Arch}} {{.Server.KernelVersion}}"))
	require.Contains(t, tutor(t, "version", "-f", "{{.Nope}}").stderr, "tutor: hint: ")
}
