package terminal

import (
	"io"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Is tells if f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// SizeOf is the size of the terminal f; 24 by 80 where there is none.
func SizeOf(f *os.File) Size {
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil || rows == 0 {
		return Size{24, 80}
	}
	return Size{uint16(rows), uint16(columns)}
}

// Connect carries bytes between the person's terminal (in, out) and the container's (master), and tells the
// container of every change of size. in is nil without -i. Restore gives the person's terminal back and
// returns once all that the container wrote has been written out; it may be called twice.
func Connect(master, in, out *os.File) (restore func(), err error) {
	raw := func() {}
	if in != nil && Is(in) {
		state, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return nil, err
		}
		raw = func() { term.Restore(int(in.Fd()), state) }
	}
	if in != nil {
		go io.Copy(master, in)
	}
	drained := make(chan struct{})
	go func() {
		io.Copy(out, master) // ends with EIO when the last descriptor of the far end is closed (pty(7))
		close(drained)
	}()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, unix.SIGWINCH)
	go func() {
		for range resized {
			size := SizeOf(out)
			unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
		}
	}()
	return sync.OnceFunc(func() {
		<-drained
		signal.Stop(resized)
		close(resized)
		raw()
	}), nil
}
