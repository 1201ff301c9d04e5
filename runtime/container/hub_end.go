package container

import (
	"os"
	"time"
)

// ebb waits until what the command wrote has gone out. Its processes are dead; a second is for those outside its group that
// were handed its output, and for those who read. What lies in the pipes then is left to lastWords.
func (h *hub) ebb() {
	h.drained = make(chan struct{})
	go func() {
		h.pumps.Wait()
		close(h.drained)
	}()
	select {
	case <-h.drained:
		return
	case <-time.After(time.Second):
	}
	h.mutex.Lock()
	for _, s := range h.sources {
		s.SetReadDeadline(time.Now())
	}
	for c := range h.clients {
		if c.line != nil {
			c.line.SetWriteDeadline(time.Now().Add(stalled))
		}
	}
	h.mutex.Unlock()
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
	if h.log != nil {
		h.log.close()
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
