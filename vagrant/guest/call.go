package guest

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"syscall"

	"golang.org/x/term"
)

// call runs a line in the machine's login shell, on our own standard files: at a terminal over there ("-t"), or not ("-T"). It
// returns the line's exit status.
func (g Guest) call(id, line, terminal string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	cmd := g.vagrant("ssh", "-c", line, "--", terminal)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for asked := syscall.Signal(0); ; {
		select {
		case s := <-signals:
			asked = s.(syscall.Signal)
			g.tell(id, asked)
		case err := <-ended:
			return statusOf(cmd, err, asked)
		}
	}
}

// terminal asks ssh for a terminal over there exactly when all is one here: with one, output ends its lines in CR LF, which a
// file or a pipe must not get, and there is no standard error beside it. A container that is to have one (run -it) goes before that.
func terminal(args []string) string {
	is := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	if is(os.Stdin) && is(os.Stdout) && (is(os.Stderr) || slices.ContainsFunc(args, asksForTerminal.MatchString)) {
		return "-t"
	}
	return "-T"
}

var asksForTerminal = regexp.MustCompile(`^(-[a-z]*t[a-z]*|--tty)$`)

// tell passes a signal on. A terminal does that by itself, Ctrl-C is a byte to it; without one ssh(1) just ends, and
// the container would run on with nobody left to stop it. The brackets keep pkill(1) from finding its own parent.
func (g Guest) tell(id string, s syscall.Signal) {
	name := "TERM"
	if s == syscall.SIGINT {
		name = "INT"
	}
	g.vagrant("ssh", "-c", "sudo pkill -"+name+" -f 'TUTOR_CALL=["+id[:1]+"]"+id[1:]+"'", "--", "-T").Run()
}

// statusOf is what the line ended with; where Vagrant was interrupted, what a shell says of a signal.
func statusOf(cmd *exec.Cmd, err error, asked syscall.Signal) (int, error) {
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return 0, err
	}
	status := cmd.ProcessState.ExitCode() // -1: a signal ended it
	if asked != 0 && (status == -1 || status == 1 || status == 255) {
		return 128 + int(asked), nil
	}
	if status == -1 {
		return statusOurs, nil
	}
	return status, nil
}
