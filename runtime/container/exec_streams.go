package container

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/sys"
)

// streams are the pipes between tutor and a command without a terminal.
type streams struct {
	in, out, err *os.File   // our ends; nil: there is none
	theirs       []*os.File // open in tutor until the child has its copies
}

// open makes the pipes that the plan asks for, and names their far ends in it. A detached command writes to nobody.
func (e *Exec) open() (s *streams, err error) {
	s = &streams{}
	pipes, user := e.Plan.Pipes, e.Plan.Process.User
	if e.Options.Terminal {
		return s, nil
	}
	if e.Options.Detach {
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		s.give(null, pipes.Out, pipes.Err)
		return s, nil
	}
	if e.Options.Interactive {
		if s.in, err = s.pipe(pipes.In, true, user); err != nil {
			return nil, err
		}
	}
	if s.out, err = s.pipe(pipes.Out, false, user); err != nil {
		return nil, err
	}
	s.err, err = s.pipe(pipes.Err, false, user)
	return s, err
}

// pipe makes one, gives its far end to the child, and returns the other. Who opens /dev/stdout opens the pipe anew,
// and only its owner may.
func (s *streams) pipe(far *sys.Result, in bool, owner specs.User) (ours *os.File, err error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if in {
		ours, theirs = theirs, ours
	}
	s.give(theirs, far)
	return ours, theirs.Chown(int(owner.UID), int(owner.GID))
}

func (s *streams) give(theirs *os.File, as ...*sys.Result) {
	s.theirs = append(s.theirs, theirs)
	for _, far := range as {
		far.Give(int(theirs.Fd()))
	}
}

// given closes the far ends, which are the child's now.
func (s *streams) given() {
	for _, f := range s.theirs {
		f.Close()
	}
}

// afterwards is how long output is waited for that comes from processes which the command has left behind: Docker's
// two seconds.
const afterwards = 2 * time.Second

// carry begins to carry bytes. The function that it returns is called when the command has ended, and returns once
// all that it wrote has been written out.
func (s *streams) carry() (drain func()) {
	if s.in != nil {
		go func() {
			io.Copy(s.in, os.Stdin)
			s.in.Close()
		}()
	}
	var copies sync.WaitGroup
	for _, c := range []struct{ from, to *os.File }{{s.out, os.Stdout}, {s.err, os.Stderr}} {
		copies.Go(func() {
			_, err := io.Copy(c.to, c.from)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				rest(c.from, func(data []byte) bool { _, err := c.to.Write(data); return err == nil })
			}
			c.from.Close() // whoever writes now learns that nobody reads
		})
	}
	return func() {
		s.out.SetReadDeadline(time.Now().Add(afterwards))
		s.err.SetReadDeadline(time.Now().Add(afterwards))
		copies.Wait()
	}
}

// rest takes what lies in a pipe whose deadline has passed, and does not wait for more: as long as it is wanted, and no more
// than a pipe may hold (1 MiB, pipe(7)), for whoever writes may never stop.
func rest(from *os.File, wanted func(data []byte) bool) {
	from.SetReadDeadline(time.Time{})
	raw, err := from.SyscallConn()
	if err != nil {
		return
	}
	buffer := make([]byte, 64<<10)
	for total, n := 0, 0; total < 1<<20; total += n {
		raw.Read(func(fd uintptr) bool {
			n, err = unix.Read(int(fd), buffer)
			return true
		})
		if n <= 0 || err != nil || !wanted(buffer[:n]) {
			return
		}
	}
}
