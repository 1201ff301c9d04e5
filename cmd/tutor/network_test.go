package main_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reaches tells if a web server answers there.
func reaches(at string) bool {
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + at + "/etc/hostname")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// published runs a web server with that -p, and returns where it is published.
func published(t *testing.T, name, spec string, flags ...string) string {
	t.Helper()
	ok(t, append(append([]string{"run", "-d", "--name", name, "-p", spec}, flags...), "tutor/lab", "httpd")...)
	t.Cleanup(func() { tutor(t, "rm", "-f", name) })
	return strings.Fields(ok(t, "port", name, "80"))[0]
}

func TestAPublishedPortIsReached(t *testing.T) {
	root(t)
	at := published(t, "web", "80")
	_, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	eventually(t, "it answers", func() bool { return reaches("127.0.0.1:" + port) })
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil {
			eventually(t, "by every address of the host: "+ip.String(), func() bool {
				now, err := net.InterfaceAddrs() // a bridge of somebody else's may go meanwhile
				require.NoError(t, err)
				there := slices.ContainsFunc(now, func(other net.Addr) bool { return other.String() == a.String() })
				return !there || reaches(net.JoinHostPort(ip.String(), port))
			})
		}
	}
	eventually(t, "and by IPv6, which tutor carries over", func() bool { return reaches("[::1]:" + port) })
	require.Contains(t, ok(t, "ps"), "0.0.0.0:"+port+"->80/tcp, [::]:"+port+"->80/tcp")
	r := tutor(t, "run", "--rm", "-p", port+":80", "tutor/lab", "true")
	require.Equal(t, 125, r.code)
	require.Contains(t, r.stderr, "EADDRINUSE")
	require.Contains(t, r.stderr, "port is already allocated")
	ok(t, "rm", "-f", "web")
	require.False(t, reaches("127.0.0.1:"+port), "gone with the container")
	require.Empty(t, leftovers(t))
}

func TestWithoutPublishNobodyGetsThrough(t *testing.T) {
	root(t)
	_, port, err := net.SplitHostPort(published(t, "unpublished", "80", "--without", "publish"))
	require.NoError(t, err)
	address := strings.TrimSpace(ok(t, "inspect", "-f", "{{.NetworkSettings.IPAddress}}", "unpublished"))
	eventually(t, "it answers at its own address", func() bool { return reaches(address + ":80") })
	require.False(t, reaches("127.0.0.1:"+port))
	ok(t, "rm", "-f", "unpublished")
	require.Empty(t, leftovers(t))
}

func TestAPortOfTheLoopbackIsTheLoopbacksAlone(t *testing.T) {
	root(t)
	at := published(t, "private", "127.0.0.1::80")
	eventually(t, "it answers", func() bool { return reaches(at) })
	_, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil && !ip.IsLoopback() {
			require.False(t, reaches(net.JoinHostPort(ip.String(), port)), ip)
		}
	}
	ok(t, "rm", "-f", "private")
	require.Empty(t, leftovers(t))
}

// Whoever has a network of his own, by unshare or a sandbox, often still has the host's /sys.
func TestANetworkOfOnesOwnBelowTheHostsSys(t *testing.T) {
	root(t)
	tool(t, "unshare")
	const twice = `"$0" run --rm -p 80 tutor/lab true && "$0" run --rm tutor/lab true && ip -o link show type bridge`
	r := command(t, exec.Command("unshare", "--net", "sh", "-c", twice, binary))
	require.Zero(t, r.code, r.stderr)
	require.Empty(t, r.stdout, "the last container takes the bridge with it")
}

func TestContainersFindEachOtherByName(t *testing.T) {
	root(t)
	ok(t, "network", "create", "lab")
	t.Cleanup(func() { tutor(t, "network", "rm", "lab") })
	ok(t, "run", "-d", "--name", "web", "--network", "lab", "--network-alias", "www", "--network-alias", "db.lab", "tutor/lab", "httpd")
	t.Cleanup(func() { tutor(t, "rm", "-f", "web") })
	for _, name := range []string{"web", "www", "web.lab", "WEB", "db.lab"} {
		eventually(t, "found as "+name, func() bool {
			return tutor(t, "run", "--rm", "--network", "lab", "tutor/lab", "wget", "-T", "2", "-q", "-O", "/dev/null", "http://"+name+"/etc/hostname").code == 0
		})
	}
	address := strings.TrimSpace(ok(t, "inspect", "-f", "{{.NetworkSettings.Networks.lab.IPAddress}}", "web"))
	endpoint := ok(t, "inspect", "-f", "{{.NetworkSettings.Networks.lab.EndpointID}}", "web")
	require.Len(t, strings.TrimSpace(endpoint), 64)
	require.Equal(t, endpoint, ok(t, "network", "inspect", "lab", "-f", "{{range .Containers}}{{.EndpointID}}{{end}}"))
	require.NotZero(t, tutor(t, "run", "--rm", "tutor/lab", "wget", "-T", "1", "-q", "-O", "/dev/null", "http://"+address+"/").code, "two networks do not see each other")
	r := tutor(t, "network", "rm", "lab")
	require.NotZero(t, r.code)
	require.Contains(t, r.stderr, "has active endpoints")
	ok(t, "rm", "-f", "web")
	ok(t, "network", "rm", "lab")
	require.Empty(t, leftovers(t))
	require.NotContains(t, tables(t), testHome().Networks().Table(), "the last container takes the firewall's table with it")
}

