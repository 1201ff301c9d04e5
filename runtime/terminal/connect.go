package terminal

import (
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Connect carries bytes between the person's terminal (in, out) and the container's (master), and tells the
// container of every change of size. in is nil without -i. Restore gives the person's terminal back and
// returns once all that the container wrote has been written out; it may be called twice.
func Connect(master, in, out *os.File) (restore func(), err error) {
	raw := func() {}
	if in != nil && Is(in) {
		if raw, err = Raw(in); err != nil {
			return nil, err
		}
	}
	if in != nil {
		go io.Copy(master, in)
	}
	drained := make(chan struct{})
	go func() {
		io.Copy(out, master) // ends with EIO when the last descriptor of the far end is closed (pty(7))
		close(drained)
	}()
	stop := Watch(out, func(size Size) {
		unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
	})
	return sync.OnceFunc(func() {
		<-drained
		stop()
		raw()
	}), nil
}
