package toolbox

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShellExitCodes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain"), []byte("echo $0 $1\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bare"), []byte("echo bare $1\n"), 0o755))
	for text, want := range map[string]result{
		"foo":                                 {"", "sh: foo: not found\n", 127},
		"./foo":                               {"", "sh: ./foo: not found\n", 127},
		"./plain":                             {"", "sh: ./plain: Permission denied\n", 126},
		"/":                                   {"", "sh: /: Permission denied\n", 126},
		"exit 3":                              {"", "", 3},
		"false":                               {"", "", 1},
		"sh -c 'exit 7'":                      {"", "", 7},
		"sh -c 'kill -9 $$'":                  {"", "Killed\n", 137},
		"sh -c 'kill -TERM $$'; echo $?":      {"143\n", "Terminated\n", 0},
		"./bare word":                         {"bare word\n", "", 0},
		"sh plain one":                        {"plain one\n", "", 0},
		". ./plain; echo $?":                  {"sh\n0\n", "", 0},
		"exec foo; echo not reached":          {"", "sh: foo: not found\n", 127},
		"set -e; false; echo not reached":     {"", "", 1},
		"echo (":                              {"", "sh: 1:1: `foo(` must be followed by `)`\n", 2},
		"cd missing":                          {"", "sh: cd: missing: No such file or directory\n", 1},
		". ./missing":                         {"", "source: can't open " + dir + "/missing: No such file or directory\n", 1},
		"cd plain":                            {"", "sh: cd: plain: Not a directory\n", 1},
		"sh missing":                          {"", "sh: missing: No such file or directory\n", 127},
		"cat < missing; echo $?":              {"1\n", "sh: missing: No such file or directory\n", 0},
		"false | true":                        {"", "", 0},
		"true | false":                        {"", "", 1},
		"set -o pipefail; false | true":       {"", "", 1},
		"sh -c 'echo $0 $1 $#' name arg more": {"name arg 2\n", "", 0},
		"sh -ec 'false; echo no'":             {"", "", 1},
		"sh -c 'set -x; echo a b' 2>&1":       {"+ echo 'a b'\na b\n", "", 0},
	} {
		t.Run(text, func(t *testing.T) { require.Equal(t, want, script(t, dir, text)) })
	}
}

