package terminal

import (
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

// Raw lets every key through as it is pressed, Ctrl-C too; restore gives the terminal back.
func Raw(f *os.File) (restore func(), err error) {
	state, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { term.Restore(int(f.Fd()), state) }, nil
}

// Watch tells of every change of size, until stop is called.
func Watch(f *os.File, changed func(Size)) (stop func()) {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, unix.SIGWINCH)
	go func() {
		for range resized {
			changed(SizeOf(f))
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(resized)
		close(resized)
	})
}
