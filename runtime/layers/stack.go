package layers

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// A Stack is unpacked layers, topmost first: what overlayfs gets as lowerdir=A:B:C. It can be read without
// mounting it, which is how the host looks up a user in an image's /etc/passwd before there is a container.
type Stack []string

// readSteps bounds how long one file is looked for: a second, where an honest path takes some thousand steps.
const readSteps = 1_000_000

// ReadFile reads a regular file as overlayfs would show it: the topmost layer that has the name wins, a whiteout
// hides it, an opaque directory hides what lies below, and a symlink leads on inside the stack, its root taken
// for "/". So /etc/passwd -> /canary/passwd is the image's own /canary/passwd and never the host's, and a FIFO
// in that place is an error instead of a host that waits for ever (CVE-2024-9676). Above limit bytes it is an
// error too: a sparse passwd of 4 GB costs a hostile image nothing. fs.ErrNotExist when there is no such file.
func (s Stack) ReadFile(path string, limit int64) ([]byte, error) {
	tree, err := openTree(s, readSteps)
	if err != nil {
		return nil, err
	}
	defer tree.close()
	found, err := tree.find(path, true)
	if errors.Is(err, unix.ENOTDIR) {
		err = unix.ENOENT // /etc is a file: then there is no /etc/passwd
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	defer found.close()
	if found.kind != unix.S_IFREG {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	f, err := reopen(found.fds[0], unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	if int64(len(data)) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d bytes", limit)}
	}
	return data, nil
}

var errNotRegular = errors.New("not a regular file")

// reopen turns a descriptor that only names a file (O_PATH) into one that reads it. What was looked at and what
// is opened are one and the same, however fast somebody swaps names: open by name after stat is a race.
func reopen(fd int, flags int) (*os.File, error) {
	n, err := unix.Open(procPath(fd), flags|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(n), "layer file"), nil
}

// procPath names an open file for the calls that take no O_PATH descriptor (open(2), O_PATH).
func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }
