package grader

import (
	"encoding/binary"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A gate stands before a file, as a rule the probe's: whoever executes it stands still there until the grader has looked.
// Only so can be seen what was arranged before execve, and what in a hurry after it (fanotify(7), FAN_OPEN_EXEC_PERM,
// Linux 5.0).
type gate struct {
	file  *os.File
	ended chan struct{}
	mutex sync.Mutex
	seen  map[Process]string // who came, and what look said then
}

// newGate puts a gate before files, or with FAN_MARK_FILESYSTEM before all files of their file systems. nil: this kernel has
// none, and the caller must do without.
func newGate(look func(Process) string, scope uint, paths ...string) *gate {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return nil
	}
	for _, path := range paths {
		if err := unix.FanotifyMark(fd, unix.FAN_MARK_ADD|scope, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, path); err != nil {
			unix.Close(fd)
			return nil
		}
	}
	g := &gate{file: os.NewFile(uintptr(fd), "fanotify"), ended: make(chan struct{}), seen: map[Process]string{}}
	go g.keep(look)
	return g
}

// keep lets everyone pass, one by one. struct fanotify_event_metadata: event_len, vers, reserved, metadata_len, mask,
// fd, pid; the answer is fd and FAN_ALLOW.
func (g *gate) keep(look func(Process) string) {
	defer close(g.ended)
	events := make([]byte, 4096)
	for {
		n, err := g.file.Read(events)
		if err != nil {
			return
		}
		for at := 0; at+24 <= n; at += int(binary.NativeEndian.Uint32(events[at:])) {
			fd, pid := binary.NativeEndian.Uint32(events[at+16:]), Process(binary.NativeEndian.Uint32(events[at+20:]))
			said := look(pid)
			g.mutex.Lock()
			g.seen[pid] = said
			g.mutex.Unlock()
			answer := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, fd), unix.FAN_ALLOW)
			g.file.Write(answer)
			unix.Close(int(fd))
		}
	}
}

// Said is what the look at a process said when it came.
func (g *gate) Said(p Process) (string, bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	said, came := g.seen[p]
	return said, came
}

// Close opens the gate for good: the kernel lets pass whoever still stands there. The descriptor must be gone before the next
// process is forked, which would hold a copy of it, and stand before the gate for ever.
func (g *gate) Close() {
	g.file.Close()
	<-g.ended
}
