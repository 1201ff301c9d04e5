// Package layers is lab 4: where a container's files come from. Layers are directories; overlayfs shows them
// as one, and writes only into the topmost.
package layers

import (
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Root is the container's file system before it is mounted.
type Root struct {
	Layers []string // directories below Base, topmost first
	Base   string   // the directory that all paths here are relative to, absolute itself
	Upper  string   // below Base: where what the container writes goes
	Work   string   // below Base, same file system as Upper: overlayfs's own
	Target string   // below Base: an empty directory to mount on
}

// Overlay mounts the layers as one tree, inside the child's own mount table. The paths are relative, because
// mount(2) takes one page of options and an image may have 127 layers. No device that lies in a layer can be
// used (MS_NODEV): a stranger may have put the host's disk there, by number.
func Overlay(r Root) program.Op {
	options := r.Options()
	return program.Op{
		Name:  "overlay",
		Lab:   4,
		By:    program.Child,
		Why:   "every container would need a copy of all its image's files, or write into everybody's",
		Shell: "cd " + r.Base + "; mount -t overlay -o nodev," + options + " overlay " + r.Target,
		Man:   "mount(2)",
		Calls: []sys.Call{
			sys.Chdir(r.Base),
			sys.Mount("overlay", r.Target, "overlay", unix.MS_NODEV, options),
			sys.Chdir(r.Target),
		},
	}
}

// Options are the overlay's, relative to Base.
func (r Root) Options() string {
	return "lowerdir=" + strings.Join(r.Layers, ":") + ",upperdir=" + r.Upper + ",workdir=" + r.Work
}

// Pivot makes the current directory, where the overlay has been mounted, the root and takes the old one away.
// After chroot the old root is only hidden, and a root process finds its way back; after this it is not there.
// The old root ends up on top of the new one (pivot_root(2), the example with ".").
func Pivot() program.Op {
	return program.Op{
		Name:  "pivot",
		Lab:   4,
		By:    program.Child,
		Why:   "the command would see and change the host's files",
		Shell: "pivot_root . . && umount -l .",
		Man:   "pivot_root(2)",
		Calls: []sys.Call{
			sys.PivotRoot(".", "."),
			sys.Umount(".", unix.MNT_DETACH),
			sys.Chdir("/"),
		},
	}
}

// ReadOnly makes the root read-only, after everything that the start needs in it has been made (--read-only).
func ReadOnly(on bool) program.Op {
	op := program.Op{
		Name:  "read-only",
		Lab:   4,
		By:    program.Child,
		Why:   "the container could change its own programs",
		Shell: "mount -o remount,bind,ro /",
		Man:   "mount(2)",
		Calls: []sys.Call{sys.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")},
	}
	if !on {
		return op.Leave("no --read-only given")
	}
	return op
}
