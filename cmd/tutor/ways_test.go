package main_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// Docker's answers to what a student types without thinking, each row one that tutor once gave otherwise.
func TestDockersWays(t *testing.T) {
	root(t)
	for _, row := range []struct {
		line, stdout, stderr string
		code                 int
	}{
		{"run --rm -m 0 --memory-swap 0 tutor/lab echo here", "here\n", "", 0},
		{"run --rm --cpus 4096 tutor/lab true", "", "Range of CPUs is from 0.01 to", 125},
		{"run --rm -w rel tutor/lab true", "", "the working directory 'rel' is invalid, it needs to be an absolute path", 125},
		{"run --rm -e HOSTNAME -e HOME=/tmp tutor/lab env", "PATH=/bin\nHOME=/tmp\n", "", 0},
		{"run --rm --network host -p 8080:80 tutor/lab true", "", "WARNING: Published ports are discarded when using host network mode\n", 0},
		{"run --rm --detach-keys nonsense -it tutor/lab true", "", "tutor: ", 125},
		{"run --rm -P --expose 20000-20100 tutor/lab true", "", "", 0},
		{"run --rm --stop-signal SIGRTMIN+3 tutor/lab true", "", "", 0},
		{"run --rm --stop-signal SIGRTMIN+31 tutor/lab true", "", "Invalid signal: SIGRTMIN+31", 125},
		{"run -d --entrypoint /proc/self/exe tutor/lab registry serve", "", "tutor: ", 125},
	} {
		t.Run(row.line, func(t *testing.T) {
			noneStays(t)
			r := piped(t, "env -u HOSTNAME $T "+row.line+" </dev/null")
			require.Equal(t, row.code, r.code, r.stderr)
			require.Equal(t, row.stdout, r.stdout)
			require.Contains(t, r.stderr, row.stderr)
			require.Equal(t, row.stderr == "", r.stderr == "", r.stderr)
		})
	}
	file := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(file, []byte("A B=1\n"), 0o600))
	require.Contains(t, tutor(t, "run", "--rm", "--env-file", file, "tutor/lab", "true").stderr, "variable 'A B' contains whitespaces")
}

// --network container:X is X's network, with X's settings.
func TestANetworkThatIsSharedKeepsItsSettings(t *testing.T) {
	root(t)
	noneStays(t)
	setting := func(name string) string {
		return ok(t, "exec", name, "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")
	}
	before, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	require.NoError(t, err)
	ok(t, "run", "-d", "--name", "hosts", "--network", "host", "tutor/lab", "sleep", "1000")
	ok(t, "run", "-d", "--name", "own", "--sysctl", "net.ipv4.ip_unprivileged_port_start=1000", "tutor/lab", "sleep", "1000")
	for _, name := range []string{"hosts", "own"} {
		was := setting(name)
		ok(t, "run", "--rm", "--network", "container:"+name, "tutor/lab", "true")
		require.Equal(t, was, setting(name))
		r := tutor(t, "run", "--rm", "--network", "container:"+name, "--sysctl", "net.ipv4.ip_forward=1", "tutor/lab", "true")
		require.Equal(t, 125, r.code)
	}
	after, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

// A container that has been born has not all of its namespaces yet: who shares its network waits, and never gets the host's.
func TestWhoSharesANetworkWaitsForIt(t *testing.T) {
	root(t)
	noneStays(t)
	cmd := exec.Command(binary, "run", "--rm", "--name", "slow", "--step", "tutor/lab", "true")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	pressed := 0
	eventually(t, "it is born", func() bool { // before its first own entry
		shown := s.shown()
		born := strings.Contains(shown, "= container PID 1")
		if !born && strings.Count(shown, "\n[") > pressed { // one more entry asks
			pressed++
			s.press("\n")
		}
		return born
	})
	r := tutor(t, "run", "--rm", "--network", "container:slow", "tutor/lab", "true")
	require.Equal(t, 125, r.code)
	require.Contains(t, r.stderr, "cannot join network of a non running container")
	s.press("q")
	cmd.Wait()
	require.Empty(t, leftovers(t), s.shown())
}

// What other commands write down while a container runs is there when it has ended.
func TestTheEndForgetsNothing(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "shop")
	defer ok(t, "network", "rm", "shop")
	ok(t, "run", "-d", "--name", "web", "tutor/lab", "sleep", "1000")
	ok(t, "network", "connect", "shop", "web")
	ok(t, "rename", "web", "site")
	require.Equal(t, "site bridge,shop\n", ok(t, "ps", "--format", "{{.Names}} {{.Networks}}"))
	ok(t, "kill", "site")
	require.Equal(t, "exited 137\n", ok(t, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "site"))
	require.Equal(t, "site bridge,shop\n", ok(t, "ps", "-a", "--format", "{{.Names}} {{.Networks}}"))
	ok(t, "rm", "site")
}

