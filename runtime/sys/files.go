package sys

import (
	"fmt"
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// Open is openat(2): path from the current directory, mode 0644 when it creates.
func Open(path string, flags int, yields *Result) Call {
	args := []Arg{Cwd(), String(path), openArg(uint64(flags))}
	if flags&unix.O_CREAT != 0 {
		args = append(args, Mode(0o644))
	}
	return Call{Name: "openat", Number: unix.SYS_OPENAT, Args: args, Yields: yields}
}

// OpenAt2 is openat2(2), Linux 5.6: like open, with rules for how the path may be walked.
func OpenAt2(path string, flags, resolve uint64, yields *Result) Call {
	how := Struct(words(flags, 0, resolve), func(m []byte) string {
		return fmt.Sprintf("{flags=%s, resolve=%s}", openText(word(m, 0)), flagText(word(m, 2), resolveFlags))
	})
	return Call{Name: "openat2", Number: unix.SYS_OPENAT2, Args: []Arg{Cwd(), String(path), how, Int(24)}, Yields: yields}
}

func openArg(flags uint64) Arg {
	return Arg{Word: uintptr(flags), show: func(_ Arg, w uintptr) string { return openText(uint64(w)) }}
}

// openText says O_RDONLY, which is not a bit but the absence of two.
func openText(flags uint64) string {
	if flags&unix.O_ACCMODE != 0 {
		return flagText(flags, openFlags)
	}
	if flags == 0 {
		return "O_RDONLY"
	}
	return "O_RDONLY|" + flagText(flags, openFlags)
}

// Write is write(2). Kernel files (cgroups, sysctls) want the whole value in one call.
func Write(fd *Result, text string) Call {
	return Call{Name: "write", Number: unix.SYS_WRITE, Args: []Arg{Of(fd), Bytes(text), Int(len(text))}}
}

// Close is close(2).
func Close(fd *Result) Call {
	return Call{Name: "close", Number: unix.SYS_CLOSE, Args: []Arg{Of(fd)}}
}

// WriteFile is what `echo text > path` does: open, write, close.
func WriteFile(path, text string) []Call {
	fd := &Result{Name: "fd"}
	return []Call{Open(path, unix.O_WRONLY|unix.O_CLOEXEC, fd), Write(fd, text), Close(fd)}
}

// CloseRange is close_range(2) with CLOSE_RANGE_CLOEXEC, Linux 5.11: every descriptor from first on is shut
// when the process executes something.
func CloseRange(first int) Call {
	last := Arg{Word: math.MaxUint32, show: func(_ Arg, w uintptr) string { return strconv.FormatUint(uint64(w), 10) }}
	return Call{Name: "close_range", Number: unix.SYS_CLOSE_RANGE,
		Args: []Arg{Int(first), last, Flags(unix.CLOSE_RANGE_CLOEXEC, closeRangeFlags)}}
}

// Dup puts a second handle of fd at the number to: dup3(2).
func Dup(fd *Result, to int) Call {
	return Call{Name: "dup3", Number: unix.SYS_DUP3, Args: []Arg{Of(fd), Int(to), Int(0)}}
}

// Mkdir is mkdirat(2).
func Mkdir(path string, mode uint32) Call {
	return Call{Name: "mkdirat", Number: unix.SYS_MKDIRAT, Args: []Arg{Cwd(), String(path), Mode(mode)}}
}

// MkdirAll makes dir and its parents where they are missing. That something is there already, or cannot be
// made on a read-only file system, is no failure: whatever needs the directory will say.
func MkdirAll(dir string) []Call {
	var calls []Call
	for i := 1; i <= len(dir); i++ {
		if (i == len(dir) || dir[i] == '/') && dir[:i] != "/" {
			calls = append(calls, Mkdir(dir[:i], 0o755).Tolerate(unix.EEXIST, unix.EROFS))
		}
	}
	return calls
}

// Rmdir is unlinkat(2) with AT_REMOVEDIR.
func Rmdir(path string) Call {
	return Call{Name: "unlinkat", Number: unix.SYS_UNLINKAT,
		Args: []Arg{Cwd(), String(path), Flags(unix.AT_REMOVEDIR, unlinkFlags)}}
}

// Device is mknodat(2) for a character device.
func Device(path string, mode uint32, major, minor uint32) Call {
	dev := Arg{Word: uintptr(unix.Mkdev(major, minor)), show: func(_ Arg, w uintptr) string {
		return "makedev(" + hex(unix.Major(uint64(w))) + ", " + hex(unix.Minor(uint64(w))) + ")"
	}}
	return Call{Name: "mknodat", Number: unix.SYS_MKNODAT, Args: []Arg{Cwd(), String(path), nodeMode(unix.S_IFCHR | mode), dev}}
}

// EmptyFile is mknodat(2) for an ordinary file. Unlike open with O_CREAT it never follows a last symbolic
// link and never opens, so an image's FIFO cannot make it wait.
func EmptyFile(path string, mode uint32) Call {
	return Call{Name: "mknodat", Number: unix.SYS_MKNODAT, Args: []Arg{Cwd(), String(path), nodeMode(unix.S_IFREG | mode), unused(0)}}
}

func nodeMode(mode uint32) Arg {
	return Arg{Word: uintptr(mode), show: func(_ Arg, w uintptr) string {
		return enumText(uint64(w)&unix.S_IFMT, fileTypes) + fmt.Sprintf("|%#03o", w&^uintptr(unix.S_IFMT))
	}}
}

// unused is a register that the kernel does not look at in this call; strace does not print it.
func unused(w uintptr) Arg {
	return Arg{Word: w, show: func(Arg, uintptr) string { return "" }}
}

// Symlink is symlinkat(2): path will point to target.
func Symlink(target, path string) Call {
	return Call{Name: "symlinkat", Number: unix.SYS_SYMLINKAT, Args: []Arg{String(target), Cwd(), String(path)}}
}

// Umask is umask(2). It never fails; it answers the mask before.
func Umask(mask uint32) Call {
	return Call{Name: "umask", Number: unix.SYS_UMASK, Args: []Arg{Mode(mask)}, Octal: true}
}

// Chdir is chdir(2).
func Chdir(path string) Call {
	return Call{Name: "chdir", Number: unix.SYS_CHDIR, Args: []Arg{String(path)}}
}

// Fchdir is fchdir(2): the directory by its descriptor.
func Fchdir(fd *Result) Call {
	return Call{Name: "fchdir", Number: unix.SYS_FCHDIR, Args: []Arg{Of(fd)}}
}

// hex is C's %#x: zero has no prefix.
func hex(n uint32) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}
