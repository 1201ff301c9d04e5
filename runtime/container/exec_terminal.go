package container

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/process"
	"tutor/runtime/terminal"
)

// ErrLeft says that somebody has left a command with the keys for it, and that the command goes on.
var ErrLeft = errors.New("read escape sequence")

// A session is a person, or what stands in for one, joined to a command.
type session struct {
	left    <-chan struct{} // closed when the keys that leave were pressed; nil: there are none
	leave   func() error    // the command goes on without us
	restore func()          // the command has ended: all that it wrote is written out, and the person's terminal given back
}

// connect joins the command's terminal, or its pipes, with tutor's own.
func (e *Exec) connect(running *process.Running, streams *streams) (session, error) {
	fd, there := running.Answer(e.Plan.Terminal.Master)
	if !there {
		return session{restore: streams.carry()}, nil
	}
	unix.SetNonblock(fd, true) // so that a read can have an end
	master := farEnd{os.NewFile(uintptr(fd), "master")}
	person := Person{Out: os.Stdout, Keys: e.Options.Keys}
	if e.Options.Interactive {
		person.In = os.Stdin
	}
	left, giveBack, err := person.Join(master, true)
	if err != nil {
		return session{restore: func() {}}, err
	}
	drained := make(chan struct{})
	go func() {
		if _, err := io.Copy(os.Stdout, master); errors.Is(err, os.ErrDeadlineExceeded) { // else EIO, when the last descriptor of the far end is closed (pty(7))
			rest(master.File, func(data []byte) bool { _, err := os.Stdout.Write(data); return err == nil })
		}
		close(drained)
	}()
	return session{
		left: left,
		leave: func() error {
			giveBack()
			return e.home.entrust(e.State.ID, master.File)
		},
		restore: sync.OnceFunc(func() {
			master.SetReadDeadline(time.Now().Add(afterwards)) // what runs on in the background may have the terminal for ever
			<-drained
			giveBack()
		}),
	}, nil
}

// A farEnd is tutor's end of a command's terminal, as a Joint.
type farEnd struct{ *os.File }

func (f farEnd) Type(data []byte) error { _, err := f.Write(data); return err }

// End does nothing: Ctrl-D is a key.
func (f farEnd) End() error { return nil }

func (f farEnd) Resize(s terminal.Size) error { return setSize(f.File, s) }

// Signal does nothing: the keys that send one are the terminal's.
func (f farEnd) Signal(unix.Signal) error { return nil }

// entrust gives the end of a terminal to the process that looks after the container: with nobody at it, the command
// would be hung up (SIGHUP, pty(7)) as soon as tutor ends.
func (h Home) entrust(id string, master *os.File) error {
	l, err := h.dial(id)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.sendJSON(frameHello, Hello{Entrusts: true}); err != nil {
		return err
	}
	return l.sendFile(master)
}

// keep holds the end of a terminal that was left, and throws away what is written there, as Docker does.
func keep(l *line) {
	master, err := l.receiveFile()
	if err != nil {
		return
	}
	defer master.Close()
	io.Copy(io.Discard, master)
}
