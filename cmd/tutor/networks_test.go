package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// The shell lines of a dry run, typed, are a container on a network: bridge, cable, addresses, firewall, port.
func TestTheLinesTypedByHand(t *testing.T) {
	w := newWorld(t)
	h := w.host
	h.ok("run", "--rm", "--network", "none", "tutor/lab", "true")
	out := h.ok("run", "--dry-run", "--explain=json", "-p", "8080:80", "tutor/lab", "httpd")
	inside := newPlace(t, "inside")
	server := inside.command("sh", "-c", "exec $0 "+"run --rm --network host tutor/lab httpd", binary) // what listens is not our subject here
	server.Env = h.tutor().Env
	require.NoError(t, server.Start())
	t.Cleanup(func() { server.Process.Signal(syscall.SIGTERM); server.Wait() })
	eventually(t, "it listens", func() bool { return inside.reaches("127.0.0.1:80") })
	holder := inside.command("sleep", "1000") // $PID
	require.NoError(t, holder.Start())
	t.Cleanup(func() { holder.Process.Kill(); holder.Wait() })
	typed := map[string]bool{}
	for line := range strings.Lines(out) { // a line a call: those of one entry have one line of shell
		var op struct{ Op, Shell string }
		require.NoError(t, json.Unmarshal([]byte(line), &op))
		if typed[op.Op] {
			continue
		}
		switch op.Op {
		case "forwarding", "firewall", "bridge", "gateway", "localnet", "deaf", "join", "bridge-on", "cable", "hairpin", "address", "route", "publish":
			h.sh(fmt.Sprintf("PID=%d; %s", holder.Process.Pid, op.Shell))
			typed[op.Op] = true
		}
	}
	require.Len(t, typed, 13)
	eventually(t, "the host gets in", func() bool { return h.reaches("127.0.0.1:8080") })
	eventually(t, "the world gets in", func() bool { return w.outside.reaches(hostAddress + ":8080") })
	eventually(t, "its own port", func() bool { return inside.reaches(hostAddress + ":8080") })
	require.Contains(t, inside.sh("ip route get "+outsideAddress), "via 172.17.0.1 dev eth0")
}

func TestAContainerReachesItselfByItsOwnPort(t *testing.T) {
	h := newMachine(t, "host")
	h.ok("run", "-d", "--name", "web", "-p", "8080:80", "tutor/lab", "httpd")
	h.ok("run", "-d", "--name", "straight", "-p", "8081:80", "--without", "hairpin", "tutor/lab", "httpd")
	gateway := h.ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge")
	eventually(t, "itself", func() bool { return h.container("web").reaches(gateway + ":8080") })
	eventually(t, "the other", func() bool { return h.container("web").reaches(gateway + ":8081") })
	if h.try("run", "--rm", "--network", "host", "tutor/lab", "cat", "/proc/sys/net/bridge/bridge-nf-call-iptables").stdout != "1\n" {
		t.Skip("needs br_netfilter: without it nobody misses hairpin")
	}
	require.False(t, h.container("straight").reaches(gateway+":8081"), "nobody misses hairpin")
}

func TestIPv6(t *testing.T) {
	w := newWorld(t)
	h := w.host
	before := h.nothing()
	h.ok("network", "create", "--ipv6", "--subnet", "fd00:5::/64", "six")
	h.ok("run", "-d", "--name", "web", "--network", "six", "--ip6", "fd00:5::77", "-p", "8080:80", "tutor/lab", "httpd", "-v")
	h.ok("run", "-d", "--name", "other", "--network", "six", "tutor/lab", "httpd")
	web, other := h.container("web"), h.container("other")
	require.ElementsMatch(t, []string{h.address("web", "six"), "fd00:5::77"}, other.resolves("web"))
	for from, p := range map[string]place{"the host": h.place, "the neighbour": w.neighbour, "outside": w.outside, "a container": other, "itself": web} {
		eventually(t, from+" asks the host's address", func() bool { return p.reaches("[" + hostAddress6 + "]:8080") })
	}
	eventually(t, "by the loopback", func() bool { return h.reaches("[::1]:8080") })
	eventually(t, "by its own address", func() bool { return other.reaches("[fd00:5::77]:80") })
	require.False(t, w.neighbour.reaches("[fd00:5::77]:80"), "not published there, and no route")
	w.neighbour.sh("ip -6 route add fd00:5::/64 via " + hostAddress6)
	require.False(t, w.neighbour.reaches("[fd00:5::77]:80"), "a route is no permission")
	require.Contains(t, h.try("logs", "web").stderr, "[2001:db8:2::2]:", "a container sees who comes")
	var l net.Listener
	var err error
	w.outside.there(func() { l, err = net.Listen("tcp", "[2001:db8:2::2]:9000") })
	require.NoError(t, err)
	defer l.Close()
	conn, err := other.dial(t.Context(), "tcp", "[2001:db8:2::2]:9000")
	require.NoError(t, err)
	conn.Close()
	came, err := l.Accept()
	require.NoError(t, err)
	require.Contains(t, came.RemoteAddr().String(), hostAddress6)
	came.Close()
	h.ok("rm", "-f", "web", "other")
	h.ok("network", "rm", "six")
	require.Equal(t, before, h.nothing())
}