// tables are the firewall's.
func tables(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(tool(t, "nft"), "list", "tables").CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// A VPN, Docker or another tutor may take a network's addresses while no container is on it.
func TestANetworkLeavesAddressesThatOthersHaveTaken(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	ok(t, "network", "create", "mine")
	t.Cleanup(func() { tutor(t, "network", "rm", "mine") })
	before := subnetOf(t, "bridge")
	takes(t, "taken0", before)
	bridge := strings.TrimSpace(ok(t, "network", "inspect", "mine", "-f", `{{index .Options "com.docker.network.bridge.name"}}`))
	require.NoError(t, exec.Command(tool(t, "ip"), "link", "del", bridge).Run()) // as the end of the machine does
	takes(t, "taken1", subnetOf(t, "mine"))
	_, port, err := net.SplitHostPort(published(t, "elsewhere", "80"))
	require.NoError(t, err)
	eventually(t, "it answers", func() bool { return reaches("127.0.0.1:" + port) })
	require.NotEqual(t, before, subnetOf(t, "bridge"))

	refused := tutor(t, "run", "--rm", "--network", "mine", "tutor/lab", "true")
	require.Equal(t, 125, refused.code)
	require.Contains(t, refused.stderr, "network mine: by now this machine finds the addresses")
	require.Contains(t, refused.stderr, "tutor: hint: ip route shows where")
	require.Contains(t, tutor(t, "network", "connect", "mine", "elsewhere").stderr, "network mine: by now")
	ok(t, "network", "rm", "mine")
	ok(t, "network", "create", "mine")
	ok(t, "run", "--rm", "--network", "mine", "tutor/lab", "true")
}

func subnetOf(t *testing.T, network string) string {
	return strings.TrimSpace(ok(t, "network", "inspect", network, "-f", "{{range .IPAM.Config}}{{.Subnet}}{{end}}"))
}

// takes gives the ninth address of a network to another bridge of this machine.
func takes(t *testing.T, bridge, subnet string) {
	require.NoError(t, exec.Command(tool(t, "ip"), "link", "add", bridge, "type", "bridge").Run())
	t.Cleanup(func() { exec.Command("ip", "link", "del", bridge).Run() })
	require.NoError(t, exec.Command("ip", "addr", "add", strings.Replace(subnet, ".0/", ".9/", 1), "dev", bridge).Run())
	require.NoError(t, exec.Command("ip", "link", "set", bridge, "up").Run())
}

// A lab has a root of its own, and so may another user: whoever looks for addresses at the same moment finds others.
func TestTutorsOfOtherRootsTakeOtherAddresses(t *testing.T) {
	root(t)
	const roots = 5
	of := func(i int, args ...string) *exec.Cmd {
		cmd := exec.Command(binary, args...)
		dir := filepath.Join(home, "others", strconv.Itoa(i))
		cmd.Env = append(os.Environ(), "TUTOR_ROOT="+dir+"/root", "TUTOR_RUN="+dir+"/run")
		return cmd
	}
	for i := range roots {
		require.Zero(t, command(t, of(i, "run", "--rm", "--network", "none", "tutor/lab", "true")).code)
		t.Cleanup(func() { require.Zero(t, command(t, of(i, "rm", "-f", "box")).code) })
	}
	var all sync.WaitGroup
	for i := range roots {
		all.Go(func() { of(i, "run", "-d", "--name", "box", "tutor/lab", "sleep", "1000").Run() })
	}
	all.Wait()
	subnets := map[string]bool{}
	for i := range roots {
		r := command(t, of(i, "network", "inspect", "bridge", "-f", "{{range .IPAM.Config}}{{.Subnet}}{{end}}"))
		require.Zero(t, r.code, r.stderr)
		subnets[r.stdout] = true
	}
	require.Len(t, subnets, roots)
}
