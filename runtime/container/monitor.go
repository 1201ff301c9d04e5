package container

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// MonitorName is argv[0], by which this program knows that it shall look after one container: see Watch.
const MonitorName = "tutor-monitor"

// A Trace is where a monitor shows what it does until the command runs, and in what way: words for the main program, which
// makes a Watch of them.
type Trace struct {
	To    *os.File
	Words []string
}

// Start starts a container that exists, under a monitor: a process of this program with a session of its own, so
// that neither Ctrl-C nor the end of the terminal reaches it. It has the container's output and its exit code, and
// is gone when the container is. Whoever starts is attached from before the first instruction; trace may be nil.
func (h Home) Start(id string, hello Hello, trace *Trace) (*Attachment, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "monitor")
	ours := os.NewFile(uintptr(pair[0]), "attachment")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{MonitorName, id}
	cmd.Dir, cmd.Env = "/", []string{"TUTOR_ROOT=" + h.Root, "TUTOR_RUN=" + h.Run}
	cmd.ExtraFiles = []*os.File{theirs}
	if trace != nil {
		cmd.Args = append(cmd.Args, trace.Words...)
		cmd.ExtraFiles = append(cmd.ExtraFiles, trace.To)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	closeCallers()
	err = cmd.Start()
	theirs.Close() // or we would never hear that the monitor has died
	if err != nil {
		conn.Close()
		return nil, err
	}
	go cmd.Wait()
	a, err := h.newAttachment(id, conn, hello)
	if err == nil {
		err = a.Started()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return a, nil
}

// closeCallers keeps what tutor's own caller has open from a process that outlives tutor: whoever waits for the end of a pipe, or
// for a lock, would wait for the container (close_range(2), Linux 5.11).
func closeCallers() { unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }

// TraceFile is the descriptor of a monitor's Trace.
const TraceFile = 4

// Watch is a monitor's whole life: it starts the container, tells who asked for it (descriptor 3), and looks after
// it to its end. advice is the hint for an error; see makes what is told of it all, or is nil.
func (h Home) Watch(id string, advice func(error) string, see func(*Container) Watch) int {
	os.WriteFile("/proc/self/comm", []byte("tutor"), 0) // it was started as /proc/self/exe: ss and ps would call it exe
	theirs := os.NewFile(3, "attachment")
	conn, err := net.FileConn(theirs) // a copy
	theirs.Close()
	if err != nil {
		return 1
	}
	l := &line{Conn: conn}
	if err := h.watch(id, l, see); err != nil {
		status := 125
		var failed interface{ ExitStatus() int }
		if errors.As(err, &failed) {
			status = failed.ExitStatus()
		}
		l.sendJSON(frameFailed, Failure{Message: err.Error(), Hint: advice(err), Status: status})
		return 1
	}
	return 0
}

func (h Home) watch(id string, l *line, see func(*Container) Watch) error {
	claim, err := h.Claim(id)
	if err != nil {
		return err
	}
	turn, err := h.turn(context.Background(), id) // before it is read what the container is to be, which update and connect change
	if err != nil {
		claim.release()
		return err
	}
	defer turn.Close()
	c, err := h.Open(id)
	if err != nil {
		claim.release()
		return err
	}
	c.claim, c.turn = claim, turn
	met := make(chan struct{})
	go c.hub.serve(l, func() { close(met) })
	<-met // so that nothing the command writes is missed
	var w Watch
	if see != nil {
		w = see(c)
	}
	status, err := c.Run(w)
	if err != nil && c.State.Started.IsZero() {
		return failedStart{err, status}
	}
	return nil
}

type failedStart struct {
	error
	status int
}

func (f failedStart) Unwrap() error   { return f.error }
func (f failedStart) ExitStatus() int { return f.status }
