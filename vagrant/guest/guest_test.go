package guest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests run tutor as it is on macOS against a stand-in for Vagrant, which runs the line for the machine in a
// real shell. What arrives there is compared word for word.

func TestMain(m *testing.M) {
	if os.Getenv("STAND_IN") != "" {
		os.Exit(Main(os.Args[1:])) // this program, started again by a test, is tutor
	}
	os.Exit(m.Run())
}

// A laptop is a folder with a checkout and a stand-in for Vagrant; does is what the machine's tutor does.
type laptop struct{ checkout, standIn string }

func newLaptop(t *testing.T, state, does string) laptop {
	t.Helper()
	top := t.TempDir()
	l := laptop{filepath.Join(top, "my tutor"), filepath.Join(top, "stand-in")}
	for path, content := range map[string]string{
		filepath.Join(l.checkout, "Vagrantfile"):                    "",
		filepath.Join(l.checkout, "vagrant", "provision.sh"):        "",
		filepath.Join(l.checkout, "labs", "2-namespaces", "box.go"): "",
		filepath.Join(l.standIn, "state"):                           state,
		filepath.Join(l.standIn, "does"):                            does,
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	for name, path := range map[string]string{"vagrant": "bin/vagrant", "sudo": "machine/sudo"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		path = filepath.Join(l.standIn, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o755))
	}
	return l
}

// command is tutor, typed in a folder of the checkout.
func (l laptop) command(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, args...)
	cmd.Dir = filepath.Join(l.checkout, folder)
	own := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "TUTOR_") }) // of whoever runs the tests
	cmd.Env = append(own, "STAND_IN="+l.standIn, "PATH="+filepath.Join(l.standIn, "bin")+":"+os.Getenv("PATH"),
		"PWD="+cmd.Dir, "SHELL=/bin/bash", "SUDO_USER=", "NO_COLOR=1", "TUTOR_PORTS=")
	return cmd
}

