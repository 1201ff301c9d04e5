package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Mount is mount(2). Empty strings are NULL: a bind mount has no type, a change of propagation no source.
func Mount(source, target, fstype string, flags uint64, data string) Call {
	return Call{Name: "mount", Number: unix.SYS_MOUNT,
		Args: []Arg{Optional(source), String(target), Optional(fstype), Flags(flags, mountFlags), Optional(data)}}
}

// Umount is umount2(2).
func Umount(target string, flags uint64) Call {
	return Call{Name: "umount2", Number: unix.SYS_UMOUNT2, Args: []Arg{String(target), Flags(flags, umountFlags)}}
}

// PivotRoot is pivot_root(2): newRoot becomes "/", the old root moves to putOld.
func PivotRoot(newRoot, putOld string) Call {
	return Call{Name: "pivot_root", Number: unix.SYS_PIVOT_ROOT, Args: []Arg{String(newRoot), String(putOld)}}
}

// OpenTree is open_tree(2), Linux 5.2: a copy of the mount at path, with the mounts below it, held by a
// descriptor and attached nowhere yet.
func OpenTree(path string, yields *Result) Call {
	const flags = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE
	return Call{Name: "open_tree", Number: unix.SYS_OPEN_TREE,
		Args: []Arg{Cwd(), String(path), Flags(flags, treeFlags)}, Yields: yields}
}

// MoveMount is move_mount(2), Linux 5.2: attaches the tree at target. flags may add MOVE_MOUNT_T_SYMLINKS.
func MoveMount(tree *Result, target string, flags uint64) Call {
	return Call{Name: "move_mount", Number: unix.SYS_MOVE_MOUNT,
		Args: []Arg{Of(tree), String(""), Cwd(), String(target), Flags(unix.MOVE_MOUNT_F_EMPTY_PATH|flags, moveFlags)}}
}

// MountSetattr is mount_setattr(2), Linux 5.12, on a whole tree: attr is set on every mount in it.
func MountSetattr(tree *Result, attr uint64) Call {
	change := Struct(words(attr, 0, 0, 0), func(m []byte) string {
		return fmt.Sprintf("{attr_set=%s, attr_clr=%d, propagation=%d, userns_fd=%d}",
			flagText(word(m, 0), mountAttributes), word(m, 1), word(m, 2), word(m, 3))
	})
	return Call{Name: "mount_setattr", Number: unix.SYS_MOUNT_SETATTR,
		Args: []Arg{Of(tree), String(""), Flags(unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, atFlags), change, Int(32)}}
}
