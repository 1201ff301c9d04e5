package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Networks come and go under a container that runs, in every order that a student tries.
func TestAContainerLeavesItsLastNetworkAndComesBack(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "lab")
	defer ok(t, "network", "rm", "lab")
	defer ok(t, "rm", "-f", "web")
	ok(t, "run", "-d", "--name", "web", "tutor/lab", "sleep", "1000")
	ok(t, "network", "disconnect", "bridge", "web")
	require.NotContains(t, ok(t, "exec", "web", "ip", "-br", "link"), "eth")
	require.Equal(t, "\n", ok(t, "ps", "--format", "{{.Networks}}"))
	require.Equal(t, "{}\n", ok(t, "inspect", "-f", "{{json .NetworkSettings.Networks}}", "web"))
	require.Empty(t, ok(t, "ps", "-q", "--filter", "network=bridge"))
	require.NotContains(t, ok(t, "exec", "web", "cat", "/etc/hosts"), ok(t, "inspect", "-f", "{{slice .Id 0 12}}", "web")[:12], "it has no address to be known by")
	ok(t, "restart", "-t", "0", "web")
	require.NotContains(t, ok(t, "exec", "web", "ip", "-br", "link"), "eth")
	ok(t, "network", "connect", "lab", "web")
	require.Contains(t, ok(t, "exec", "web", "ip", "-br", "link"), "eth0")
	ok(t, "restart", "-t", "0", "web")
	require.Equal(t, "lab\n", ok(t, "ps", "--format", "{{.Networks}}"))
	address := strings.TrimSpace(ok(t, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web"))
	require.Contains(t, ok(t, "exec", "web", "cat", "/etc/hosts"), address)
}

// A network that was named by its ID is that network, for everything that comes after.
func TestANetworkByItsID(t *testing.T) {
	root(t)
	noneStays(t)
	id := strings.TrimSpace(ok(t, "network", "create", "lab"))
	defer ok(t, "network", "rm", "lab")
	defer ok(t, "rm", "-f", "web")
	ok(t, "run", "-d", "--name", "web", "--network", id[:12], "tutor/lab", "sleep", "1000")
	require.Equal(t, "lab\n", ok(t, "ps", "--format", "{{.Networks}}"))
	require.Contains(t, tutor(t, "network", "connect", "lab", "web").stderr, "already exists in network lab")
	ok(t, "network", "disconnect", "lab", "web")
	require.Contains(t, tutor(t, "run", "--rm", "--network", "lab", "--network", id, "tutor/lab", "true").stderr, `network "lab" is specified multiple times`)
	bridge := strings.TrimSpace(ok(t, "network", "inspect", "-f", "{{.Id}}", "bridge"))
	require.Contains(t, tutor(t, "network", "rm", bridge).stderr, "bridge is a pre-defined network and cannot be removed")
}

// A published port follows its container to other networks, and ends with it: by IPv4, by IPv6, and by tutor's own hand.
func TestAPublishedPortFollowsItsContainer(t *testing.T) {
	root(t)
	noneStays(t)
	curl := tool(t, "curl")
	ok(t, "network", "create", "four")
	ok(t, "network", "create", "--ipv6", "six")
	defer ok(t, "network", "rm", "four", "six")
	defer ok(t, "rm", "-f", "web", "other")
	ok(t, "run", "-d", "--name", "other", "--network", "six", "tutor/lab", "sleep", "1000") // the firewall stays
	port := strconv.Itoa(anyPort(t))
	ok(t, "run", "-d", "--name", "web", "--network", "four", "-p", port+":80", "tutor/lab", "httpd")
	answers := func(host string) bool {
		return exec.Command(curl, "-sS", "-g", "--max-time", "5", "-o", "/dev/null", "http://"+host+":"+port+"/").Run() == nil
	}
	eventually(t, "it answers", func() bool { return answers("127.0.0.1") })
	ok(t, "network", "connect", "six", "web")
	ok(t, "network", "disconnect", "four", "web")
	eventually(t, "it answers by the other network", func() bool { return answers("127.0.0.1") })
	if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		eventually(t, "and by IPv6", func() bool { return answers("[::1]") })
	}
	ok(t, "rm", "-f", "web")
	left, err := exec.Command(tool(t, "nft"), "list", "table", "inet", testHome().Networks().Table()).CombinedOutput()
	require.NoError(t, err, string(left))
	require.NotContains(t, string(left), port, "nobody else's packets go there")
}

