package toolbox

import (
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func chmod(t *tool) error {
	args, dashed := t.args, ""
	for i, arg := range args { // chmod -x FILE: a mode that looks like flags
		if len(arg) > 1 && arg[0] == '-' && strings.Trim(arg[1:], "rwxXst,+=ugoa") == "" {
			dashed, args = arg, append(append([]string{}, args[:i]...), args[i+1:]...)
			break
		}
	}
	o, err := parse("Rvf recursive=R", args)
	if err != nil {
		return err
	}
	if dashed != "" {
		o.rest = append([]string{dashed}, o.rest...)
	}
	if len(o.rest) < 2 {
		return usageError("a mode and files, please")
	}
	if _, err := newMode(o.rest[0], 0, false); err != nil {
		return err
	}
	t.walk(o.rest[1:], o.has("R"), func(path string) error {
		e, err := look(path, path, true)
		if err != nil {
			return err
		}
		mode, _ := newMode(o.rest[0], e.Mode&0o7777, e.isDir())
		return at(path, unix.Chmod(path, mode))
	})
	return nil
}

// walk does something with each path, and with -R with everything below. Symbolic links below are left alone:
// what they point to is somebody else's.
func (t *tool) walk(paths []string, recursive bool, do func(path string) error) {
	for _, root := range paths {
		if !recursive {
			t.complain(do(root))
			continue
		}
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				t.complain(err)
				return nil
			}
			if path == root || d.Type()&fs.ModeSymlink == 0 {
				t.complain(do(path))
			}
			return nil
		})
	}
}

// newMode applies 755, u+x, go-w, a=rX, +t to a mode.
func newMode(text string, old uint32, dir bool) (uint32, error) {
	if n, err := strconv.ParseUint(text, 8, 32); err == nil && n <= 0o7777 {
		return uint32(n), nil
	}
	mode := old
	for clause := range strings.SplitSeq(text, ",") {
		who, rest, ok := whose(clause)
		for ok && rest != "" {
			end := 1 + len(rest[1:]) - len(strings.TrimLeft(rest[1:], "rwxXstugo"))
			var bits uint32
			bits, ok = modeBits(rest[1:end], mode, dir)
			switch rest[0] {
			case '+':
				mode |= bits & who
			case '-':
				mode &^= bits & who
			case '=':
				mode = mode&^(who&0o777) | bits&who
			default:
				ok = false
			}
			rest = rest[end:]
		}
		if !ok {
			return 0, usageError(text + " is not a mode")
		}
	}
	return mode, nil
}

// whose reads the u, g, o and a of a clause. Without any, all are meant and the umask has a say (POSIX).
func whose(clause string) (who uint32, rest string, ok bool) {
	at := strings.IndexAny(clause, "+-=")
	if at < 0 {
		return 0, "", false
	}
	for _, letter := range clause[:at] {
		bits, known := map[rune]uint32{'u': 0o4700, 'g': 0o2070, 'o': 0o1007, 'a': 0o7777}[letter]
		if !known {
			return 0, "", false
		}
		who |= bits
	}
	if at == 0 {
		mask := unix.Umask(0)
		unix.Umask(mask)
		who = 0o7777 &^ uint32(mask)
	}
	return who, clause[at:], true
}

func modeBits(letters string, old uint32, dir bool) (uint32, bool) {
	var bits uint32
	for _, letter := range letters {
		switch letter {
		case 'r':
			bits |= 0o444
		case 'w':
			bits |= 0o222
		case 'x':
			bits |= 0o111
		case 'X':
			if dir || old&0o111 != 0 {
				bits |= 0o111
			}
		case 's':
			bits |= 0o6000
		case 't':
			bits |= 0o1000
		case 'u':
			bits |= old >> 6 & 7 * 0o111
		case 'g':
			bits |= old >> 3 & 7 * 0o111
		case 'o':
			bits |= old & 7 * 0o111
		default:
			return 0, false
		}
	}
	return bits, true
}

func chown(t *tool) error {
	o, err := parse("Rhvf recursive=R", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) < 2 {
		return usageError("an owner and files, please")
	}
	user, group, both := strings.Cut(o.rest[0], ":")
	uid, gid, ok := -1, -1, true
	if user != "" {
		if uid, ok = users().id(user); !ok {
			return usageError(user + ": no such user")
		}
	}
	if both && group == "" {
		gid = users().group[user]
	}
	if group != "" {
		if gid, ok = groups().id(group); !ok {
			return usageError(group + ": no such group")
		}
	}
	change := unix.Chown
	if o.has("h") {
		change = unix.Lchown
	}
	t.walk(o.rest[1:], o.has("R"), func(path string) error { return at(path, change(path, uid, gid)) })
	return nil
}
