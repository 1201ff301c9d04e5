package container

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Guard is the name, argv[0], by which this program knows that it shall stand by and thaw: see StandBy.
const Guard = "tutor-guard"

// A guard is a process of this program that outlives us. It holds one end of a pipe whose other end only we
// have: the kernel closes that with our last breath, even after kill -9. It has a session of its own, so Ctrl-C
// and the end of the terminal do not reach it. Only who kills both of them leaves a frozen container behind.
type guard struct {
	cmd *exec.Cmd
	us  io.WriteCloser
}

// newGuard starts one, and waits until it stands by. It holds the turn with us: when we are killed, nobody else
// has it before the container is thawed.
func newGuard(id string, turn *os.File) (*guard, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{Guard, id}
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.ExtraFiles = []*os.File{turn}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	us, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	ready, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	closeCallers()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		us.Close()
		return nil, errors.Join(errors.New("pausing: the guard, who would thaw the container if tutor were killed, did not start"), cmd.Wait())
	}
	return &guard{cmd, us}, nil
}

// dismiss sends the guard home: all is thawed.
func (g *guard) dismiss() {
	g.us.Write([]byte{0})
	g.us.Close()
	g.cmd.Wait()
}

// StandBy is the guard's whole life: it says that it is there, waits for a byte from tutor, and thaws the
// container if the pipe closes without one. It returns the exit status.
func StandBy(args []string, us io.Reader, ready io.Writer) int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	if len(args) != 1 {
		return 2
	}
	if _, err := ready.Write([]byte{0}); err != nil {
		return 1
	}
	if n, _ := io.ReadFull(us, make([]byte, 1)); n == 1 {
		return 0
	}
	f, err := freezerOf(HostLayout(), args[0])
	if err != nil || f.thaw() != nil {
		return 1
	}
	return 0
}