// What cannot be connected leaves nothing behind, neither a cable nor an order that no start could follow.
func TestAConnectThatFailsLeavesNothing(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "--subnet", "10.87.65.0/24", "lab")
	ok(t, "network", "create", "--ipv6", "six")
	defer ok(t, "network", "rm", "lab", "six")
	defer ok(t, "rm", "-f", "web", "off")
	ok(t, "create", "--name", "off", "tutor/lab", "true")
	require.Contains(t, tutor(t, "network", "connect", "--ip", "9.9.9.9", "lab", "off").stderr, "no configured subnet contains IP address 9.9.9.9")
	ok(t, "start", "-a", "off")
	ok(t, "run", "-d", "--name", "web", "--network", "six", "--sysctl", "net.ipv6.conf.all.disable_ipv6=1", "--sysctl", "net.ipv6.conf.default.disable_ipv6=1",
		"tutor/lab", "sleep", "1000") // it refuses IPv6, so it gets none
	require.NotZero(t, tutor(t, "network", "connect", "--ip", "9.9.9.9", "lab", "web").code)
	require.NotContains(t, ok(t, "exec", "web", "ip", "-br", "link"), "eth1")
	ok(t, "network", "connect", "--ip", "10.87.65.9", "lab", "web")
	require.Contains(t, ok(t, "exec", "web", "ip", "-br", "addr"), "10.87.65.9/24")
}

// Whether the outside may be asked for names is decided when somebody asks.
func TestNamesStayInsideWithTheContainer(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "--internal", "in")
	ok(t, "network", "create", "out")
	defer ok(t, "network", "rm", "in", "out")
	defer ok(t, "rm", "-f", "web")
	resolver, err := net.ListenPacket("udp", "127.0.0.77:53")
	require.NoError(t, err)
	defer resolver.Close()
	var asked atomic.Int32
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := resolver.ReadFrom(buffer)
			if err != nil {
				return
			}
			asked.Add(1)
			buffer[2], buffer[3] = 0x81, 0x83 // an answer: there is no such name (RFC 1035, section 4.1.1)
			resolver.WriteTo(buffer[:n], from)
		}
	}()
	ok(t, "run", "-d", "--name", "web", "--network", "out", "--network", "in", "--dns", "127.0.0.77", "tutor/lab", "sleep", "1000")
	tutor(t, "exec", "web", "nslookup", "example.org")
	require.NotZero(t, asked.Load(), "it may ask")
	ok(t, "network", "disconnect", "out", "web")
	before := asked.Load()
	tutor(t, "exec", "web", "nslookup", "example.net")
	require.Equal(t, before, asked.Load(), "it is on an internal network only")
}

// Whoever sends UDP without a pause reaches the container that has the port now: not the nobody who had it before it was published,
// and not the one who has got the address of a container that is no more.
func TestUDPFollowsItsPort(t *testing.T) {
	root(t)
	noneStays(t)
	at := fmt.Sprintf("127.0.0.1:%d", anyPort(t))
	if r := tutor(t, "run", "--rm", "--explain", "-p", at+":9000/udp", "tutor/lab", "true"); strings.Contains(r.stderr, "EINVAL") {
		t.Skip("this kernel forgets single connections alone: Linux 6.12 can more")
	}
	ok(t, "run", "-d", "tutor/lab", "sleep", "1000") // with the first on a network the kernel begins to remember
	sender, err := net.Dial("udp", at)
	require.NoError(t, err)
	defer sender.Close()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				sender.Write([]byte("here I am\n")) // refused at first, for nobody listens
			}
		}
	}()
	time.Sleep(50 * time.Millisecond)
	for _, name := range []string{"one", "two"} {
		ok(t, "run", "-d", "--name", name, "-p", at+":9000/udp", "tutor/lab", "nc", "-u", "-l", "-p", "9000")
		eventually(t, name+" is reached", func() bool { return strings.Contains(ok(t, "logs", name), "here I am") })
		address := ok(t, "inspect", "-f", "{{.NetworkSettings.IPAddress}}", name)
		ok(t, "rm", "-f", name)
		ok(t, "run", "-d", "--name", "after-"+name, "tutor/lab", "sleep", "1000")
		require.Equal(t, address, ok(t, "inspect", "-f", "{{.NetworkSettings.IPAddress}}", "after-"+name), "it has the address now")
	}
}

// anyPort is one that nobody has.
func anyPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
