package labs

import (
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// A Key is what a person pressed: a letter, or one of these.
type Key rune

const (
	Enter   Key = '\n'
	Redraw  Key = 'L' & 0x1f // Ctrl-L
	Stop    Key = -1         // Ctrl-C
	Resized Key = -2         // the terminal has another size now
	Gone    Key = -3         // nobody is there any more
)

// A Keyboard gives keys as they are pressed, one by one and unseen. Ctrl-C stays a signal, so that it reaches
// whatever runs in between.
type Keyboard struct {
	tty     *os.File
	before  unix.Termios
	signals chan os.Signal
}

// NewKeyboard takes over a terminal.
func NewKeyboard(tty *os.File) (*Keyboard, error) {
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	k := &Keyboard{tty: tty, before: *before, signals: make(chan os.Signal, 16)}
	signal.Notify(k.signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGWINCH, unix.SIGCONT)
	return k, k.take()
}

func (k *Keyboard) take() error {
	single := k.before
	single.Lflag &^= unix.ICANON | unix.ECHO
	single.Cc[unix.VMIN], single.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(int(k.tty.Fd()), unix.TCSETS, &single)
}

// give makes the terminal what it was.
func (k *Keyboard) give() error {
	return unix.IoctlSetTermios(int(k.tty.Fd()), unix.TCSETS, &k.before)
}

// Close gives the terminal back.
func (k *Keyboard) Close() error {
	signal.Stop(k.signals)
	return k.give()
}

// Lend gives the terminal to somebody else, and takes it back; Ctrl-C is theirs meanwhile.
func (k *Keyboard) Lend(do func() error) error {
	if err := k.give(); err != nil {
		return err
	}
	err := do()
	k.forget()
	if taken := k.take(); err == nil {
		err = taken
	}
	return err
}

// unpress drops what was pressed while nobody asked.
func (k *Keyboard) unpress() { unix.IoctlSetInt(int(k.tty.Fd()), unix.TCFLSH, unix.TCIFLUSH) }

// forget drops also what was signalled.
func (k *Keyboard) forget() {
	k.unpress()
	for {
		select {
		case <-k.signals:
		default:
			return
		}
	}
}

// Key waits for the next.
func (k *Keyboard) Key() Key {
	for {
		select {
		case s := <-k.signals:
			if key := k.meaning(s); key != 0 {
				return key
			}
		default:
		}
		fd := int(k.tty.Fd())
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, 100); n == 0 || err != nil {
			continue // a look at the signals now and then
		}
		if key, whole := k.read(fd); whole {
			return key
		}
	}
}

// meaning is what a signal says to a person at the keyboard; 0: nothing.
func (k *Keyboard) meaning(s os.Signal) Key {
	switch s {
	case unix.SIGINT:
		return Stop
	case unix.SIGWINCH:
		return Resized
	case unix.SIGCONT:
		k.take() // the shell in which we were stopped has had the terminal
		return Resized
	}
	return Gone
}

// read takes one key. The arrows and their kin come as several characters (ECMA-48: ESC [ … and a letter), and mean
// nothing here.
func (k *Keyboard) read(fd int) (key Key, whole bool) {
	c, err := one(fd)
	if err == unix.EINTR || err == unix.EAGAIN {
		return 0, false
	}
	if err != nil || c == 'D'&0x1f {
		return Gone, true
	}
	if c == 0x1b {
		k.skip(fd)
		return 0, false
	}
	if c == '\r' || c == ' ' {
		return Enter, true
	}
	return Key(c), true
}

// skip passes over the rest of a key that begins with ESC, if there is one: the key ESC itself has none.
func (k *Keyboard) skip(fd int) {
	for n := 0; ; n++ {
		if ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20); ready == 0 || err != nil {
			return
		}
		c, err := one(fd)
		if err != nil || n == 0 && c != '[' && c != 'O' || n > 0 && c >= '@' {
			return
		}
	}
}

func one(fd int) (byte, error) {
	c := make([]byte, 1)
	n, err := unix.Read(fd, c)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return c[0], err
}
