package grader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Watch waits for a student to save something. The kernel says when to look (inotify(7)); what has changed is found
// by comparing, so that an editor which writes a backup, renames, and writes again is one change and not four.
type Watch struct {
	How     string // "inotify", or why it looks once a second instead
	path    string // as the student says it
	real    string // where that leads to
	ignored string // what the grader itself writes there, as the kernel calls it
	seen    map[string]stamp
	events  *os.File // nil: no inotify here
	fd      int      // of events: asking it for that would make it blocking
}

// A stamp is what changes when a file does.
type stamp struct {
	inode       uint64
	size, mtime int64
	mode        fs.FileMode
}

// foreign are file systems on which somebody else writes, of which inotify tells nothing: a folder that a virtual
// machine shares with its host, or a server's (statfs(2)).
var foreign = map[uint32]string{
	0x786f4256: "vboxsf", // VirtualBox
	0xbacbacbc: "vmhgfs", // VMware
	0x01021997: "9p",     // QEMU, WSL
	0x65735546: "fuse",   // virtiofs, sshfs, Parallels
	0x6969:     "nfs",
	0xff534d42: "cifs",
	0xfe534d42: "smb3",
}

// NewWatch watches a program, or a folder and those below it. Files and folders whose name begins with a dot do not count.
func NewWatch(path, ignored string) (*Watch, error) {
	w := &Watch{path: filepath.Clean(path), How: "inotify"}
	var err error
	if w.real, err = resolved(path); err != nil {
		return nil, err
	}
	if folder, err := resolved(filepath.Dir(ignored)); err == nil && ignored != "" {
		w.ignored = filepath.Join(folder, filepath.Base(ignored))
	}
	var about unix.Statfs_t
	if err := unix.Statfs(path, &about); err != nil {
		return nil, err
	}
	if name := foreign[uint32(about.Type)]; name != "" {
		w.How = "looking once a second: on " + name + " the kernel hears of no change that is made elsewhere"
		return w, w.Look()
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		w.How = "looking once a second: inotify_init1: " + err.Error()
		return w, w.Look()
	}
	w.events, w.fd = os.NewFile(uintptr(fd), "inotify"), fd
	return w, w.Look()
}

// resolved is a path without links, from the root.
func resolved(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// Close ends the watch.
func (w *Watch) Close() {
	if w.events != nil {
		w.events.Close()
	}
}

// Look takes what is there now for known. It comes before the grading, so that what is saved meanwhile is a change.
func (w *Watch) Look() error {
	var err error
	w.seen, err = w.look()
	return err
}

// Next waits for a change, and for the end of it; it returns the name of a file that has changed.
func (w *Watch) Next(ctx context.Context) (string, error) {
	for {
		now, err := w.look()
		if err != nil {
			return "", err
		}
		if name := changed(w.seen, now); name != "" {
			return name, w.settle(ctx, now)
		}
		if err := w.await(ctx); err != nil {
			return "", err
		}
	}
}

// settle waits until nothing moves: an editor may save many files, and a compiler writes for a while.
func (w *Watch) settle(ctx context.Context, last map[string]stamp) error {
	for range 50 {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		now, err := w.look()
		if err != nil || changed(last, now) == "" {
			return err
		}
		last = now
	}
	return nil
}

// await waits for a word from the kernel, or for a second.
func (w *Watch) await(ctx context.Context) error {
	if w.events == nil {
		return pause(ctx, time.Second)
	}
	if err := w.events.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { w.events.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := w.events.Read(make([]byte, 64<<10))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// look lists what is there. Of every folder the kernel shall tell from now on; to say so twice does no harm.
func (w *Watch) look() (map[string]stamp, error) {
	info, err := os.Stat(w.path)
	if err == nil && !info.IsDir() {
		w.listen(filepath.Dir(w.path)) // an editor puts a new file in the place of the old
		w.listen(filepath.Dir(w.real))
		return map[string]stamp{w.path: stampOf(info)}, nil
	}
	found := map[string]stamp{}
	err = filepath.WalkDir(w.real, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		if path != w.real && strings.HasPrefix(d.Name(), ".") || path == w.ignored {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			w.listen(path)
			return nil
		}
		info, err := d.Info()
		if err == nil {
			found[filepath.Join(w.path, strings.TrimPrefix(path, w.real))] = stampOf(info)
		}
		return ignoreGone(err)
	})
	return found, err
}

// ignoreGone passes over what was there a moment ago.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// listen asks the kernel to tell of a folder. If it cannot take one more, the watch looks for itself.
func (w *Watch) listen(dir string) {
	if w.events == nil {
		return
	}
	const mask = unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_MOVE | unix.IN_DELETE | unix.IN_ATTRIB | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(w.fd, dir, mask); err != nil && !errors.Is(err, unix.ENOENT) {
		w.How = fmt.Sprintf("looking once a second: inotify_add_watch: %v", err)
		w.events.Close()
		w.events = nil
	}
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{info.Sys().(*syscall.Stat_t).Ino, info.Size(), info.ModTime().UnixNano(), info.Mode()}
}

// changed is the name of a file that is new, other or gone; "": there is none.
func changed(before, now map[string]stamp) string {
	for name, s := range now {
		if before[name] != s {
			return name
		}
	}
	for name := range before {
		if _, there := now[name]; !there {
			return name
		}
	}
	return ""
}
