package toolbox

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// An entry is a file as stat(2) sees it. The raw numbers, not os.FileInfo: a device's major and minor, a link's
// count and the inode are what namespaces and overlays are about.
type entry struct {
	name string
	unix.Stat_t
}

// look reads an entry; follow goes through symbolic links.
func look(name, path string, follow bool) (entry, error) {
	e := entry{name: name}
	call := unix.Lstat
	if follow {
		call = unix.Stat
	}
	return e, at(path, call(path, &e.Stat_t))
}

func (e entry) kind() uint32 { return e.Mode & unix.S_IFMT }
func (e entry) isDir() bool  { return e.kind() == unix.S_IFDIR }

// letter is the first of ls -l's ten.
func (e entry) letter() byte {
	switch e.kind() {
	case unix.S_IFDIR:
		return 'd'
	case unix.S_IFLNK:
		return 'l'
	case unix.S_IFCHR:
		return 'c'
	case unix.S_IFBLK:
		return 'b'
	case unix.S_IFIFO:
		return 'p'
	case unix.S_IFSOCK:
		return 's'
	}
	return '-'
}

// permissions is drwxr-xr-x, with s, S, t and T in the places of x.
func (e entry) permissions() string {
	text := []byte{e.letter()}
	for shift := 6; shift >= 0; shift -= 3 {
		for bit, letter := range []byte("rwx") {
			if e.Mode>>shift&(4>>bit) == 0 {
				letter = '-'
			}
			text = append(text, letter)
		}
	}
	for _, special := range []struct {
		bit    uint32
		at     int
		letter byte
	}{{unix.S_ISUID, 3, 's'}, {unix.S_ISGID, 6, 's'}, {unix.S_ISVTX, 9, 't'}} {
		if e.Mode&special.bit == 0 {
			continue
		}
		if text[special.at] == '-' {
			special.letter -= 'a' - 'A'
		}
		text[special.at] = special.letter
	}
	return string(text)
}

// described is stat's %F.
func (e entry) described() string {
	switch e.letter() {
	case 'd':
		return "directory"
	case 'l':
		return "symbolic link"
	case 'c':
		return "character special file"
	case 'b':
		return "block special file"
	case 'p':
		return "fifo"
	case 's':
		return "socket"
	}
	if e.Size == 0 {
		return "regular empty file"
	}
	return "regular file"
}

// device is "major, minor".
func (e entry) device() string {
	return fmt.Sprintf("%d, %d", unix.Major(uint64(e.Rdev)), unix.Minor(uint64(e.Rdev)))
}

// children reads a directory, sorted by name.
func children(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
