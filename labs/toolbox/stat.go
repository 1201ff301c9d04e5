package toolbox

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func stat(t *tool) error {
	o, err := parse("Lc:t format=c printf=c", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) == 0 {
		return usageError("a file, please")
	}
	for _, path := range o.rest {
		e, err := look(path, path, o.has("L"))
		if err != nil {
			t.complain(err)
			continue
		}
		if format := o.value('c', ""); format != "" {
			t.println(e.format(format))
			continue
		}
		t.println(e.format("  File: %N\n" + fmt.Sprintf("  Size: %-10s\tBlocks: %-10s IO Block: %-6s %s",
			e.format("%s"), e.format("%b"), e.format("%o"), e.described())))
		t.println(fmt.Sprintf("Device: %s\tInode: %-11s Links: %s", e.format("%Hd,%Ld"), e.format("%i"), e.linksAndDevice()))
		t.println(fmt.Sprintf("Access: (%04o/%s)  Uid: (%5d/%8s)   Gid: (%5d/%8s)", e.Mode&0o7777, e.permissions(),
			e.Uid, users().of(int(e.Uid)), e.Gid, groups().of(int(e.Gid))))
		t.println(e.format("Access: %x\nModify: %y\nChange: %z"))
	}
	return nil
}

func (e entry) linksAndDevice() string {
	if k := e.kind(); k != unix.S_IFCHR && k != unix.S_IFBLK {
		return fmt.Sprint(e.Nlink)
	}
	return fmt.Sprintf("%-5d Device type: %s", e.Nlink, strings.ReplaceAll(e.device(), " ", ""))
}

// format fills in stat -c's directives.
func (e entry) format(format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i+1 < len(format) && (format[i] == 'H' || format[i] == 'L') && format[i+1] == 'd' {
			b.WriteString(map[byte]string{'H': fmt.Sprint(unix.Major(uint64(e.Dev))), 'L': fmt.Sprint(unix.Minor(uint64(e.Dev)))}[format[i]])
			i++
			continue
		}
		b.WriteString(e.directive(format[i]))
	}
	return b.String()
}

const stamp = "2006-01-02 15:04:05.000000000 -0700"

// directives are stat -c's.
var directives = map[byte]func(entry) string{
	'n': func(e entry) string { return e.name },
	'N': func(e entry) string { return e.quoted() },
	's': func(e entry) string { return fmt.Sprint(e.Size) },
	'b': func(e entry) string { return fmt.Sprint(e.Blocks) },
	'B': func(entry) string { return "512" },
	'o': func(e entry) string { return fmt.Sprint(e.Blksize) },
	'a': func(e entry) string { return fmt.Sprintf("%o", e.Mode&0o7777) },
	'A': entry.permissions,
	'f': func(e entry) string { return fmt.Sprintf("%x", e.Mode) },
	'F': entry.described,
	'u': func(e entry) string { return fmt.Sprint(e.Uid) },
	'U': func(e entry) string { return users().unknown(int(e.Uid)) },
	'g': func(e entry) string { return fmt.Sprint(e.Gid) },
	'G': func(e entry) string { return groups().unknown(int(e.Gid)) },
	'i': func(e entry) string { return fmt.Sprint(e.Ino) },
	'h': func(e entry) string { return fmt.Sprint(e.Nlink) },
	'd': func(e entry) string { return fmt.Sprint(e.Dev) },
	'D': func(e entry) string { return fmt.Sprintf("%x", e.Dev) },
	't': func(e entry) string { return fmt.Sprintf("%x", unix.Major(uint64(e.Rdev))) },
	'T': func(e entry) string { return fmt.Sprintf("%x", unix.Minor(uint64(e.Rdev))) },
	'X': func(e entry) string { return fmt.Sprint(e.Atim.Sec) },
	'Y': func(e entry) string { return fmt.Sprint(e.Mtim.Sec) },
	'Z': func(e entry) string { return fmt.Sprint(e.Ctim.Sec) },
	'x': func(e entry) string { return time.Unix(e.Atim.Unix()).Format(stamp) },
	'y': func(e entry) string { return time.Unix(e.Mtim.Unix()).Format(stamp) },
	'z': func(e entry) string { return time.Unix(e.Ctim.Unix()).Format(stamp) },
	'%': func(entry) string { return "%" },
}

func (e entry) directive(letter byte) string {
	if show, ok := directives[letter]; ok {
		return show(e)
	}
	return "?"
}

// quoted is the name, and where it leads when it is a link.
func (e entry) quoted() string {
	if target, err := os.Readlink(e.name); err == nil {
		return e.name + " -> " + target
	}
	return e.name
}

// unknown is the name of a number, or stat's UNKNOWN.
func (n names) unknown(id int) string {
	if name, ok := n.byID[id]; ok {
		return name
	}
	return "UNKNOWN"
}
