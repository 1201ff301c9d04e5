package container

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"tutor/runtime/terminal"
)

// A hub is where what the command writes goes out to the log and to everybody who is attached, and what they type
// comes in. It lives in the process that looks after the container.
type hub struct {
	mutex    sync.Mutex
	log      *logWriter // nil: a lab without an image keeps none
	clients  map[*client]bool
	input    *os.File // the pipe's end or the terminal; nil without -i, or once it is closed
	stays    bool     // input is not closed when one person has no more to say
	terminal *os.File // -t
	process  int      // a pidfd of the first process; -1: none yet
	size     terminal.Size
	outputs  []*output
	pumps    sync.WaitGroup
	drained  chan struct{} // closed when they have ended
	told     chan struct{} // closed when all has been said that comes before the command's output
	tell     func()        // closes it
}

// A client is somebody who is attached.
type client struct {
	out, errors io.Writer // nil: not wanted
	line        *line     // nil: this very process
}

func newHub() *hub {
	h := &hub{clients: map[*client]bool{}, process: -1, told: make(chan struct{})}
	h.tell = sync.OnceFunc(func() { close(h.told) })
	return h
}

func (h *hub) add(c *client) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.clients[c] = true
}

func (h *hub) drop(c *client) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.clients, c)
}

// started tells those who are attached from elsewhere that the command runs.
func (h *hub) started() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for c := range h.clients {
		if c.line != nil {
			c.line.send(frameStarted, nil)
		}
	}
}

// Type, End, Resize and Signal are what a person can do to the container.
func (h *hub) Type(data []byte) error {
	h.mutex.Lock()
	in := h.input
	h.mutex.Unlock()
	if in == nil {
		return nil
	}
	_, err := in.Write(data)
	return err
}

// End closes the command's input, unless others may have more to say. A terminal has no end: Ctrl-D is a key.
func (h *hub) End() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.input == nil || h.terminal != nil || h.stays {
		return nil
	}
	err := h.input.Close()
	h.input = nil
	return err
}

func (h *hub) Resize(s terminal.Size) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if s.Rows == 0 {
		return nil
	}
	if h.size = s; h.terminal == nil {
		return nil // it gets it when it is there
	}
	return setSize(h.terminal, s)
}

// setSize sets the size of a terminal, and leaves its end such that a read can have a deadline: Fd would make it block.
func setSize(end *os.File, s terminal.Size) error {
	raw, err := end.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: s.Rows, Col: s.Columns})
	})
	return errors.Join(err, failed)
}

func (h *hub) Signal(s unix.Signal) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.process < 0 {
		return nil
	}
	return unix.PidfdSendSignal(h.process, s, nil, 0)
}

// serve is a client at the other end of a connection, from its hello on. It returns when the client goes. met is
// called when the client has said hello, or never will.
func (h *hub) serve(l *line, met func()) {
	met = sync.OnceFunc(met)
	defer met()
	kind, data, err := l.receive()
	var hello Hello
	if err != nil || kind != frameHello || json.Unmarshal(data, &hello) != nil {
		return
	}
	if hello.Entrusts {
		keep(l)
		return
	}
	h.Resize(hello.Size)
	c := &client{line: l}
	if hello.Output {
		c.out = io.Discard // wanted: it goes by the line
	}
	if hello.Errors {
		c.errors = io.Discard
	}
	h.add(c)
	met()
	defer h.drop(c)
	for {
		kind, data, err := l.receive()
		if err != nil {
			return
		}
		h.obey(kind, data)
	}
}

// obey does what a client says.
func (h *hub) obey(kind byte, data []byte) {
	switch {
	case kind == frameInput:
		h.Type(data)
	case kind == frameEnd:
		h.End()
	case kind == frameSize && len(data) == 4:
		h.Resize(terminal.Size{Rows: binary.BigEndian.Uint16(data), Columns: binary.BigEndian.Uint16(data[2:])})
	case kind == frameSignal && len(data) == 1:
		h.Signal(unix.Signal(data[0]))
	}
}
