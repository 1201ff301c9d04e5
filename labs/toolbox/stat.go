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
		t.println(fmt.Sprintf("Device: %-15s Inode: %-11s Links: %s", e.format("%Hd,%Ld"), e.format("%i"), e.linksAndDevice()))
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

func (e entry) directive(letter byte) string {
	const stamp = "2006-01-02 15:04:05.000000000 -0700"
	switch letter {
	case 'n':
		return e.name
	case 'N':
		if target, err := os.Readlink(e.name); err == nil {
			return e.name + " -> " + target
		}
		return e.name
	case 's':
		return fmt.Sprint(e.Size)
	case 'b':
		return fmt.Sprint(e.Blocks)
	case 'B':
		return "512"
	case 'o':
		return fmt.Sprint(e.Blksize)
	case 'a':
		return fmt.Sprintf("%o", e.Mode&0o7777)
	case 'A':
		return e.permissions()
	case 'f':
		return fmt.Sprintf("%x", e.Mode)
	case 'F':
		return e.described()
	case 'u':
		return fmt.Sprint(e.Uid)
	case 'U':
		return users().unknown(int(e.Uid))
	case 'g':
		return fmt.Sprint(e.Gid)
	case 'G':
		return groups().unknown(int(e.Gid))
	case 'i':
		return fmt.Sprint(e.Ino)
	case 'h':
		return fmt.Sprint(e.Nlink)
	case 'd':
		return fmt.Sprint(e.Dev)
	case 'D':
		return fmt.Sprintf("%x", e.Dev)
	case 't':
		return fmt.Sprintf("%x", unix.Major(uint64(e.Rdev)))
	case 'T':
		return fmt.Sprintf("%x", unix.Minor(uint64(e.Rdev)))
	case 'X':
		return fmt.Sprint(e.Atim.Sec)
	case 'Y':
		return fmt.Sprint(e.Mtim.Sec)
	case 'Z':
		return fmt.Sprint(e.Ctim.Sec)
	case 'x':
		return time.Unix(e.Atim.Unix()).Format(stamp)
	case 'y':
		return time.Unix(e.Mtim.Unix()).Format(stamp)
	case 'z':
		return time.Unix(e.Ctim.Unix()).Format(stamp)
	case '%':
		return "%"
	}
	return "?"
}

// unknown is the name of a number, or stat's UNKNOWN.
func (n names) unknown(id int) string {
	if name, ok := n.byID[id]; ok {
		return name
	}
	return "UNKNOWN"
}