// A neighbour finds a container by its new name, and no longer by the old one.
func TestRenameReachesTheNames(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "shop")
	defer ok(t, "network", "rm", "shop")
	defer ok(t, "rm", "-f", "new")
	ok(t, "run", "-d", "--name", "old", "--network", "shop", "tutor/lab", "sleep", "1000")
	ok(t, "rename", "old", "new")
	ok(t, "run", "--rm", "--network", "shop", "tutor/lab", "ping", "-c", "1", "new")
	require.NotZero(t, tutor(t, "run", "--rm", "--network", "shop", "tutor/lab", "ping", "-c", "1", "old").code)
}

func TestRestartOfAContainerThatIsRemovedAtItsEnd(t *testing.T) {
	root(t)
	id := ok(t, "run", "-d", "--rm", "--name", "once", "tutor/lab", "sleep", "1000")
	ok(t, "restart", "-t", "0", "once")
	require.Equal(t, id, ok(t, "ps", "-q", "--no-trunc"))
	ok(t, "stop", "-t", "0", "once")
	require.Empty(t, ok(t, "ps", "-aq"))
	require.Empty(t, leftovers(t))
}

// A start that fails leaves the container as the last end has left it, with the reason.
func TestAFailedStartKeepsTheLastEnd(t *testing.T) {
	root(t)
	noneStays(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	ok(t, "run", "--name", "web", "-p", "127.0.0.1:"+port+":80", "tutor/lab", "true")
	times := ok(t, "inspect", "-f", "{{.State.Status}} {{.State.StartedAt}} {{.State.FinishedAt}}", "web")
	l, err = net.Listen("tcp", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer l.Close()
	require.NotZero(t, tutor(t, "start", "web").code)
	require.Equal(t, times, ok(t, "inspect", "-f", "{{.State.Status}} {{.State.StartedAt}} {{.State.FinishedAt}}", "web"))
	require.Contains(t, ok(t, "inspect", "-f", "{{.State.Error}}", "web"), "address already in use")
}

func TestAContainerWhoseDirectoryIsGoneCanBeLookedAt(t *testing.T) {
	root(t)
	noneStays(t)
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.Mkdir(dir, 0o755))
	ok(t, "create", "--name", "box", "--mount", "type=bind,src="+dir+",dst=/data", "tutor/lab", "true")
	require.NoError(t, os.Remove(dir))
	require.Equal(t, dir+"\n", ok(t, "inspect", "-f", "{{range .Mounts}}{{.Source}}{{end}}", "box"))
	require.Contains(t, tutor(t, "start", "box").stderr, "bind source path does not exist")
}

func TestWhoIsMeantByName(t *testing.T) {
	root(t)
	noneStays(t)
	for _, name := range []string{"web", "web2"} {
		ok(t, "create", "--name", name, "--label", "week=1", "tutor/lab", "true")
	}
	require.Equal(t, "web\n", ok(t, "ps", "-a", "-f", "name=^web$", "--format", "{{.Names}}"))
	require.Equal(t, "web\n", ok(t, "ps", "-a", "-f", "name=^/web$", "--format", "{{.Names}}"))
	require.Equal(t, "web2\nweb\n", ok(t, "ps", "-a", "-f", "name=w.b", "--format", "{{.Names}}"))
	require.Empty(t, ok(t, "ps", "-a", "-f", "name=(", "--format", "{{.Names}}"))
}

func TestExecHasTheContainersGroups(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-d", "--name", "box", "--group-add", "4711", "tutor/lab", "sleep", "1000")
	require.Contains(t, strings.Fields(ok(t, "exec", "box", "grep", "Groups:", "/proc/self/status")), "4711")
}

// start -a of one that runs attaches; start of one that is paused does not pass for a start.
func TestStartOfOneThatRuns(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-d", "--name", "box", "tutor/lab", "sh", "-c", "until [ -e /go ]; do sleep 0.1; done; echo went; exit 3")
	cmd := exec.Command(binary, "start", "-a", "box")
	var said strings.Builder
	cmd.Stdout = &said
	require.NoError(t, cmd.Start())
	time.Sleep(200 * time.Millisecond)
	ok(t, "exec", "box", "touch", "/go")
	cmd.Wait()
	require.Equal(t, 3, cmd.ProcessState.ExitCode())
	require.Equal(t, "went\n", said.String())
	ok(t, "run", "-d", "--name", "held", "tutor/lab", "sleep", "1000")
	ok(t, "pause", "held")
	require.Contains(t, tutor(t, "start", "held").stderr, "cannot start a paused container, try unpause instead")
	ok(t, "unpause", "held")
}

func TestFollowingALogEndsWhenItIsTold(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-d", "--name", "box", "tutor/lab", "sh", "-c", "while :; do echo y; sleep 0.1; done")
	eventually(t, "it has begun", func() bool { return ok(t, "logs", "box") != "" })
	began := time.Now()
	require.Contains(t, ok(t, "logs", "-f", "--until", began.Add(time.Second).Format(time.RFC3339Nano), "box"), "y\n")
	require.Greater(t, time.Since(began), time.Second)
}

// Whoever is killed between a container's end and its removal leaves it to the next tutor. Here the removal waits, because
// somebody else has the container's turn.
func TestAMonitorThatIsKilledWhileItRemoves(t *testing.T) {
	root(t)
	id := strings.TrimSpace(ok(t, "run", "-d", "--rm", "tutor/lab", "sleep", "1000"))
	pid := strings.TrimSpace(ok(t, "inspect", "-f", "{{.State.MonitorPid}}", id))
	dir := testHome().Dir(id)
	holder := exec.Command("flock", "--no-fork", dir, "sleep", "1000")
	require.NoError(t, holder.Start())
	defer func() { holder.Process.Kill(); holder.Wait() }()
	eventually(t, "somebody else has the turn", func() bool { return exec.Command("flock", "-n", dir, "true").Run() != nil })
	require.NoError(t, exec.Command("kill", "-9", strings.TrimSpace(ok(t, "inspect", "-f", "{{.State.Pid}}", id))).Run())
	eventually(t, "it has ended", func() bool {
		s, err := testHome().Load(id)
		return err == nil && s.Status == "exited"
	})
	require.NoError(t, exec.Command("kill", "-9", pid).Run())
	holder.Process.Kill()
	holder.Wait()
	eventually(t, "it is gone", func() bool { return ok(t, "ps", "-aq") == "" })
}

// Help fits the terminal, but for lines that are there to be typed; and what is no command is none for help either.
func TestHelpFits(t *testing.T) {
	pace.Fast(t)
	for _, command := range []string{"", "run", "network create", "grade", "stop"} {
		shown := ok(t, append(strings.Fields(command), "--help")...)
		_, flags, found := strings.Cut(shown, "\nFlags:\n")
		require.True(t, found)
		above, _, _ := strings.Cut(shown, "\nUsage:\n")
		for _, line := range strings.Split(above+flags, "\n") {
			require.True(t, len([]rune(line)) <= 80 || !strings.Contains(strings.TrimSpace(line), " "), line)
		}
	}
	require.Contains(t, ok(t, "help", "stop"), "stop sends a container's first process SIGTERM, or what the image or\n--stop-signal says")
	require.Equal(t, run{stderr: "tutor: unknown command: tutor nosuch\ntutor: hint: tutor --help\n", code: 1}, tutor(t, "help", "nosuch"))
	require.Contains(t, tutor(t, "build", ".").stderr, "tutor: tutor has no build\ntutor: hint: ")
	require.Contains(t, tutor(t, "builder", "prune").stderr, "tutor: tutor has no builder\ntutor: hint: ")
	require.Regexp(t, `^tutor version \S+\n$`, ok(t, "--version"))
}

// prune takes what fits: by label, by what it has not, and by age.
func TestPruneChooses(t *testing.T) {
	root(t)
	noneStays(t)
	for name, label := range map[string]string{"one": "week=1", "two": "week=2"} {
		ok(t, "create", "--name", name, "--label", label, "tutor/lab", "true")
		ok(t, "network", "create", "--label", label, "net-"+name)
	}
	ok(t, "container", "prune", "-f", "--filter", "until=1h")
	require.Equal(t, "two\none\n", inOrder(ok(t, "ps", "-a", "--format", "{{.Names}}"), "two", "one"), "they are younger")
	ok(t, "container", "prune", "-f", "--filter", "label=week=1")
	require.Equal(t, "two\n", ok(t, "ps", "-a", "--format", "{{.Names}}"))
	require.Equal(t, 1, tutor(t, "system", "prune", "-f", "--volumes", "--filter", "until=1h").code)
	ok(t, "system", "prune", "-f", "--filter", "label!=week=2")
	require.Equal(t, "two\n", ok(t, "ps", "-a", "--format", "{{.Names}}"))
	require.Equal(t, "net-two\n", ok(t, "network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"))
	ok(t, "system", "prune", "-f", "--filter", "label=week")
	require.Empty(t, ok(t, "ps", "-aq"))
	require.Contains(t, tutor(t, "container", "prune", "-f", "--filter", "color=red").stderr, "tutor: invalid filter 'color'\ntutor: hint: filters: label=")
}

// inOrder are the words that text has, in the order given.
func inOrder(text string, words ...string) (found string) {
	for _, w := range words {
		if strings.Contains(text, w+"\n") {
			found += w + "\n"
		}
	}
	return found
}