// shellSession are programs and what dash prints for them.
var shellSession = []struct{ text, out string }{
	{"echo a | cat", "a\n"},
	{"echo b >f; echo c >>f; cat <f; wc -l <f", "b\nc\n2\n"},
	{"cat missing 2>/dev/null || echo caught", "caught\n"},
	{"cat missing >both 2>&1; wc -l <both", "1\n"},
	{"cat <<EOF\nx $((1+2))\nEOF", "x 3\n"},
	{"cat <<'EOF'\nx $y\nEOF", "x $y\n"},
	{"f() { echo \"<$1>\"; return 4; }; f 'a b'; echo $?", "<a b>\n4\n"},
	{"for i in 1 2 3; do echo -n $i; done; echo", "123\n"},
	{"i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n"},
	{"case abc in a*) echo yes;; *) echo no;; esac", "yes\n"},
	{"echo $(echo $(echo deep))", "deep\n"},
	{"x=1; (x=2; echo $x); echo $x", "2\n1\n"},
	{"x=1; echo 2 | read x; echo $x", "1\n"},
	{"echo a b | while read x y; do echo $y $x; done", "b a\n"},
	{"A=1 env | grep ^A=; echo \"[$A]\"", "A=1\n[]\n"},
	{"export B=2; env | grep ^B=", "B=2\n"},
	{"cd /; pwd; cat /proc/self/stat >/dev/null; cd - >/dev/null; [ \"$PWD\" != / ] && echo back", "/\nback\n"},
	{"cd /tmp; readlink /proc/$$/cwd", "/tmp\n"},
	{"echo *.nothing", "*.nothing\n"},
	{"touch a1 a2; echo a?; rm a1 a2", "a1 a2\n"},
	{"eval 'sleep 0.01 & echo ${!:+pid}'; wait", "pid\n"},
	{"echo -ne 'a\\tb\\n'; printf '%03d|%-3s|\\n' 7 x", "a\tb\n007|x  |\n"},
	{"umask 077; touch secret; stat -c %a secret; umask", "600\n0077\n"},
	{"ulimit -n 99; sh -c 'ulimit -n'", "99\n"},
	{"trap 'echo bye' EXIT; echo hi", "hi\nbye\n"},
	{"set -- a b c; shift; echo $# $@", "2 b c\n"},
	{"echo out; exec >f; echo hidden; cat f >&2", "out\n"},
	{"! false && echo not", "not\n"},
	{"true & false & wait; echo $?", "0\n"},
	{"sh -c 'exit 5' & wait $!; echo $?", "5\n"},
	{"v='two words'; g() { echo g \"$v\" $1; }; h() { g \"$1\" & wait; }; h param", "g two words param\n"},
	{"(sleep 5; echo no) >/dev/null 2>&1 & kill $!; wait $!; echo $?", "143\n"},
	{"sleep 30 & ps -o args= -p $!; kill %1; wait $!; echo $?", "sleep 30\n143\n"},
	{"{ echo $$ & wait; } | read p; echo $$ | grep -c .", "1\n"},
	{"[ \"$(echo $$ & wait)\" = $$ ] && echo same", "same\n"},
	{"trap 'echo got' USR1; kill -USR1 $$; sleep 0.01; echo on", "got\non\n"},
	{"trap 'echo got; exit 3' TERM; (sleep 0.05; kill $$) & while :; do sleep 0.01; done", "got\n"},
	{"trap 'echo early' USR1; sleep 30 & (sleep 0.05; kill -USR1 $$) & wait; echo $?; kill %1", "early\n138\n"},
	{"trap '' TERM; kill $$; echo alive", "alive\n"},
	{"unset HOSTNAME; sh -c 'echo $HOSTNAME' | cmp - /proc/sys/kernel/hostname && echo same", "same\n"},
	{"HOSTNAME=foo sh -c 'echo $HOSTNAME'; env HOSTNAME= sh -c 'echo \"[$HOSTNAME]\"'", "foo\n[]\n"},
	{"ls nothing 2>&1 >/dev/null | cut -c1-3", "ls:\n"},
	{"yes | head -n 1", "y\n"},
	{"x=$(exec echo inside); echo $x; echo outside", "inside\noutside\n"},
	{"(exec echo inside); echo outside", "inside\noutside\n"},
	{"exec echo a | cat; echo b", "a\nb\n"},
}

func TestShellSpeaksTheLanguage(t *testing.T) {
	for _, session := range shellSession {
		t.Run(session.text, func(t *testing.T) {
			got := script(t, t.TempDir(), session.text)
			require.Equal(t, session.out, got.out, "stderr: %q", got.err)
		})
	}
}

func TestExecKeepsThePID(t *testing.T) {
	got := script(t, "", `echo $$; exec sh -c 'echo $$; readlink /proc/$$/exe >/dev/null; exec sh -c "echo \$\$"'`)
	lines := strings.Fields(got.out)
	require.Len(t, lines, 3, got.err)
	require.Equal(t, lines[0], lines[1])
	require.Equal(t, lines[0], lines[2])
}

func TestExecTakesTheRedirectionsAlong(t *testing.T) {
	dir := t.TempDir()
	got := script(t, dir, "exec sh -c 'echo out; echo err >&2; cat' >f 2>&1 <<E\nin\nE")
	require.Equal(t, result{}, got)
	require.Equal(t, "out\nerr\nin\n", run(t, dir, "", "cat", "f").out)
}

func TestScriptOnStdinLeavesTheRestToItsCommands(t *testing.T) {
	got := run(t, t.TempDir(), "read x\nhello\necho got $x\nif true\nthen echo yes\nfi\ncat <<E\ndoc\nE\necho a \\\n b\nhead -n 1\nfor head\nexit 4\n", "sh")
	require.Equal(t, "got hello\nyes\ndoc\na b\nfor head\n", got.out, got.err)
}

