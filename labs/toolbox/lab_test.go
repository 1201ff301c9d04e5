package toolbox

import (
	"bufio"
	"fmt"
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

// begin starts a command and returns its output, line by line. It is killed at the end of the test.
func begin(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return bufio.NewReader(out)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	text, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(text, "\n")
}

func TestEatTouchesWhatItTakes(t *testing.T) {
	cmd := command(t, "", "eat", "40M")
	out := begin(t, cmd)
	require.Equal(t, "16M", line(t, out))
	require.Equal(t, "32M", line(t, out))
	require.Equal(t, "holding 40M", line(t, out))
	p, ok := readProcess(cmd.Process.Pid)
	require.True(t, ok)
	require.GreaterOrEqual(t, p.rss, uint64(40<<20), "memory that is not touched is not used, and no limit notices it")
}

func TestForkbombMakesProcessesAndTakesThemBack(t *testing.T) {
	got := run(t, "", "", "forkbomb", "--max", "5")
	require.Equal(t, result{"5 processes, then: that was enough (--max)\n", "", 0}, got)
}

func TestForkbombEndsWhereTheKernelSaysEAGAIN(t *testing.T) {
	got := script(t, "", "echo $$ > "+pidsGroup(t, 50)+"/cgroup.procs; exec forkbomb")
	require.Regexp(t, `^\d+ processes, then: resource temporarily unavailable\n$`, got.out)
	require.Equal(t, 1, got.code, got.err)
}

// pidsGroup makes a cgroup that holds n processes at most.
func pidsGroup(t *testing.T, n int) string {
	t.Helper()
	t.Helper()
	dir := "/sys/fs/cgroup"
	if _, err := os.Stat(dir + "/pids"); err == nil {
		dir += "/pids" // version 1
	}
	dir = filepath.Join(dir, fmt.Sprintf("toolbox-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skip("no cgroups to write to:", err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(n)), 0); err != nil {
		t.Skip("no pids controller here:", err)
	}
	return dir
}

func TestZombieIsSeenAsZ(t *testing.T) {
	out := begin(t, command(t, "", "zombie", "30"))
	said := line(t, out)
	pid := regexp.MustCompile(`^\d+`).FindString(said)
	require.NotEmpty(t, pid, said)
	require.Regexp(t, `^Z`, run(t, "", "", "ps", "-o", "stat=", "-p", pid).out)
}

func TestSpinReportsTheTimeItGot(t *testing.T) {
	got := run(t, "", "", "spin", "1", "0.3")
	var seconds float64
	_, err := fmt.Sscanf(got.out, "%g CPU seconds", &seconds)
	require.NoError(t, err, got.out)
	require.Greater(t, seconds, 0.02)
}

func TestWriterWritesAllOfIt(t *testing.T) {
	dir := t.TempDir()
	got := run(t, dir, "", "writer", "-s", "3M", "data")
	require.Regexp(t, `^3\.1 MB in .* MB/s\n$`, got.out, got.err)
	info, err := os.Stat(filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.Equal(t, int64(3<<20), info.Size())
}

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
	for _, args := range [][]string{{"link"}, {"route"}, {"-4", "addr"}} {
		want, err := exec.Command("ip", args...).Output()
		require.NoError(t, err)
		got := run(t, "", "", append([]string{"ip"}, args...)...).out
		require.Equal(t, withoutExtras(string(want)), withoutExtras(got), args)
	}
}

// withoutExtras leaves out what iproute2 says and we do not.
func withoutExtras(text string) string {
	text = regexp.MustCompile(` (mode|group) \S+| numtxqueues.*| alias .*|\\`).ReplaceAllString(text, "")
	return squeeze(text)
}

func TestPsSeesItselfAndItsColumns(t *testing.T) {
	got := script(t, "", `ps -o pid,ppid,comm,args -p $$; ps aux | head -n 1; ps -ef | head -n 1; ps | head -n 1`)
	want := strings.Fields(`PID PPID COMMAND COMMAND`)
	lines := strings.Split(got.out, "\n")
	require.Equal(t, want, strings.Fields(lines[0]))
	require.Equal(t, strconv.Itoa(os.Getpid()), strings.Fields(lines[1])[1])
	require.Equal(t, "USER PID %CPU %MEM VSZ RSS TTY STAT STIME TIME COMMAND", squeeze(lines[2]))
	require.Equal(t, "UID PID PPID C STIME TTY TIME CMD", squeeze(lines[3]))
	require.Equal(t, "PID USER TIME COMMAND", squeeze(lines[4]))
}

func TestTopInBatchModePrintsOnePicture(t *testing.T) {
	got := run(t, "", "", "top", "-b", "-n", "1")
	require.Regexp(t, `(?s)^Mem: .* used, .*\nLoad average: .*\n +PID +PPID USER`, got.out, got.err)
}

func TestMountsAndDisksAndMemoryAreShown(t *testing.T) {
	require.Regexp(t, `(?m)^\S+ on / type \S+ \(r[ow].*\)$`, run(t, "", "", "mount").out)
	require.Regexp(t, `(?s)^Filesystem +Size +Used Available Use% Mounted on\n.* /\n?`, run(t, "", "", "df", "-h", "/").out)
	require.Regexp(t, `(?s)^ +total +used .*\nMem: +\d+`, run(t, "", "", "free", "-m").out)
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