// A container may play router: neither the host nor another container takes it for one (CVE-2020-13401).
func TestNobodyBelievesARouter(t *testing.T) {
	h := newMachine(t, "host")
	h.ok("run", "-d", "--name", "one", "tutor/lab", "sleep", "1000")
	if h.try("exec", "one", "test", "-d", "/proc/sys/net/ipv6").code != 0 {
		t.Skip("needs a kernel with IPv6")
	}
	require.Equal(t, "0", h.ok("exec", "one", "cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra"))
	require.Equal(t, "0\n", h.sh("cat /proc/sys/net/ipv6/conf/tutor0*/accept_ra"))
}

// A network with room for five containers takes five. The sixth is told so, leaves nothing, and gets the first place that is free.
func TestANetworkThatIsFull(t *testing.T) {
	h := newMachine(t, "host")
	before := h.nothing()
	h.ok("network", "create", "--subnet", "10.97.0.0/29", "small")
	for i := range 5 {
		h.ok("run", "-d", "--name", fmt.Sprint("c", i), "--network", "small", "tutor/lab", "sleep", "1000")
		require.Equal(t, fmt.Sprintf("10.97.0.%d", i+2), h.address(fmt.Sprint("c", i), "small"))
	}
	full := h.nothing()
	r := h.try("run", "-d", "--rm", "--name", "six", "--network", "small", "-p", "8080:80", "tutor/lab", "sleep", "1000")
	require.Equal(t, 125, r.code)
	require.Regexp(t, regexp.MustCompile(`^tutor: no available IPv4 addresses on this network's address pools: small \([0-9a-f]{64}\)\ntutor: hint: .*--subnet`), r.stderr)
	require.Equal(t, full, h.nothing())
	require.NotContains(t, h.ok("ps", "-a"), "six")
	h.ok("run", "-d", "--name", "elsewhere", "tutor/lab", "sleep", "1000")
	require.NotZero(t, h.try("network", "connect", "small", "elsewhere").code)
	require.Equal(t, 2, strings.Count(h.container("elsewhere").sh("ip -o link"), "\n"), "lo, and one cable")
	h.ok("rm", "-f", "c3")
	h.ok("network", "connect", "small", "elsewhere")
	require.Equal(t, "10.97.0.5", h.address("elsewhere", "small"))
	h.ok("rm", "-f", "c0", "c1", "c2", "c4", "elsewhere")
	h.ok("network", "rm", "small")
	require.Equal(t, before, h.nothing())
}

// A hundred containers (TUTOR_CROWD) on one network find one another.
func TestACrowdOnOneNetwork(t *testing.T) {
	h := newMachine(t, "host")
	before := h.nothing()
	n := setting(t, "TUTOR_CROWD", pace.Fewer(100, 20))
	h.ok("network", "create", "crowd")
	places := make([]place, n)
	var all sync.WaitGroup
	turns := make(chan bool, 4)
	for i := range n {
		all.Go(func() {
			turns <- true
			defer func() { <-turns }()
			name := fmt.Sprint("c", i)
			r := command(t, h.tutor("run", "-d", "--name", name, "--network", "crowd", "tutor/lab", "sleep", "1000"))
			if r.code != 0 {
				t.Errorf("%s: %s", name, r.stderr)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for i := range n {
		places[i] = h.container(fmt.Sprint("c", i))
	}
	for i := range n {
		found := places[i].resolves(fmt.Sprint("c", (i+1)%n))
		require.Len(t, found, 1)
		require.False(t, seen[found[0]], "two have %s", found[0])
		seen[found[0]] = true
		for _, j := range []int{0, n / 2, n - 1} {
			require.Len(t, places[i].resolves(fmt.Sprint("c", j)), 1)
		}
	}
	h.ok(append([]string{"rm", "-f"}, strings.Fields(h.ok("ps", "-q"))...)...)
	h.ok("network", "rm", "crowd")
	require.Equal(t, before, h.nothing())
}
