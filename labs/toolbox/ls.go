package toolbox

import (
	"fmt"
	"io/fs"
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
	files, dirs := l.sorted(paths)
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

// sorted puts files and directories apart: a directory that was named is gone into, unless -d.
func (l *listing) sorted(paths []string) (files []entry, dirs []string) {
	for _, path := range paths {
		e, err := look(path, path, !l.o.has("dl") || l.o.has("L") || strings.HasSuffix(path, "/"))
		if err != nil {
			e, err = look(path, path, false)
		}
		switch {
		case err != nil:
			l.complain(err)
		case e.isDir() && !l.o.has("d"):
			dirs = append(dirs, path)
		default:
			files = append(files, e)
		}
	}
	return files, dirs
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
	entries := l.entries(dir, list)
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

func (l *listing) entries(dir string, list []fs.DirEntry) []entry {
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
	return entries
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
