package layers

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// PackTree writes a file, or a directory with all that is in it, as a tar stream in which it is called name; "."
// stands for what is in the directory, and "" for that without the directory itself. fd is the file, and O_PATH
// will do.
//
// Whoever owns the files may be changing them, and may be an enemy: so the walk is the one of a Delta, by
// descriptors and through no symlink, and nothing but a regular file is opened. A FIFO would wait for ever, and a
// device might do something. Times are whole seconds, as in Docker's archives. Sockets are left out.
func PackTree(ctx context.Context, to io.Writer, fd int, name string) error {
	p := newPacking(ctx, to)
	p.limit, p.grain = math.MaxInt64, time.Second
	top := &step{path: name, fd: fd}
	if err := unix.Fstat(fd, &top.stat); err != nil {
		return err
	}
	visit := func(s *step) error {
		if err := p.file(s); err != nil {
			return fmt.Errorf("%q: %w", s.path, err)
		}
		return nil
	}
	if name != "" && !top.isSocket() {
		if err := visit(top); err != nil {
			return err
		}
	}
	if top.isDir() {
		w := &walker{ctx: ctx, below: &tree{steps: noLimit}, counts: func(s *step) bool { return !s.isSocket() }, visit: visit, ends: func(s *step) bool {
			return s.stat.Dev != top.stat.Dev && madeUp(s.fd)
		}}
		if err := w.directory(top); err != nil {
			return err
		}
	}
	return p.tar.Close()
}

// madeUp tells if the kernel makes up the files of this file system while they are read: they have no size, and
// there is no end of them. A copy of "/" is not meant to hold the memory of all processes.
func madeUp(fd int) bool {
	var stat unix.Statfs_t
	if unix.Fstatfs(fd, &stat) != nil {
		return false
	}
	return slices.Contains(madeUpTypes, int64(stat.Type))
}

var madeUpTypes = []int64{
	unix.PROC_SUPER_MAGIC,    // processes
	unix.SYSFS_MAGIC,         // devices
	unix.CGROUP_SUPER_MAGIC,  // groups, version 1
	unix.CGROUP2_SUPER_MAGIC, // and 2
	unix.DEVPTS_SUPER_MAGIC,  // terminals
	0x19800202,               // MQUEUE_MAGIC (ipc/mqueue.c): message queues
}
