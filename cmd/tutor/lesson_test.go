package main_test

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// docs/lesson.md is what a first course in Docker does, with tutor in docker's place. It is typed here at a terminal as
// it stands there, and the browser looks at what the student is told to look at. The network is one of the test's own:
// ports 8080 and 8888 are nobody else's, and a browser drops its connections whenever a link of the machine changes.
func TestTheLesson(t *testing.T) {
	asked := os.Getenv("TUTOR_LESSON")
	if asked == "" {
		t.Skip("make lesson runs it: Jupyter and a browser are large")
	}
	root(t)
	images := map[string]v1.Image{"library/python": pythonImage(t), "library/nginx": nginxImage(t), "jupyter/datascience-notebook": jupyterImage(t)}
	if asked != "alone" {
		again := exec.Command("unshare", "--net", "sh", "-ec", `ip link set lo up
ip link add eth0 type veth peer name wire
ip address add 192.0.2.1/24 dev eth0
ip link set eth0 up && ip link set wire up
exec "$@"`, "sh", os.Args[0], "-test.v", "-test.run=^TestTheLesson$")
		again.Env = append(os.Environ(), "TUTOR_LESSON=alone", "TUTOR_BINARY="+binary)
		out, err := again.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	theLesson(t, images)
}

func theLesson(t *testing.T, images map[string]v1.Image) {
	var mirrors []string
	for name, image := range images {
		mirrors = append(mirrors, serve(t, name, image))
	}
	t.Setenv("TUTOR_REGISTRY_MIRRORS", strings.Join(mirrors, ","))
	noneStays(t)
	text, err := os.ReadFile("../../docs/lesson.md")
	require.NoError(t, err)
	b := newBrowser(t)
	look := map[string]func(){
		"A web server": func() {
			b.open("http://127.0.0.1:8080")
			b.sees("h1", "Welcome to nginx!")
		},
		"A notebook": func() {
			b.logIn("http://127.0.0.1:8888")
			b.computes("answer.ipynb")
			onLoopbackAlone(t, "8888")
		},
		"What stays": func() {
			b.logIn("http://127.0.0.1:8888/lab/tree/answer.ipynb")
			b.sees(".jp-Notebook .jp-OutputArea-output", "42")
		},
	}
	shell := newShell(t)
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		for _, block := range consoleBlock.FindAllStringSubmatch(body, -1) {
			shell.types(block[1])
		}
		if seen := look[heading]; seen != nil {
			seen()
			delete(look, heading)
		}
	}
	require.Empty(t, look, "sections that the page has not")
	require.Empty(t, leftovers(t))
}

// logIn is what stands between a stranger and a notebook server: the token, once a browser.
func (b *browser) logIn(url string) {
	b.t.Helper()
	require.NoError(b.t, b.ask("DELETE", "/cookie", nil, nil))
	b.open(url)
	b.press("#password_input", "wrong"+enter)
	b.sees("body", "Invalid credentials")
	b.press("#password_input", "bdb_password"+enter)
}

// computes makes a notebook, runs a cell in it, and saves it by a name.
func (b *browser) computes(name string) {
	b.t.Helper()
	b.must("a notebook whose kernel is ready", func() error {
		b.click(`.jp-LauncherCard[data-category="Notebook"]`) // a page that still puts itself together forgets it: then again
		return within(30*time.Second, func() error { return b.shows("#jp-main-statusbar", "| Idle") })
	})
	b.press(".jp-Notebook .jp-Cell .cm-content", "import os; print(6*7, os.getuid())"+shift+enter)
	b.sees(".jp-Notebook .jp-OutputArea-output", "42 1000")
	b.press(".jp-Notebook .jp-Cell .cm-content", control+"s")
	b.press(".jp-Dialog input", control+"a"+released+name+enter)
	b.sees(".jp-DirListing-itemText", name)
}

// onLoopbackAlone demands that a port is open on 127.0.0.1, and closed on every other address of the host.
func onLoopbackAlone(t *testing.T, port string) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	asked := 0
	for _, a := range addresses {
		ip := a.(*net.IPNet).IP
		if ip.To4() == nil {
			continue
		}
		asked++
		c, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), port), 2*time.Second)
		if err == nil {
			c.Close()
		}
		require.Equal(t, ip.Equal(net.IPv4(127, 0, 0, 1)), err == nil, "%s: %v", ip, err)
	}
	require.Greater(t, asked, 1)
}

// freePort is that port of the host, or another one if somebody has it.
func freePort(t *testing.T, wanted int) string {
	t.Helper()
	l, err := net.Listen("tcp", ":"+strconv.Itoa(wanted))
	if err != nil {
		l, err = net.Listen("tcp", ":0")
	}
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// A shell is a person's, at a terminal that is wide enough for every line.
type shell struct{ *screen }

func newShell(t *testing.T) shell {
	t.Helper()
	cmd := exec.Command("bash", "--norc", "--noprofile", "-i")
	cmd.Env = append(os.Environ(), "PATH="+onPath(t)+":"+os.Getenv("PATH"), "NO_COLOR=1", "TERM=dumb", "PS1=$ ", "HISTFILE=")
	s := shell{attach(t, cmd)}
	s.resize(50, 1000)
	require.NoError(t, cmd.Start())
	s.shows(regexp.MustCompile(`\$ $`))
	return s
}

var (
	promptOf = regexp.MustCompile(`(?m)^(\$|>>>) `)
	escapes  = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\r")
)

// types what stands behind the prompts of a console block, the shell's and python's, and demands what stands below:
// that, and nothing more, up to the next prompt.
func (s shell) types(block string) {
	s.t.Helper()
	block = strings.ReplaceAll(block, " \\\n", " ")
	at := promptOf.FindAllStringIndex(block, -1)
	for i, prompt := range at {
		end, next := len(block), "$ "
		if i+1 < len(at) {
			end, next = at[i+1][0], block[at[i+1][0]:at[i+1][1]]
		}
		typed, _, _ := strings.Cut(block[prompt[1]:end], "\n")
		s.press(typed + "\r")
		s.shows(regexp.MustCompile(promise(block[prompt[1]:end]) + `\s*` + regexp.QuoteMeta(next) + "$"))
	}
}

// shows waits until all that is on the screen since the last time is what was promised.
func (s shell) shows(promised *regexp.Regexp) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !promised.MatchString(escapes.ReplaceAllString(s.shown(), "")); time.Sleep(5 * time.Millisecond) {
		require.True(s.t, time.Now().Before(deadline), "promised: %s\non the screen:\n%s", promised, s.shown())
	}
	s.mu.Lock()
	s.text.Reset()
	s.mu.Unlock()
}
