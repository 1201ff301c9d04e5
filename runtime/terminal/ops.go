// Package terminal gives a container a terminal of its own (-t), and connects it with the one that the person
// sits at.
package terminal

import (
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Pair is the two ends of a pseudo-terminal (pty(7)) while the container starts.
type Pair struct {
	Size   Size
	Wanted bool        // -t
	Master *sys.Result // tutor's own descriptor of the near end, once Take has run
	ptmx   *sys.Result // the child's descriptor of the same
	tty    *sys.Result // the far end: what the command reads and writes
}

// Size is in characters.
type Size struct{ Rows, Columns uint16 }

// NewPair names the ends; nothing is open yet.
func NewPair(wanted bool, size Size) Pair {
	return Pair{Size: size, Wanted: wanted, Master: &sys.Result{Name: "master"},
		ptmx: &sys.Result{Name: "ptmx"}, tty: &sys.Result{Name: "tty"}}
}

const without = "no -t given"

// Make makes the terminal in the container's own devpts: not by /dev/ptmx, which root inside may have made a link to
// anything, but by the file that the kernel has put there. TIOCGPTPEER (Linux 4.13) opens the far end without a path,
// so that nothing in /dev can lead it astray (CVE-2025-52565).
func Make(p Pair) program.Op {
	op := program.Op{
		Name:  "terminal",
		Lab:   1,
		By:    program.Child,
		Why:   "without a terminal no prompt, no job control, no Ctrl-C for the command alone",
		Shell: "script -q …",
		Man:   "pty(7)",
		Calls: []sys.Call{
			sys.OpenAt2("/dev/pts/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS, p.ptmx),
			sys.Unlock(p.ptmx),
			sys.Ioctl(p.ptmx, unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, p.tty),
		},
	}
	if !p.Wanted {
		return op.Leave(without)
	}
	return op
}

// Take gets tutor's descriptor of the near end out of the child, while the child waits for the baton.
func Take(p Pair, pid *sys.Result) program.Op {
	pidfd := &sys.Result{Name: "pidfd"}
	op := program.Op{
		Name: "terminal-host",
		Lab:  1,
		By:   program.Host,
		Why:  "tutor carries every key to the container and every character back",
		Man:  "pidfd_getfd(2)",
		Calls: []sys.Call{
			sys.PidfdOpen(pid, pidfd),
			sys.PidfdGetfd(pidfd, p.ptmx, p.Master),
			sys.Close(pidfd),
			sys.SetSize(p.Master, p.Size.Rows, p.Size.Columns),
		},
	}
	if !p.Wanted {
		return op.Leave(without)
	}
	return op
}

// Console makes the far end the command's terminal: controlling (Ctrl-C becomes SIGINT, ioctl_tty(2)), its
// input, output and errors, and with own /dev also /dev/console. uid shall own it, or `tty` fails for it.
func Console(p Pair, uid uint32, device bool) program.Op {
	op := program.Op{
		Name:  "console",
		Lab:   1,
		By:    program.Child,
		Why:   "the command would write past its terminal, to tutor's, and Ctrl-C would not reach it",
		Shell: "setsid --ctty … < /dev/pts/0 > /dev/pts/0 2>&1",
		Man:   "ioctl_tty(2)",
		Calls: []sys.Call{sys.Ioctl(p.tty, unix.TIOCSCTTY, 0, nil)},
	}
	if !p.Wanted {
		return op.Leave(without)
	}
	for fd := 0; fd <= 2; fd++ {
		op.Calls = append(op.Calls, sys.Dup(p.tty, fd))
	}
	if uid != 0 {
		op.Calls = append(op.Calls, sys.Fchown(p.tty, uid))
	}
	if device { // the first terminal of a new devpts is number 0
		op.Calls = append(op.Calls, sys.EmptyFile("/dev/console", 0o600),
			sys.Mount("/dev/pts/0", "/dev/console", "", unix.MS_BIND, ""))
	}
	return op
}