func TestCommandsAreRealProcesses(t *testing.T) {
	got := script(t, "", `sh -c 'echo $PPID'; echo $$`)
	lines := strings.Fields(got.out)
	require.Len(t, lines, 2, got.err)
	require.Equal(t, lines[1], lines[0])
}

// A console is an interactive sh on a pseudo-terminal of its own.
type console struct {
	t     *testing.T
	tty   *os.File
	shell int
	seen  string
}

func TestCtrlCEndsTheChildAndNotTheShell(t *testing.T) {
	c := openConsole(t)
	c.expect(prompt())
	c.send("sleep 100; echo not reached\n")
	c.expect("not reached")
	require.Eventually(t, func() bool { return foreground(c) }, 5*time.Second, 5*time.Millisecond)
	c.send("\x03")
	c.expect(prompt())
	c.send("echo $?-survived\n")
	c.expect("130-survived")
	c.send("echo half a line\x03")
	c.expect(prompt())
	c.send("while :; do :; done\n")
	c.expect("done")
	time.Sleep(50 * time.Millisecond) // there is nothing to see of a loop of builtins
	c.send("\x03")
	c.expect(prompt())
	c.send("sleep 77 &\n")
	c.expect("[1] ")
	c.expect(prompt())
	c.send("\x03")
	c.expect(prompt())
	c.send("echo \"a\nb\"; kill %1; exit 5\n")
	c.expect("> ")
	c.expect("a\r\nb")
}

// A line at a terminal: the arrows move in it and bring the last one back, Tab completes it, Ctrl-C drops it, Ctrl-D ends.
// What was typed after it belongs to the command.
func TestALineCanBeEdited(t *testing.T) {
	c := openConsole(t)
	c.expect(prompt())
	c.send("echo abd\x1b[Dc\n")
	c.expect("\nabcd\r\n")
	c.expect(prompt())
	c.send("\x1b[A!\n")
	c.expect("\nabcd!\r\n")
	c.expect(prompt())
	c.send("echo /et\t\n")
	c.expect("\n/etc/\r\n")
	c.expect(prompt())
	c.send("read a\nwhat follows\necho got $a\n")
	c.expect("\ngot what follows\r\n")
	c.expect(prompt())
	c.send("echo dropped\x03")
	c.expect(prompt())
	c.send("cat\n")
	c.expect("\n")
	time.Sleep(100 * time.Millisecond) // until the driver has lines again, and echoes
	c.send("echoed by the driver\n")
	c.expect("echoed by the driver\r\nechoed by the driver\r\n")
	c.send("\x04")
	c.expect(prompt())
	c.send("\x04")
	c.expect("\n")
	require.NotContains(t, c.seen, "\ndropped")
}

// foreground tells whether the shell has a child that runs.
func foreground(c *console) bool {
	all, _ := processes()
	for _, p := range all {
		if p.args == "sleep 100" && p.ppid == c.shell {
			return true
		}
	}
	return false
}

func openConsole(t *testing.T) *console {
	t.Helper()
	master, slave, err := pseudoTerminal()
	if err != nil {
		t.Skip("no pseudo-terminal here:", err)
	}
	defer slave.Close()
	cmd := command(t, "/", "sh")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		master.Close()
	})
	return &console{t: t, tty: master, shell: cmd.Process.Pid}
}

func (c *console) send(text string) {
	_, err := io.WriteString(c.tty, text)
	require.NoError(c.t, err)
}

// expect reads until text has come.
func (c *console) expect(text string) {
	c.t.Helper()
	c.tty.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 4096)
	for !strings.Contains(c.seen, text) {
		n, err := c.tty.Read(buf)
		c.seen += string(buf[:n])
		require.NoError(c.t, err, "waiting for %q, saw %q", text, c.seen)
	}
	_, c.seen, _ = strings.Cut(c.seen, text)
}

// prompt is what the shell shows: # for root, $ for anybody else.
func prompt() string {
	if os.Geteuid() == 0 {
		return "/ # "
	}
	return "/ $ "
}
