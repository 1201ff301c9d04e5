package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

// A view is a container's files, open as one descriptor of its root. No path of the container is ever walked
// from the host's "/", and no code of its is run or loaded: helpers that did a chroot and then loaded a library
// of the container's gave it the host (CVE-2019-14271).
type view struct {
	root  int
	close func()
}

// view opens a container's files. whole: with its volumes, as it sees them itself; else only its own root.
func (h Home) view(ctx context.Context, s State, whole bool) (view, error) {
	if _, err := h.Delta(s); err != nil {
		return view{}, err // it has no files of its own
	}
	live, runs := h.alive(s.ID)
	if !runs {
		return h.mounted(ctx, s, whole)
	}
	root, err := rootOf(live, whole)
	if _, still := h.alive(s.ID); err == nil && !still {
		unix.Close(root) // the PID may be another's by now
		err = fmt.Errorf("container %.12s has ended just now", s.ID)
	}
	if err != nil {
		return view{}, err
	}
	return view{root, func() { unix.Close(root) }}, nil
}

// rootOf opens the root of a running container, in its own table of mounts.
func rootOf(live Live, whole bool) (int, error) {
	name := fmt.Sprintf("/proc/%d/root", live.PID)
	root, err := unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	var its, ours unix.Stat_t
	err = errors.Join(unix.Fstat(root, &its), unix.Stat("/", &ours))
	if err == nil && its.Dev == ours.Dev && its.Ino == ours.Ino {
		err = Hint(errors.New("the container's root is the host's"), "it was started --without pivot or mount-ns, or has not come so far: copy with cp")
	}
	if err == nil && !whole {
		defer unix.Close(root)
		return alone(live.PID)
	}
	if err != nil {
		unix.Close(root)
		return -1, err
	}
	return root, nil
}

// alone is the root of a running container without anything that is mounted in it: a copy of that one mount,
// which hangs nowhere and is gone with its descriptor.
func alone(pid int) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is thrown away with its namespace
		fd, err = cloneRoot(pid)
	}()
	<-done
	return fd, err
}

func cloneRoot(pid int) (int, error) {
	ns, err := unix.Open(fmt.Sprintf("/proc/%d/ns/mnt", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(ns)
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // setns(2) gives EINVAL to a thread that shares its root
		return -1, os.NewSyscallError("unshare", err)
	}
	if err := unix.Setns(ns, unix.CLONE_NEWNS); err != nil {
		return -1, os.NewSyscallError("setns", err)
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	return fd, os.NewSyscallError("open_tree", err)
}

// mounted opens the files of a container that does not run: its overlay is mounted as the start would, where
// nobody else sees it, in a table of mounts that only one thread of ours is in. With the thread all of it goes,
// however tutor ends. One at a time: two overlays must not write into one upper directory (overlayfs.rst).
func (h Home) mounted(ctx context.Context, s State, whole bool) (view, error) {
	turn := func() error { return nil }
	if whole {
		held, err := h.turn(ctx, s.ID)
		if err != nil {
			return view{}, err
		}
		if _, runs := h.alive(s.ID); runs { // started while we waited
			held.Close()
			return h.view(ctx, s, whole)
		}
		turn = held.Close
	}
	root, opened, end, gone := -1, make(chan struct{}), make(chan struct{}), make(chan struct{})
	var err error
	go func() {
		defer close(gone)
		runtime.LockOSThread() // and never unlocked, as above
		root, err = h.mount(s, whole)
		close(opened)
		<-end
		if root >= 0 { // not only when the thread has ended: somebody else may have his turn now
			unix.Unmount(filepath.Join(h.Dir(s.ID), "rootfs"), unix.MNT_DETACH)
		}
	}()
	<-opened
	v := view{root, func() {
		unix.Close(root)
		close(end)
		<-gone
		turn()
	}}
	if err != nil {
		v.close()
		return view{}, fmt.Errorf("container %.12s: %w", s.ID, err)
	}
	return v, nil
}

// mount mounts in the thread's own table. Without volumes nothing is to be written, and the upper directory is
// one more layer to read: that may be done to a container that somebody starts meanwhile.
func (h Home) mount(s State, whole bool) (int, error) {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return -1, os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return -1, os.NewSyscallError("mount", err)
	}
	if err := unix.Chdir(filepath.Join(h.Root, "layers")); err != nil { // one page of options holds no long paths
		return -1, os.NewSyscallError("chdir", err)
	}
	spec, err := h.spec(s.ID)
	if err != nil {
		return -1, err
	}
	own := filepath.Join("..", "containers", s.ID)
	upper, flags := filepath.Join(own, "upper"), uintptr(unix.MS_NODEV|unix.MS_NOSUID)
	options := layers.Root{Layers: s.Layers, Upper: upper, Work: filepath.Join(own, "work")}.Options()
	if !whole {
		options = "lowerdir=" + strings.Join(append([]string{upper}, s.Layers...), ":")
	}
	if !whole || (spec.Root != nil && spec.Root.Readonly) {
		flags |= unix.MS_RDONLY
	}
	target := filepath.Join(own, "rootfs")
	if err := unix.Access(upper, unix.W_OK); err != nil && whole { // overlayfs would say EINVAL of a read-only file system
		return -1, &os.PathError{Op: "write", Path: h.Dir(s.ID), Err: err}
	}
	if err := unix.Mount("overlay", target, "overlay", flags, options); err != nil {
		return -1, os.NewSyscallError("mount", err)
	}
	root, err := unix.Open(target, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil || !whole {
		return root, err
	}
	return root, h.attach(root, s.ID, *spec)
}

// attach shows the host's files in the container's tree, where its spec has them: what the start binds.
func (h Home) attach(root int, id string, spec specs.Spec) error {
	binds := slices.DeleteFunc(slices.Clone(spec.Mounts), func(m specs.Mount) bool { return m.Type != "bind" })
	slices.SortStableFunc(binds, func(a, b specs.Mount) int { return outermost(a.Destination, b.Destination) })
	for _, m := range binds {
		info, err := os.Stat(m.Source)
		if err != nil {
			return err
		}
		if err := attach(root, layers.Bind{Source: m.Source, Target: m.Destination, File: !info.IsDir(), ReadOnly: readOnly(m)}); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.Source, m.Destination, err)
		}
	}
	for _, name := range []string{"resolv.conf", "hostname", "hosts"} { // last, as the start does: a volume at /etc would hide them
		bind := layers.Bind{Source: filepath.Join(h.Dir(id), name), Target: "/etc/" + name, File: true}
		if slices.ContainsFunc(binds, func(m specs.Mount) bool { return m.Destination == bind.Target }) {
			continue
		}
		if err := attach(root, bind); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// attach binds as layers.Binds does. The target is walked inside the container's root, and then held: a symlink
// that comes in its way leads nowhere else (CVE-2021-30465).
func attach(root int, b layers.Bind) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, b.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return &fs.PathError{Op: "open_tree", Path: b.Source, Err: err}
	}
	defer unix.Close(tree)
	attributes := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOSUID}
	if b.ReadOnly {
		attributes.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attributes); err != nil {
		return os.NewSyscallError("mount_setattr", err)
	}
	target, err := layers.Ground{Root: root, Dir: "/", Links: true}.Place(b.Target, b.File)
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil // the container has put something else in its place, where no path leads to it any more
	}
	if err != nil {
		return err
	}
	defer unix.Close(target)
	return os.NewSyscallError("move_mount", unix.MoveMount(tree, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}
