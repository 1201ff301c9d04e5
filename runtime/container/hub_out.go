package container

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// An output is what the command writes into, our end.
type output struct {
	file   *os.File
	stream string
	log    func(stream string, data []byte)
	mutex  sync.Mutex // held while what is read goes to the log: the log has the command's order
	ended  bool       // nothing more is read
	tail   []byte     // what was read at the end, and those who are attached do not have yet
}

// next is the next piece, which is in the log already; none: it was the last.
func (s *output) next(buffer []byte) []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.ended {
		n, err := s.file.Read(buffer)
		if n > 0 {
			s.log(s.stream, buffer[:n])
			return buffer[:n]
		}
		// the end of a pipe, or EIO: the last descriptor of the terminal is closed (pty(7)); or the time for it is over
		s.end(errors.Is(err, os.ErrDeadlineExceeded))
	}
	tail := s.tail
	s.tail = nil
	return tail
}

// end lets nothing more be read, but for what lies there, if something may.
func (s *output) end(more bool) {
	if more && !s.ended {
		rest(s.file, func(data []byte) bool {
			s.log(s.stream, data)
			s.tail = append(s.tail, data...)
			return true
		})
	}
	s.ended = true
}

// pump carries a stream out until its last writer is gone, or the last reader: then the command gets EPIPE, as if no
// container were between the two. Somebody who reads slowly holds the command up, as in a pipe.
func (h *hub) pump(from *os.File, stream string) {
	s := &output{file: from, stream: stream, log: func(string, []byte) {}}
	if h.log != nil {
		s.log = h.log.write
	}
	h.mutex.Lock()
	h.outputs = append(h.outputs, s)
	h.mutex.Unlock()
	h.pumps.Go(func() {
		defer from.Close()
		<-h.told // a trace ends with the start, and the command's first words stand under it
		buffer := make([]byte, 32<<10)
		for {
			piece := s.next(buffer)
			if len(piece) == 0 || !h.give(stream, piece) {
				return
			}
		}
	})
}

// give hands a piece to everybody who is attached. It tells if somebody is left: no, when our own standard output was
// closed, and nobody else is attached.
func (h *hub) give(stream string, data []byte) bool {
	gone, others := false, false
	h.mutex.Lock()
	clients := make([]*client, 0, len(h.clients))
	for c := range h.clients {
		if c.wants(stream) != nil {
			clients = append(clients, c)
		}
	}
	h.mutex.Unlock()
	for _, c := range clients {
		err := c.write(stream, data)
		switch {
		case c.line == nil:
			gone = gone || err != nil
		case err != nil:
			h.drop(c)
			c.line.Close() // so that it knows
		default:
			others = true
		}
	}
	return !gone || others
}

// wants is where a stream goes to; nil: it is not wanted.
func (c *client) wants(stream string) io.Writer {
	if stream == "stderr" {
		return c.errors
	}
	return c.out
}

// write returns an error when nobody reads.
func (c *client) write(stream string, data []byte) error {
	if c.line == nil {
		_, err := c.wants(stream).Write(data)
		return err
	}
	if stream == "stderr" {
		return c.line.send(frameErr, data)
	}
	return c.line.send(frameOut, data)
}

// ebb waits until what the command wrote has gone out. Its processes are dead; a second is for those outside its group that
// were handed its output, and for those who read. Then what lies in the pipes goes to the log, and to those who read by
// lastWords.
func (h *hub) ebb() {
	h.drained = make(chan struct{})
	go func() {
		h.pumps.Wait()
		close(h.drained)
	}()
	select {
	case <-h.drained:
	case <-time.After(time.Second):
		h.mutex.Lock()
		defer h.mutex.Unlock()
		for _, s := range h.outputs {
			if s.file.SetReadDeadline(time.Now()) != nil {
				continue // it is closed: there was nobody left
			}
			s.mutex.Lock()
			s.end(true)
			s.mutex.Unlock()
		}
		for c := range h.clients {
			if c.line != nil {
				c.line.SetWriteDeadline(time.Now().Add(stalled))
			}
		}
	}
}

// shut closes the log: it is whole before anybody hears that the container has ended.
func (h *hub) shut() {
	if h.log != nil {
		h.log.close()
	}
}

// lastWords go out at the pace of those who read, when the container is no more: over a line they have another ten seconds, and here
// until Ctrl-C.
func (h *hub) lastWords(signals <-chan os.Signal) {
	if h.drained != nil { // else there was no command to write any
		select {
		case <-h.drained:
		case <-signals:
		}
	}
}

// stalled is how long somebody at the other end of a line may take for the last of it.
const stalled = 10 * time.Second

// farewell tells everybody how it ended.
func (h *hub) farewell(status int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for c := range h.clients {
		if c.line != nil {
			c.line.SetWriteDeadline(time.Now().Add(stalled))
			c.line.send(frameExit, []byte{byte(status)})
			c.line.Close()
		}
	}
}
