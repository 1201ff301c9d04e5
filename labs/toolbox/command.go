package toolbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// status is the exit code of a process as a shell counts it: its own, or 128+n for a signal.
func status(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// startCode is the exit code for a command that did not start: 127 not found, 126 cannot be run.
func startCode(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

// notStarted says it in a shell's words.
func notStarted(name string, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s: not found", name)
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return at(name, errno)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// self is the path under which this program can be started as another applet. A link in PATH that leads here comes
// first: the kernel calls a process after the path it was executed by, and ps should say "sleep", not "exe".
func self(applet string) string {
	const program = "/proc/self/exe"
	path, err := exec.LookPath(applet)
	if err != nil {
		return program
	}
	here, errHere := os.Stat(program) // fails without /proc: then the name in PATH must do
	there, errThere := os.Stat(path)
	if errHere == nil && (errThere != nil || !os.SameFile(here, there)) {
		return program
	}
	return path
}

func env(t *tool) error {
	o, err := parse("+iu:0", t.args)
	if err != nil {
		return err
	}
	environment := os.Environ()
	if o.has("i") {
		environment = nil
	}
	for _, name := range o.given['u'] {
		environment = without(environment, name)
	}
	rest := o.rest
	if len(rest) > 0 && rest[0] == "-" {
		environment, rest = nil, rest[1:]
	}
	for len(rest) > 0 && strings.Contains(rest[0], "=") {
		name, _, _ := strings.Cut(rest[0], "=")
		environment, rest = append(without(environment, name), rest[0]), rest[1:]
	}
	if len(rest) == 0 {
		for _, pair := range environment {
			t.println(pair)
		}
		return nil
	}
	os.Clearenv()
	for _, pair := range environment {
		name, value, _ := strings.Cut(pair, "=")
		os.Setenv(name, value)
	}
	path, err := exec.LookPath(rest[0])
	if err == nil {
		err = unix.Exec(path, rest, environment)
	}
	t.complain(notStarted(rest[0], err))
	return exitCode(startCode(err))
}

func without(environment []string, name string) []string {
	var kept []string
	for _, pair := range environment {
		if !strings.HasPrefix(pair, name+"=") {
			kept = append(kept, pair)
		}
	}
	return kept
}

func kill(t *tool) error {
	args, signal := t.args, "TERM"
	switch {
	case len(args) > 0 && args[0] == "-l":
		return t.listSignals(args[1:])
	case len(args) > 1 && args[0] == "-s":
		signal, args = args[1], args[2:]
	case len(args) > 0 && args[0] == "--":
		args = args[1:]
	case len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-':
		signal, args = args[0][1:], args[1:]
	}
	number, ok := signalNumber(signal)
	if !ok {
		return usageError(signal + ": not a signal")
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return usageError("whom?")
	}
	for _, arg := range args {
		pid, err := strconv.Atoi(arg)
		if err != nil {
			t.complain(fmt.Errorf("%s: not a process ID", arg))
			continue
		}
		if err := unix.Kill(pid, number); err != nil {
			t.complain(at("("+arg+")", err))
		}
	}
	return nil
}

// signalNumber reads 9, KILL, SIGKILL, kill. 0 is no signal: kill -0 asks whether the process is there.
func signalNumber(name string) (unix.Signal, bool) {
	if n, err := strconv.Atoi(name); err == nil {
		return unix.Signal(n), n >= 0 && n <= 64
	}
	s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	return s, s != 0
}

// signalName is TERM for 15.
func signalName(s unix.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}

func (t *tool) listSignals(which []string) error {
	for _, arg := range which {
		if n, err := strconv.Atoi(arg); err == nil {
			t.println(signalName(unix.Signal(n & 127)))
			continue
		}
		n, ok := signalNumber(arg)
		if !ok {
			return usageError(arg + ": not a signal")
		}
		t.println(strconv.Itoa(int(n)))
	}
	for n := unix.Signal(1); n < 32 && len(which) == 0; n++ {
		t.printf("%2d) %s\n", int(n), signalName(n))
	}
	return nil
}
