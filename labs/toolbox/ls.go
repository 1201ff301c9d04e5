package toolbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A listing is ls at work.
type listing struct {
	*tool
	o      options
	users  names
	groups names
	now    time.Time
	titled bool // something was printed: the next directory is set apart from it
}

func ls(t *tool) error {
	o, err := parse("laA1dRhinrtSFCpL", t.args)
	if err != nil {
		return err
	}
	l := &listing{tool: t, o: o, now: time.Now()}
	if o.has("l") && !o.has("n") {
		l.users, l.groups = users(), groups()
	}
	paths := o.rest
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var files []entry
	var dirs []string
	for _, path := range paths {
		e, err := look(path, path, !o.has("dl") || o.has("L"))
		if err != nil {
			e, err = look(path, path, false)
		}
		if err == nil && o.has("l") && !o.has("d") && strings.HasSuffix(path, "/") {
			e, err = look(path, path, true)
		}
		switch {
		case err != nil:
			t.complain(err)
		case e.isDir() && !o.has("d"):
			dirs = append(dirs, path)
		default:
			files = append(files, e)
		}
	}
	slices.SortFunc(files, l.order)
	l.show("", files)
	l.titled = len(files) > 0
	slices.Sort(dirs)
	for _, dir := range dirs {
		l.directory(dir, len(paths) > 1 || o.has("R"))
	}
	if t.failed {
		return exitCode(1 + boolInt(len(files)+len(dirs) == 0))
	}
	return nil
}

func (l *listing) order(a, b entry) int {
	c := 0
	switch {
	case l.o.has("t"):
		c = int(min(1, max(-1, b.Mtim.Nano()-a.Mtim.Nano())))
	case l.o.has("S"):
		c = int(min(1, max(-1, b.Size-a.Size)))
	}
	if c == 0 {
		c = strings.Compare(a.name, b.name)
	}
	if l.o.has("r") {
		return -c
	}
	return c
}

// directory prints what is in dir, and with -R what is below.
func (l *listing) directory(dir string, titled bool) {
	list, err := children(dir)
	if err != nil {
		l.complain(err)
		return
	}
	if titled {
		if l.titled {
			l.println("")
		}
		l.println(dir + ":")
	}
	l.titled = true
	names := []string{}
	if l.o.has("a") {
		names = append(names, ".", "..")
	}
	for _, d := range list {
		if d.Name()[0] != '.' || l.o.has("aA") {
			names = append(names, d.Name())
		}
	}
	var entries []entry
	for _, name := range names {
		e, err := look(name, dir+"/"+name, l.o.has("L"))
		if err != nil {
			l.complain(err)
			continue
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, l.order)
	if l.o.has("ln") {
		var blocks int64
		for _, e := range entries {
			blocks += e.Blocks
		}
		l.println("total " + l.size(blocks*512, blocks/2))
	}
	l.show(dir, entries)
	for _, e := range entries {
		if l.o.has("R") && e.isDir() && e.name != "." && e.name != ".." {
			l.directory(filepath.Join(dir, e.name), true)
		}
	}
}

func (l *listing) size(bytes, plain int64) string {
	if l.o.has("h") {
		return human(uint64(bytes))
	}
	return fmt.Sprint(plain)
}

// show prints entries: in rows of cells with -l, in columns on a terminal, one a line elsewhere.
func (l *listing) show(dir string, entries []entry) {
	if len(entries) == 0 {
		return
	}
	if l.o.has("ln") {
		l.long(dir, entries)
		return
	}
	shown := make([]string, len(entries))
	for i, e := range entries {
		shown[i] = l.inode(e) + e.name + l.mark(e)
	}
	if l.live && !l.o.has("1") {
		l.columns(shown)
		return
	}
	l.println(strings.Join(shown, "\n"))
}

func (l *listing) inode(e entry) string {
	if l.o.has("i") {
		return fmt.Sprintf("%d ", e.Ino)
	}
	return ""
}

// mark is -F's: what kind of file this is.
func (l *listing) mark(e entry) string {
	letter := e.letter()
	switch {
	case letter == 'd' && l.o.has("Fp"):
		return "/"
	case !l.o.has("F"):
		return ""
	case letter == '-' && e.Mode&0o111 != 0:
		return "*"
	}
	return map[byte]string{'l': "@", 'p': "|", 's': "="}[letter]
}

func (l *listing) columns(shown []string) {
	width, screen := 0, 80
	for _, s := range shown {
		width = max(width, len([]rune(s))+2)
	}
	if w, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ); err == nil && w.Col > 0 {
		screen = int(w.Col)
	}
	columns := max(1, screen/width)
	rows := (len(shown) + columns - 1) / columns
	for row := range rows {
		line := ""
		for i := row; i < len(shown); i += rows {
			line += fmt.Sprintf("%-*s", width, shown[i])
		}
		l.println(strings.TrimRight(line, " "))
	}
}

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
