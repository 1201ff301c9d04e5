package layers

import (
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Bind is a file or directory of the host that the container shall see.
type Bind struct {
	Source   string // on the host, absolute
	Target   string // in the container, absolute
	File     bool   // Source is no directory
	ReadOnly bool
	Memory   *specs.Mount // no bind, but a tmpfs that lies in one: it comes after that, or would be hidden by it

	tree *sys.Result
}

// Binds opens what is on the host before the pivot and attaches it after: by then every path, with all links
// of the image, is walked inside the new root, and none can lead to the host (CVE-2021-30465 and its kin).
type Binds struct {
	Name    string // of the Op that attaches; the one that opens is Name-open
	Why     string
	LeftOut string // why there is nothing to do, if so
	List    []Bind
}

// Open takes hold of the host's side.
func (b *Binds) Open() program.Op {
	op := program.Op{Name: b.Name + "-open", Lab: 4, By: program.Child, Why: b.Why + "; held open, because after the pivot the host is out of sight", Man: "open_tree(2)"}
	var shell []string
	for i := range b.List {
		bind := &b.List[i]
		if bind.Memory != nil {
			shell = append(shell, shellMount(*bind.Memory))
			continue
		}
		bind.tree = &sys.Result{Name: path.Base(bind.Target)}
		op.Calls = append(op.Calls, sys.OpenTree(bind.Source, bind.tree))
		shell = append(shell, "mount --rbind "+bind.Source+" ."+bind.Target)
	}
	op.Shell = strings.Join(shell, "; ")
	if len(b.List) == 0 {
		return op.Leave(b.LeftOut)
	}
	return op
}

// Attach puts it into the container's tree. The last name of the path is made when it is missing: mknod and
// mkdir answer EEXIST for whatever is there, and open nothing. By hand this is one step with the opening: its
// shell line stands there.
func (b *Binds) Attach() program.Op {
	op := program.Op{Name: b.Name, Lab: 4, By: program.Child, Why: b.Why, Man: "move_mount(2)"}
	for _, bind := range b.List {
		if bind.Memory != nil {
			op.Calls = append(op.Calls, memory(*bind.Memory)...)
			continue
		}
		flags := uint64(unix.MOVE_MOUNT_T_SYMLINKS)
		if bind.File { // a dangling link is no place for a file; the file lies over the link itself
			flags = 0
			op.Calls = append(op.Calls, sys.MkdirAll(path.Dir(bind.Target))...)
			op.Calls = append(op.Calls, sys.EmptyFile(bind.Target, 0o644).Tolerate(unix.EEXIST))
		} else {
			op.Calls = append(op.Calls, sys.MkdirAll(bind.Target)...)
		}
		attributes := uint64(unix.MOUNT_ATTR_NODEV) // or root inside could make the host's disk there, by number
		if bind.ReadOnly {
			attributes |= unix.MOUNT_ATTR_RDONLY
		}
		op.Calls = append(op.Calls, sys.MountSetattr(bind.tree, attributes), sys.MoveMount(bind.tree, bind.Target, flags), sys.Close(bind.tree))
	}
	if len(b.List) == 0 {
		return op.Leave(b.LeftOut)
	}
	return op
}
