package container

import (
	"os"
	"time"
)

// ebb waits until what the command wrote has gone out. Its processes are dead; a second is for those outside its group that
// were handed its output. Then what lies in the pipes goes out, at the pace of those who read: over a line they have another ten
// seconds, and here until Ctrl-C.
func (h *hub) ebb(signals <-chan os.Signal) {
	drained := make(chan struct{})
	go func() {
		h.pumps.Wait()
		close(drained)
	}()
	select {
	case <-drained:
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
	select {
	case <-drained:
	case <-signals:
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
