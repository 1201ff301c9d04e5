package toolbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// exitCode ends a tool without a word: what had to be said has been said, or the code is the answer (test, grep).
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is the caller's mistake: the usage line follows it, and the exit code is 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// reason says an error as users of cat and ls know it: "file: No such file or directory", where Go would say
// "open file: no such file or directory".
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Path + ": " + reason(path.Err)
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		blamed := link.New
		if errors.Is(link.Err, fs.ErrNotExist) {
			blamed = link.Old
		}
		return blamed + ": " + reason(link.Err)
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Syscall + ": " + reason(call.Err)
	}
	var errno unix.Errno
	if errors.As(err, &errno) && err == error(errno) {
		text := errno.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return err.Error()
}

// at gives a bare errno the name of the file that it is about.
func at(path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "at", Path: path, Err: err}
}
