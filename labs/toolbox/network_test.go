package toolbox

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestWgetFetchesWhatHttpdServes(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("hello\n"), 0o644))
	address := "127.0.0.1:" + port
	server := command(t, "", "httpd", "-f", "-p", address, "-h", dir)
	begin(t, server)
	require.Eventually(t, func() bool { return run(t, "", "", "nc", "-z", "127.0.0.1", port).code == 0 }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, result{"hello\n", "", 0}, run(t, dir, "", "wget", "-q", "-O", "-", "http://"+address))
	require.Equal(t, result{"", "wget: server returned error: HTTP/1.1 404 Not Found\n", 1}, run(t, dir, "", "wget", "-q", "-O-", address+"/nothing"))
	require.Equal(t, 0, run(t, dir, "", "wget", "-q", "--spider", "http://"+address).code)
	got := run(t, dir, "", "wget", "-S", "-O", "copy", "http://"+address)
	require.Contains(t, got.err, "  HTTP/1.1 200 OK\n")
	require.Equal(t, "hello\n", run(t, dir, "", "cat", "copy").out)
}

func TestHttpdInTheBackgroundAnswersAtOnce(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page"), []byte("x"), 0o644))
	got := script(t, dir, "httpd -p 127.0.0.1:"+port+"; wget -q -O - 127.0.0.1:"+port+"/page; ps -o pid,args | grep 127.0.0.1:"+port+" | grep -v grep | grep httpd")
	fields := strings.Fields(strings.TrimPrefix(got.out, "x"))
	require.NotEmpty(t, fields, got)
	pid, err := strconv.Atoi(fields[0])
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.Regexp(t, "^x", got.out)
}

func TestNobodyAnswers(t *testing.T) {
	port := freePort(t)
	require.Equal(t, result{"", "wget: can't connect to remote host (127.0.0.1:" + port + "): Connection refused\n", 1}, run(t, "", "", "wget", "-q", "http://127.0.0.1:"+port))
	require.Equal(t, 1, run(t, "", "", "nc", "-z", "127.0.0.1", port).code)
	require.Equal(t, "nc: 127.0.0.1 (127.0.0.1:"+port+"): Connection refused\n", run(t, "", "", "nc", "127.0.0.1", port).err)
}

func TestNcTalksBothWays(t *testing.T) {
	port := freePort(t)
	server := command(t, "", "nc", "-l", "-p", port, "-s", "127.0.0.1")
	in, err := server.StdinPipe()
	require.NoError(t, err)
	out := begin(t, server)
	_, err = io.WriteString(in, "from the server\n")
	require.NoError(t, err)
	in.Close()
	var got result
	require.Eventually(t, func() bool {
		got = run(t, "", "from the client\n", "nc", "127.0.0.1", port)
		return got.code == 0
	}, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, "from the server\n", got.out)
	require.Equal(t, "from the client", line(t, out))
}

func TestPingReachesThisMachine(t *testing.T) {
	got := run(t, "", "", "ping", "-c", "2", "-i", "0.05", "-W", "2", "127.0.0.1")
	if strings.Contains(got.err, "socket:") {
		t.Skip("no ICMP socket for us:", got.err)
	}
	require.Equal(t, 0, got.code, got)
	require.Regexp(t, `(?m)^64 bytes from 127\.0\.0\.1: seq=0 ttl=\d+ time=\d+\.\d{3} ms$`, got.out)
	require.Contains(t, got.out, "2 packets transmitted, 2 packets received, 0% packet loss")
}

func TestIpShowsTheLoopback(t *testing.T) {
	require.Regexp(t, `(?s)1: lo: <LOOPBACK,UP,LOWER_UP> mtu \d+ .*inet 127\.0\.0\.1/8 .*scope host`, run(t, "", "", "ip", "addr", "show", "lo").out)
	require.Regexp(t, `(?s)^1: lo: .*link/loopback`, run(t, "", "", "ip", "link").out)
	require.Equal(t, result{"", "ip: cannot find device \"nope\"\n", 1}, run(t, "", "", "ip", "link", "set", "nope", "up"))
}

func TestIpAgreesWithIproute2(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("this host has no iproute2")
	}
	ofIproute2 := func(args []string) string {
		out, err := exec.Command("ip", args...).Output()
		require.NoError(t, err)
		return withoutExtras(string(out))
	}
	for _, args := range [][]string{{"link"}, {"route"}, {"-4", "addr"}} {
		want := ofIproute2(args)
		for try := 0; ; try++ {
			got := withoutExtras(run(t, "", "", append([]string{"ip"}, args...)...).out)
			before := want
			if want = ofIproute2(args); want == before { // else somebody else on this machine has made or taken a link meanwhile
				require.Equal(t, want, got, args)
				break
			}
			require.Less(t, try, 1000)
		}
	}
}

// Addresses as a DHCP client makes them, and others.
func TestIpHasIproute2sWordsForAddresses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace")
	}
	both := exec.Command("unshare", "--net", "sh", "-ec", `ip link set lo up
ip addr add 10.9.8.7/24 dev lo noprefixroute valid_lft 1000 preferred_lft 500; ip addr add 10.9.8.8/24 dev lo
ip addr add 10.9.7.1/24 dev lo valid_lft 1000 preferred_lft 0; ip addr add fd00::1/64 nodad dev lo
ip addr show lo; echo ---; exec "$1/ip" addr show lo`, "sh", os.Getenv(binVariable))
	both.Env = append(os.Environ(), binVariable+"="+os.Getenv(binVariable))
	out, err := both.CombinedOutput()
	require.NoError(t, err, string(out))
	want, got, _ := strings.Cut(string(out), "---\n")
	require.Regexp(t, `dynamic noprefixroute(?s:.*)secondary`, want)
	require.Equal(t, withoutExtras(want), withoutExtras(got))
}

// withoutExtras leaves out what iproute2 says and we do not.
func withoutExtras(text string) string {
	text = regexp.MustCompile(`(?m)^ *altname .*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^( *inet.*) proto \S+`).ReplaceAllString(text, "$1") // who made an address (Linux 5.18)
	text = regexp.MustCompile(`\d+sec`).ReplaceAllString(text, "sec")                   // they run out between two looks
	text = regexp.MustCompile(` (mode|group) \S+| numtxqueues.*| alias .*|\\`).ReplaceAllString(text, "")
	return squeeze(text)
}

func TestNslookupAsksTheServer(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response = true
			q := m.Questions[0]
			switch {
			case q.Name.String() != "web.":
				m.RCode = dnsmessage.RCodeNameError
			case q.Type == dnsmessage.TypeA:
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{10, 1, 2, 3}},
				}}
			}
			answer, _ := m.Pack()
			server.WriteTo(answer, from)
		}
	}()
	address := server.LocalAddr().String()
	got := run(t, "", "", "nslookup", "web", address)
	require.Equal(t, result{"Server:\t\t127.0.0.1\nAddress:\t" + address + "\n\nName:\tweb\nAddress: 10.1.2.3\n", "", 0}, got)
	got = run(t, "", "", "nslookup", "nobody", address)
	require.Equal(t, 1, got.code)
	require.Equal(t, "nslookup: can't resolve 'nobody': NXDOMAIN\n", got.err)
}
