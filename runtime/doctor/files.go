package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
	"tutor/runtime/namespaces"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// covered is where the child's room is: a directory that every machine has. Only the child sees it covered.
const covered = "/proc"

// room is a file system in memory that only the child sees, with these directories in it.
func room(dirs ...string) program.Op {
	op := program.Op{Name: "room", By: program.Child, Calls: []sys.Call{
		sys.Mount("tmpfs", covered, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m"),
		sys.Chdir(covered),
	}}
	for _, dir := range dirs {
		op.Calls = append(op.Calls, sys.Mkdir(dir, 0o755))
	}
	return op
}

// cake is the smallest overlay, in directories below base.
func cake(base string) program.Op {
	return layers.Overlay(layers.Root{Base: base, Layers: []string{"lower"}, Upper: "upper", Work: "work", Target: "root"})
}

// overlay mounts one in memory, where nothing but the kernel can be against it.
func overlay(Machine) error {
	lower := program.Op{Name: "lower", By: program.Child, Calls: []sys.Call{sys.EmptyFile("lower/file", 0o644)}}
	return half(write, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(),
		room("lower", "upper", "work", "root"), lower, cake(covered))
}

// write does what a container does to its root, here from outside: it takes away a file of the layer below, which
// leaves a whiteout above, and makes a new one. There are file systems that can be mounted and not do that.
func write(pid int) error {
	root := fmt.Sprintf("/proc/%d/cwd", pid)
	if err := os.Remove(filepath.Join(root, "file")); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(root, "file")); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("a file that was taken away is still there")
	}
	return os.WriteFile(filepath.Join(root, "new"), []byte("new\n"), 0o644)
}

// pivot leaves the root. An initramfs cannot be left: EINVAL (pivot_root(2)).
func pivot(Machine) error {
	return half(nothing, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(), room(), layers.Pivot())
}

// volumes attaches a directory of the host's, read-only, inside the room: the three calls of a volume.
func volumes(Machine) error {
	binds := layers.Binds{Name: "volumes", List: []layers.Bind{{Source: covered, Target: "/volume", ReadOnly: true}}}
	return half(nothing, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(), binds.Open(),
		room(), layers.Pivot(), binds.Attach())
}

// fileSystem mounts an overlay whose layers lie where tutor's will. On another overlay, on NFS and on FAT the
// mount fails with EINVAL: they have no extended attributes or no whiteouts (overlayfs.rst, "Upper filesystem").
func fileSystem(m Machine) answer {
	place := nearest(m.Root)
	kind := fileSystemOf(m.read("proc/self/mountinfo"), place)
	err := scratch(place, func(dir string) error {
		for _, name := range []string{"lower", "upper", "work", "root"} {
			if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "lower", "file"), nil, 0o644); err != nil {
			return err
		}
		return half(write, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(), cake(dir))
	})
	a := m.outcome(kind, err)
	if err != nil {
		a.found = kind + ": " + a.found
	}
	return a
}

// fileSystemOf is the type of the file system that path, absolute, lies on: that of the longest mount point above
// it, and of those the last (proc_pid_mountinfo(5)).
func fileSystemOf(mountinfo, path string) string {
	kind, longest := "unknown", 0
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(rest) == 0 {
			continue
		}
		point := fields[4]
		above := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if above && len(point) >= longest {
			kind, longest = rest[0], len(point)
		}
	}
	return kind
}