// run is what a command line came to.
func run(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (l laptop) asked(t *testing.T) string {
	t.Helper()
	asked, err := os.ReadFile(filepath.Join(l.standIn, "asked"))
	require.NoError(t, err)
	return strings.ReplaceAll(string(asked), l.checkout, "CHECKOUT")
}

func TestEveryWordArrivesAsItWasTyped(t *testing.T) {
	l := newLaptop(t, "running", "exit 0")
	typed := []string{"run", "-it", "", " two  words ", `it's "quoted"`, "two\nlines", "tab\tbell\a", `C:\back\slash\n`, "naïve 語 🐳",
		"$HOME `id` $(id)", "*", "~", "!!", "-", "--", "a=b", "%PATH%", `\'`, "\xff"}
	_, stderr, code := run(t, l.command(t, "labs", typed...))
	require.Zero(t, code, stderr)
	words, err := os.ReadFile(filepath.Join(l.standIn, "words"))
	require.NoError(t, err)
	got := strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
	require.Regexp(t, "^TUTOR_CALL=[a-z0-9]+$", got[0])
	require.Equal(t, append([]string{"NO_COLOR=1", "tutor"}, typed...), got[1:])
	require.Equal(t, "ssh in CHECKOUT\nterminal -T\ncd /vagrant/labs\n", l.asked(t), "one call of Vagrant, in the same folder")
}

// On Windows several programs take a command line apart before ssh has it. Quotes and backslashes mean something to each.
func TestTheLineSurvivesWindows(t *testing.T) {
	for _, word := range []string{"echo 'hi'", `a "b" c`, `C:\dir\`, `\`, "naïve", "two\nlines"} {
		line := Guest{Checkout: "/c", Dir: "/c"}.line("1", []string{"run", word})
		require.Regexp(t, `^[ -~]+$`, line)
		require.NotContains(t, line, `"`)
		require.NotRegexp(t, `\\[^x]`, line)
		out, err := exec.Command("bash", "-c", "printf %s "+quote(word)).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
	}
}

func TestTheExitStatusIsTheMachines(t *testing.T) {
	for _, code := range []string{"0", "1", "125", "126", "127", "137", "255"} {
		l := newLaptop(t, "running", "echo out; echo err >&2; exit "+code)
		stdout, stderr, got := run(t, l.command(t, "", "run", "x"))
		require.Equal(t, []any{code, "out\n", "err\n"}, []any{strconv.Itoa(got), stdout, stderr})
		asks := strings.Count(l.asked(t), "status in")
		require.Equal(t, code == "1" || code == "255", asks == 1, "%s: only a status that Vagrant or ssh may have given is looked into", code)
	}
}

func TestStandardInputArrivesWhole(t *testing.T) {
	l := newLaptop(t, "running", "cat")
	cmd := l.command(t, "", "load")
	sent := strings.Repeat("\x00\r\n\xffbytes", 100_000)
	cmd.Stdin = strings.NewReader(sent)
	stdout, stderr, code := run(t, cmd)
	require.Zero(t, code, stderr)
	require.True(t, sent == stdout, "%d bytes sent, %d came back", len(sent), len(stdout))
}

func TestATerminalHereIsATerminalThere(t *testing.T) {
	l := newLaptop(t, "running", "test -t 0 && test -t 1 && exit 7")
	_, _, code := run(t, onTerminal(l.command(t, "", "lab"), ""))
	require.Equal(t, 7, code)
	require.Contains(t, l.asked(t), "terminal -t\n")
	l = newLaptop(t, "running", "exit 0")
	for args, want := range map[string]string{"run --explain x": "-T", "run -it x": "-t", "run --tty x": "-t"} { // a trace that is kept apart stays apart
		at := l.command(t, "", strings.Fields(args)...)
		aside := onTerminal(exec.Command("sh", append([]string{"-c", `"$0" "$@" 2>/dev/null`}, at.Args...)...), "")
		aside.Dir, aside.Env = at.Dir, at.Env
		_, _, code = run(t, aside)
		require.Zero(t, code)
		require.Regexp(t, "terminal "+want+"\n[^\n]*\n$", l.asked(t), args)
	}
}

func TestTheCheckoutMayBeNamedFromHere(t *testing.T) {
	l := newLaptop(t, "running", "exit 0")
	cmd := l.command(t, "labs", "grade", "2", "2-namespaces")
	cmd.Env = append(cmd.Env, "TUTOR_CHECKOUT=..")
	_, stderr, code := run(t, cmd)
	require.Zero(t, code, stderr)
	require.Contains(t, l.asked(t), "cd /vagrant/labs\n")
}

func TestAMachineThatIsDownIsStartedAfterAsking(t *testing.T) {
	l := newLaptop(t, "poweroff", "echo here; exit 3")
	shown, _, code := run(t, onTerminal(l.command(t, "", "ps"), "y\n"))
	require.Equal(t, 3, code, shown)
	require.Contains(t, shown, "tutor: the virtual machine is not running (poweroff). Start it? [Y/n]")
	require.Contains(t, shown, "here")
	require.Regexp(t, "(?s)^ssh .*status .*up .*ssh ", l.asked(t))
	require.Contains(t, l.asked(t), "up may ask; checkpoint disabled: 1\n")
}

func TestAMachineIsNotStartedUnasked(t *testing.T) {
	l := newLaptop(t, "not_created", "exit 0")
	_, stderr, code := run(t, l.command(t, "", "ps"))
	require.Equal(t, 125, code)
	require.Contains(t, stderr, "tutor: the virtual machine is not running (not_created)\ntutor: hint: vagrant up\n")
	shown, _, code := run(t, onTerminal(l.command(t, "", "ps"), "n\n"))
	require.Equal(t, 125, code, shown)
	require.NotContains(t, l.asked(t), "up in")
}

// Without a terminal ssh ends at Ctrl-C, and what it ran does not.
func TestASignalReachesTheMachine(t *testing.T) {
	for s, name := range map[syscall.Signal]string{syscall.SIGINT: "-INT", syscall.SIGTERM: "-TERM"} {
		l := newLaptop(t, "running", `echo ready; until [ -e "$STAND_IN/told" ]; do sleep 0.01; done; exit 143`)
		cmd := l.command(t, "", "run", "x")
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		watchdog := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
		_, err = out.Read(make([]byte, 6))
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(s))
		cmd.Wait()
		require.True(t, watchdog.Stop(), "nobody told the machine")
		require.Equal(t, 143, cmd.ProcessState.ExitCode(), "the command's own answer to the signal")
		require.Regexp(t, name+` TUTOR_CALL=\[.\][a-z0-9]+\n`, l.asked(t))
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	l := newLaptop(t, "running", "exit 0")
	cmd := l.command(t, "", "ps")
	cmd.Env = append(cmd.Env, "PATH=/nowhere")
	_, stderr, code := run(t, cmd)
	require.Equal(t, 125, code)
	require.Equal(t, "tutor: vagrant: not found\ntutor: hint: docs/classroom.md says what to install\n", stderr)

	cmd = l.command(t, "", "ps")
	cmd.Dir = t.TempDir()
	_, stderr, code = run(t, cmd)
	require.Equal(t, 125, code)
	require.Contains(t, stderr, "set TUTOR_CHECKOUT")
	cmd.Env = append(cmd.Env, "TUTOR_CHECKOUT="+l.checkout)
	again := exec.Command(cmd.Path, "ps")
	again.Dir, again.Env = cmd.Dir, cmd.Env
	_, stderr, code = run(t, again)
	require.Zero(t, code, stderr)
	require.NotContains(t, l.asked(t), "cd ", "there is no such folder in the machine")
}

func TestSudoIsSentAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it is about sudo")
	}
	l := newLaptop(t, "running", "exit 0")
	cmd := l.command(t, "", "ps")
	cmd.Env = append(cmd.Env, "SUDO_USER=ann")
	_, stderr, code := run(t, cmd)
	require.Equal(t, 125, code)
	require.Contains(t, stderr, "without sudo")
}

// onTerminal is a command on a terminal of its own, which types text. script(1) ends with the command's status.
func onTerminal(cmd *exec.Cmd, text string) *exec.Cmd {
	var words []string
	for _, arg := range cmd.Args {
		words = append(words, quote(arg))
	}
	on := exec.Command("script", "-qec", strings.Join(words, " "), "/dev/null")
	on.Dir, on.Env, on.Stdin = cmd.Dir, cmd.Env, strings.NewReader(text)
	return on
}
