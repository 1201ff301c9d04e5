package container

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"tutor/runtime/terminal"
)

// A monitor and whoever is attached talk in frames: a letter, the length of what follows in four bytes, and that.
const (
	frameHello   = 'h' // to the monitor, first: a hello
	frameInput   = 'i' // what a person typed
	frameEnd     = 'e' // and that there is no more
	frameSize    = 'r' // of the person's terminal: two numbers of 16 bits
	frameSignal  = 's' // for the container's first process: one byte
	frameOut     = 'o' // from the monitor: what the command wrote
	frameErr     = 'w' // the same, its errors
	frameStarted = 'S' // the command runs
	frameExit    = 'x' // it has ended: the status, in one byte
	frameFailed  = 'f' // it never ran: a Failure
)

// frameLimit is how long a frame may be.
const frameLimit = 1 << 20

// A Hello is what somebody who attaches wants.
type Hello struct {
	Output bool
	Errors bool
	Size   terminal.Size // zero: no terminal

	Entrusts bool // the end of a terminal follows, for the monitor to keep
}

// A Failure is why a container did not start, in words for a person.
type Failure struct {
	Message, Hint string
	Status        int
}

// A line is one end of a connection.
type line struct {
	net.Conn
	mutex sync.Mutex // around writing
}

func (l *line) send(kind byte, data []byte) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	head := make([]byte, 5, 5+len(data))
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(data)))
	_, err := l.Write(append(head, data...))
	return err
}

func (l *line) sendJSON(kind byte, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return l.send(kind, data)
}

func (l *line) receive() (kind byte, data []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(l, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > frameLimit {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	data = make([]byte, n)
	_, err = io.ReadFull(l, data)
	return head[0], data, err
}

// sendFile hands a descriptor over: with one byte, because nothing cannot carry one (unix(7), SCM_RIGHTS).
func (l *line) sendFile(f *os.File) error {
	_, _, err := l.Conn.(*net.UnixConn).WriteMsgUnix([]byte{0}, unix.UnixRights(int(f.Fd())), nil)
	return err
}

var errNoFile = errors.New("no descriptor came")

func (l *line) receiveFile() (*os.File, error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := l.Conn.(*net.UnixConn).ReadMsgUnix(make([]byte, 1), rights)
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return nil, errors.Join(errNoFile, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.Join(errNoFile, err)
	}
	return os.NewFile(uintptr(fds[0]), "received"), nil
}

func sizeBytes(s terminal.Size) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, s.Rows), s.Columns)
}

// socketPath is where a container's monitor listens: below TUTOR_RUN, which only root can enter. The path goes by
// a descriptor, because the kernel takes at most 107 bytes (unix(7)) and TUTOR_RUN may be longer.
func (h Home) socketPath(id string) (path string, dir *os.File, err error) {
	dir, err = os.Open(h.live())
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName(id)), dir, nil
}

// socketName is short, and no other file in the directory has it: those are named after whole IDs.
func socketName(id string) string { return id[:32] + ".sock" }

func (h Home) listen(id string) (*net.UnixListener, error) {
	path, dir, err := h.socketPath(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	os.Remove(filepath.Join(h.live(), socketName(id))) // of a monitor that was killed
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	l.SetUnlinkOnClose(false) // by then the descriptor in the path is another's
	return l, nil
}

func (h Home) dial(id string) (*line, error) {
	path, dir, err := h.socketPath(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn}, nil
}
