package toolbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/syntax"
)

var errInterrupted = errors.New("interrupted")

// readAndRun reads commands from standard input, and runs each as soon as it is complete. The input is read byte by
// byte: what follows a command belongs to that command (`read x`, cat), not to us.
func (s *shell) readAndRun() int {
	if s.interactive {
		s.hearCtrlC()
	}
	code, pending := 0, ""
	for {
		line, err := s.ask(pending != "")
		if err == errInterrupted {
			fmt.Fprintln(os.Stderr)
			code, pending = 128+int(unix.SIGINT), ""
			continue
		}
		pending += line
		file, parseErr := syntax.NewParser().Parse(strings.NewReader(pending), "")
		if err == nil && (syntax.IsIncomplete(parseErr) || strings.HasSuffix(strings.ReplaceAll(pending, `\\`, ""), "\\\n")) {
			continue
		}
		pending = ""
		switch {
		case parseErr != nil:
			fmt.Fprintf(os.Stderr, "sh: %v\n", parseErr)
			if code = 2; !s.interactive {
				return code
			}
		case len(file.Stmts) > 0:
			var over bool
			if code, over = s.runStatements(file); over {
				return code
			}
		}
		if err != nil {
			return s.leave(code)
		}
	}
}

// runStatements runs one by one, for a whole file would imply that the shell ends with it. over tells that it does.
func (s *shell) runStatements(file *syntax.File) (code int, over bool) {
	rewrite(file)
	for _, st := range file.Stmts {
		var interrupted bool
		if code, interrupted = s.run(st); interrupted {
			return code, false
		}
		if s.runner.Exited() {
			return code, true
		}
	}
	return code, false
}

// leave ends the shell at the end of input: `exit` runs the EXIT trap.
func (s *shell) leave(code int) int {
	if s.interactive {
		fmt.Fprintln(os.Stderr)
	}
	file, _ := syntax.NewParser().Parse(strings.NewReader(fmt.Sprintf("exit %d", code)), "")
	code, _ = s.run(file.Stmts[0])
	return code
}

// hearCtrlC keeps the shell alive. A child in the foreground has got the signal from the terminal itself; a loop of
// builtins is stopped; at the prompt a new prompt appears.
func (s *shell) hearCtrlC() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGQUIT) // interactive shells ignore these (POSIX, sh)
	ctrlC := make(chan os.Signal, 1)
	signal.Notify(ctrlC, unix.SIGINT)
	if s.interrupt[1] == 0 {
		var ends [2]int
		if unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK) == nil {
			s.interrupt = ends
		}
	}
	go func() {
		for range ctrlC {
			s.mu.Lock()
			switch {
			case s.cancel == nil:
				unix.Write(s.interrupt[1], []byte{3})
			case s.busy == 0:
				s.cancel()
			}
			s.mu.Unlock()
		}
	}()
}

// ask reads a line, from a person after a prompt.
func (s *shell) ask(more bool) (string, error) {
	if !s.interactive {
		return s.readLine()
	}
	s.report(os.Stderr, false)
	prompt := s.prompt(more)
	if isTerminal(0) && isTerminal(2) && os.Getenv("TERM") != "dumb" {
		return s.edit(prompt)
	}
	fmt.Fprint(os.Stderr, prompt)
	return s.readLine()
}

// readLine reads up to a newline, or until Ctrl-C.
func (s *shell) readLine() (string, error) {
	var line strings.Builder
	var b [1]byte
	for {
		if _, err := s.readByte(b[:]); err == errInterrupted {
			return "", err
		} else if err != nil {
			return line.String(), err
		}
		line.WriteByte(b[0])
		if b[0] == '\n' {
			return line.String(), nil
		}
	}
}

// readByte waits for one, or for Ctrl-C.
func (s *shell) readByte(b []byte) (int, error) {
	for {
		fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}, {Fd: int32(s.interrupt[0]), Events: unix.POLLIN}}
		if !s.interactive {
			fds = fds[:1]
		}
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		}
		if s.interactive && fds[1].Revents != 0 {
			unix.Read(s.interrupt[0], b)
			return 0, errInterrupted
		}
		n, err := unix.Read(0, b)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case n < 1:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// prompt is PS1, or "/ # " for root and "/ $ " for others; "> " asks for the rest of a command.
func (s *shell) prompt(more bool) string {
	if more {
		return "> "
	}
	dir := s.runner.Dir
	if dir == "" {
		dir, _ = os.Getwd()
	}
	if home := os.Getenv("HOME"); home != "" && home != "/" && (dir == home || strings.HasPrefix(dir, home+"/")) {
		dir = "~" + dir[len(home):]
	}
	sign := "$"
	if os.Geteuid() == 0 {
		sign = "#"
	}
	form := `\w \$ `
	if v := s.runner.Vars["PS1"].Str; v != "" {
		form = v
	} else if v := os.Getenv("PS1"); v != "" {
		form = v
	}
	host, _ := os.Hostname()
	short, _, _ := strings.Cut(host, ".")
	return strings.NewReplacer(`\w`, dir, `\W`, lastElement(dir), `\$`, sign, `\h`, short, `\H`, host,
		`\u`, users().of(os.Geteuid()), `\n`, "\n", `\e`, "\x1b", `\[`, "", `\]`, "", `\\`, `\`).Replace(form)
}
