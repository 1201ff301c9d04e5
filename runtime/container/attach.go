package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"tutor/runtime/process"
	"tutor/runtime/terminal"
)

// A Joint is where a person is joined to a container: in the process that looks after it, or over its socket.
type Joint interface {
	Type(data []byte) error
	End() error // no more will be typed
	Resize(s terminal.Size) error
	Signal(s unix.Signal) error
}

// An Attachment is a Joint over the socket of a monitor.
type Attachment struct {
	line  *line
	id    string
	home  Home
	early []frame // what came before the word that the command runs
}

type frame struct {
	kind byte
	data []byte
}

// Attach joins a container that runs. It fails with ErrNotRunning if it does not.
func (h Home) Attach(id string, hello Hello) (*Attachment, error) {
	l, err := h.dial(id)
	if err != nil {
		return nil, ErrNotRunning
	}
	a := &Attachment{line: l, id: id, home: h}
	return a, l.sendJSON(frameHello, hello)
}

// ErrNotRunning says that what was asked for needs a container that runs.
var ErrNotRunning = errors.New("the container is not running")

// A restsError is ErrNotRunning of the container with that ID.
type restsError string

func (id restsError) Error() string        { return "container " + string(id) + " is not running" }
func (id restsError) Is(target error) bool { return target == ErrNotRunning }

// newAttachment is the same over a connection that is there.
func (h Home) newAttachment(id string, conn net.Conn, hello Hello) (*Attachment, error) {
	a := &Attachment{line: &line{Conn: conn}, id: id, home: h}
	return a, a.line.sendJSON(frameHello, hello)
}

func (a *Attachment) Type(data []byte) error       { return a.line.send(frameInput, data) }
func (a *Attachment) End() error                   { return a.line.send(frameEnd, nil) }
func (a *Attachment) Resize(s terminal.Size) error { return a.line.send(frameSize, sizeBytes(s)) }
func (a *Attachment) Close() error                 { return a.line.Close() }

// Signal has a line of its own: on the other one what was typed may wait until the command reads it.
func (a *Attachment) Signal(s unix.Signal) error {
	l, err := a.home.dial(a.id)
	if err != nil { // it does not listen yet
		return a.line.send(frameSignal, []byte{byte(s)})
	}
	defer l.Close()
	return errors.Join(l.sendJSON(frameHello, Hello{}), l.send(frameSignal, []byte{byte(s)}))
}

// Failed is why a container did not start.
type Failed struct{ Failure }

func (f Failed) Error() string { return f.Message }

// Hint is the help that its monitor had for it.
func (f Failed) Hint() string { return f.Failure.Hint }

// Started waits until the command runs, or the reason why it does not.
func (a *Attachment) Started() error {
	for {
		kind, data, err := a.line.receive()
		if err != nil {
			return fmt.Errorf("the monitor ended before the container ran: %w", err)
		}
		switch kind {
		case frameStarted:
			return nil
		case frameFailed:
			var f Failed
			json.Unmarshal(data, &f.Failure)
			return f
		default:
			a.early = append(a.early, frame{kind, data}) // the command writes as soon as it can
		}
	}
}

// Wait passes on what the command writes until it ends, and returns its status, or until it can be passed on no more. A connection
// that breaks is a monitor that was killed: then the state on disk says what is known.
func (a *Attachment) Wait(out, errors io.Writer) (status int, err error) {
	for {
		kind, data, err := a.next()
		if err != nil {
			return a.orphan(err)
		}
		switch kind {
		case frameOut:
			_, err = out.Write(data)
		case frameErr:
			_, err = errors.Write(data)
		case frameExit:
			return int(data[0]), nil
		}
		if err != nil {
			return process.ExitOurs, err
		}
	}
}

func (a *Attachment) next() (kind byte, data []byte, err error) {
	if len(a.early) == 0 {
		return a.line.receive()
	}
	first := a.early[0]
	a.early = a.early[1:]
	return first.kind, first.data, nil
}

func (a *Attachment) orphan(err error) (int, error) {
	if errors.Is(err, net.ErrClosed) { // by ourselves
		return 0, err
	}
	if err := a.home.Settle(); err != nil {
		return 0, err
	}
	state, err := a.home.Load(a.id)
	if err == nil && state.Status == "exited" && state.Error == "" {
		err = Hint(errors.New("what the container wrote at its end was not read in time"), "tutor logs "+state.Name+" has it")
	}
	return state.ExitCode, err
}

// Wait waits until the container ends, and returns its status.
func (h Home) Wait(ctx context.Context, id string) (int, error) {
	a, err := h.Attach(id, Hello{})
	if err != nil {
		return h.ended(id, err)
	}
	stop := context.AfterFunc(ctx, func() { a.Close() })
	defer stop()
	defer a.Close()
	status, err := a.Wait(io.Discard, io.Discard)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return h.ended(id, err)
	}
	return status, nil
}

// ended is how the container has ended, where there is nobody any more who could say so; if there still is, err stands.
func (h Home) ended(id string, err error) (int, error) {
	if !errors.Is(err, ErrNotRunning) && h.Runs(id) {
		return 0, err
	}
	if err := h.Settle(); err != nil {
		return 0, err
	}
	state, err := h.Load(id)
	return state.ExitCode, err
}
