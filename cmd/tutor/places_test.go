package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
)

// A place is a network namespace: as far as networks go, a machine of its own. Containers are places, too.
type place struct {
	t    *testing.T
	path string
}

// newPlace makes a machine without any cable. It goes with the test.
func newPlace(t *testing.T, name string) place {
	t.Helper()
	tool(t, "ip")
	name = fmt.Sprintf("tutor-%d-%s", os.Getpid(), name)
	p := place{t, "/run/netns/" + name}
	out, err := exec.Command("ip", "netns", "add", name).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	p.sh("ip link set lo up")
	return p
}

// cable lays one between two machines: each gets an interface eth0, or eth1, with these addresses.
func cable(a place, aName string, aAddresses string, b place, bName string, bAddresses string) {
	a.t.Helper()
	a.sh(fmt.Sprintf("ip link add %s type veth peer name %s netns %s", aName, bName, filepath.Base(b.path)))
	for _, end := range []struct {
		p               place
		name, addresses string
	}{{a, aName, aAddresses}, {b, bName, bAddresses}} {
		for _, address := range strings.Fields(end.addresses) {
			nodad := ""
			if strings.Contains(address, ":") {
				nodad = " nodad"
			}
			end.p.sh("ip addr add " + address + " dev " + end.name + nodad)
		}
		end.p.sh("ip link set " + end.name + " up")
	}
}

// command is a command line at that machine.
func (p place) command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--net=" + p.path}, args...)...)
}

// sh runs a line of shell there, and returns its output.
func (p place) sh(line string) string {
	p.t.Helper()
	out, err := p.command("sh", "-ec", line).CombinedOutput()
	require.NoError(p.t, err, "%s: %s", line, out)
	return string(out)
}

// there does something at that machine, on a thread that is thrown away. A socket belongs to where it was made.
func (p place) there(do func()) {
	p.t.Helper()
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		fd, err := unix.Open(p.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err == nil {
			do()
		}
		failed <- err
	}()
	require.NoError(p.t, <-failed, p.path)
}

// dial connects from there.
func (p place) dial(_ context.Context, network, at string) (conn net.Conn, err error) {
	p.there(func() { conn, err = net.DialTimeout(network, at, pace.Times(time.Second)) })
	return conn, err
}

// reaches tells if a web server answers there.
func (p place) reaches(at string) bool {
	client := http.Client{Timeout: pace.Times(time.Second), Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
	r, err := client.Get("http://" + at + "/etc/hostname")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// resolves asks the name server that a container has.
func (p place) resolves(name string) []string {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return p.dial(ctx, network, "127.0.0.11:53")
	}}
	found, _ := r.LookupHost(context.Background(), name+".")
	return found
}

// A machine is a place with a tutor of its own.
type machine struct {
	place
	root, run string
}

func newMachine(t *testing.T, name string) machine {
	t.Helper()
	root(t)
	m := machine{newPlace(t, name), filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "run")}
	t.Cleanup(func() {
		if ids := strings.Fields(m.try("ps", "-aq").stdout); len(ids) > 0 {
			m.ok(append([]string{"rm", "-f"}, ids...)...)
		}
	})
	return m
}

func (m machine) tutor(args ...string) *exec.Cmd {
	cmd := m.command(append([]string{binary}, args...)...)
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+m.root, "TUTOR_RUN="+m.run)
	return cmd
}

func (m machine) try(args ...string) run {
	m.t.Helper()
	return command(m.t, m.tutor(args...))
}

func (m machine) ok(args ...string) string {
	m.t.Helper()
	r := m.try(args...)
	require.Zero(m.t, r.code, "tutor %s\n%s%s", strings.Join(args, " "), r.stdout, r.stderr)
	return strings.TrimSpace(r.stdout)
}

// container is a running container as a place.
func (m machine) container(name string) place {
	m.t.Helper()
	return place{m.t, "/proc/" + m.ok("inspect", "-f", "{{.State.Pid}}", name) + "/ns/net"}
}

// address is a container's on a network.
func (m machine) address(name, network string) string {
	m.t.Helper()
	return m.ok("inspect", "-f", `{{(index .NetworkSettings.Networks "`+network+`").IPAddress}}`, name)
}

// nothing is what a machine without containers has: links that are on, addresses, and the firewall. A cable that is off is one
// that the kernel has not come to yet. IPv6 settles in its own time.
func (m machine) nothing() string {
	m.t.Helper()
	return m.sh("ip -o link show up | sed 's/ state .*//; s/^[0-9]*: //'; ip -o -4 addr | sed 's/^[0-9]*: //'; nft -s list ruleset")
}
