package toolbox

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// long is ls -l.
func (l *listing) long(dir string, entries []entry) {
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, l.row(dir, e))
	}
	l.printf("%s", table(rows, l.alignment()))
}

// alignment has a letter a column: < left, > right.
func (l *listing) alignment() string {
	if l.o.has("i") {
		return "><><<><<"
	}
	return "<><<><<"
}

func (l *listing) row(dir string, e entry) []string {
	owner, group := fmt.Sprint(e.Uid), fmt.Sprint(e.Gid)
	if !l.o.has("n") {
		owner, group = l.users.of(int(e.Uid)), l.groups.of(int(e.Gid))
	}
	size := l.size(e.Size, e.Size)
	if k := e.kind(); k == unix.S_IFCHR || k == unix.S_IFBLK {
		size = e.device()
	}
	name := e.name + l.mark(e)
	if e.kind() == unix.S_IFLNK {
		path := e.name
		if dir != "" {
			path = dir + "/" + e.name
		}
		target, err := os.Readlink(path)
		l.complain(err)
		name = e.name + " -> " + target
	}
	row := []string{e.permissions(), fmt.Sprint(e.Nlink), owner, group, size, l.when(e), name}
	if l.o.has("i") {
		row = append([]string{fmt.Sprint(e.Ino)}, row...)
	}
	return row
}

// when shows the time of day for the last half year, and the year before that.
func (l *listing) when(e entry) string {
	at := time.Unix(e.Mtim.Unix())
	if age := l.now.Sub(at); age > 182*24*time.Hour || age < -time.Hour {
		return at.Format("Jan _2  2006")
	}
	return at.Format("Jan _2 15:04")
}
