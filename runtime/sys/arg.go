package sys

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Int is a signed number: a length, a user ID, a descriptor that is known beforehand.
func Int(n int) Arg {
	return Arg{Word: uintptr(n), show: func(_ Arg, w uintptr) string { return strconv.Itoa(int(w)) }}
}

// Null is an absent pointer.
func Null() Arg {
	return Arg{show: func(Arg, uintptr) string { return "NULL" }}
}

// Of is what an earlier call answered.
func Of(r *Result) Arg {
	return Arg{From: r, show: func(_ Arg, w uintptr) string { return strconv.Itoa(int(int32(w))) }}
}

// Cwd is AT_FDCWD: paths are taken from the current directory, as with the calls that have no "at".
func Cwd() Arg {
	cwd := unix.AT_FDCWD
	return Arg{Word: uintptr(cwd), show: func(Arg, uintptr) string { return "AT_FDCWD" }}
}

// String is a pointer to s and a zero byte.
func String(s string) Arg {
	return Arg{Memory: append([]byte(s), 0), show: func(a Arg, _ uintptr) string {
		return Quote(string(a.Memory[:len(a.Memory)-1]))
	}}
}

// Optional is a string, or NULL for an empty one: the source and type of a mount that has none.
func Optional(s string) Arg {
	if s == "" {
		return Null()
	}
	return String(s)
}

// Bytes is a pointer to exactly these bytes, no zero added; its length is the next argument.
func Bytes(s string) Arg {
	return Arg{Memory: []byte(s), show: func(a Arg, _ uintptr) string { return Quote(string(a.Memory)) }}
}

// Mode is a file's permission bits, in octal.
func Mode(mode uint32) Arg {
	return Arg{Word: uintptr(mode), show: func(_ Arg, w uintptr) string { return octal(w) }}
}

// Flags is a set of bits, each with a name.
func Flags(word uint64, names []Flag) Arg {
	return Arg{Word: uintptr(word), show: func(_ Arg, w uintptr) string { return flagText(uint64(w), names) }}
}

// Enum is one value that has a name.
func Enum(word uint64, names []Flag) Arg {
	return Arg{Word: uintptr(word), show: func(_ Arg, w uintptr) string { return enumText(uint64(w), names) }}
}

// Struct is a pointer to a structure; show prints it from the bytes that the kernel will read.
func Struct(memory []byte, show func(memory []byte) string) Arg {
	return Arg{Memory: memory, show: func(a Arg, _ uintptr) string { return show(a.Memory) }}
}

// Argv is the argument vector of execve(2), all of it.
func Argv(args []string) Arg {
	return Arg{Vector: args, show: func(a Arg, _ uintptr) string {
		quoted := make([]string, len(a.Vector))
		for i, s := range a.Vector {
			quoted[i] = Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}}
}

// Envp is the environment of execve(2). Like strace it prints the address and the count: environments are
// long, and they are where people keep passwords.
func Envp(env []string) Arg {
	return Arg{Vector: env, show: func(a Arg, w uintptr) string {
		vars := "vars"
		if len(a.Vector) == 1 {
			vars = "var"
		}
		if w == 0 {
			return fmt.Sprintf("[/* %d %s */]", len(a.Vector), vars)
		}
		return fmt.Sprintf("%#x /* %d %s */", w, len(a.Vector), vars)
	}}
}

// Quote writes s as a C string, the way strace does: \n and its kin by letter, other bytes that are not
// printable ASCII in octal, as few digits as the next character allows.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if letter := strings.IndexByte("\t\n\v\f\r", c); letter >= 0 {
			b.WriteByte('\\')
			b.WriteByte("tnvfr"[letter])
			continue
		}
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
			b.WriteByte(c)
			continue
		}
		if c >= ' ' && c < 0x7f {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		fmt.Fprintf(&b, `\%o`, c)
	}
	b.WriteByte('"')
	return b.String()
}

func octal(w uintptr) string {
	if w == 0 {
		return "000"
	}
	return fmt.Sprintf("%#03o", w)
}

// words lays 64-bit fields out as the kernel reads them. Every machine that tutor runs on is little-endian.
func words(fields ...uint64) []byte {
	b := make([]byte, 0, 8*len(fields))
	for _, f := range fields {
		b = binary.LittleEndian.AppendUint64(b, f)
	}
	return b
}

// halves lays 32-bit fields out.
func halves(fields ...uint32) []byte {
	b := make([]byte, 0, 4*len(fields))
	for _, f := range fields {
		b = binary.LittleEndian.AppendUint32(b, f)
	}
	return b
}

func word(memory []byte, index int) uint64 { return binary.LittleEndian.Uint64(memory[8*index:]) }
func half(memory []byte, index int) uint32 { return binary.LittleEndian.Uint32(memory[4*index:]) }

// limitText is how strace writes a resource limit: multiples of 1024 as such, and the value of "no limit".
func limitText(v uint64) string {
	if v == math.MaxUint64 {
		return "RLIM64_INFINITY"
	}
	if v > 1024 && v%1024 == 0 {
		return fmt.Sprintf("%d*1024", v/1024)
	}
	return strconv.FormatUint(v, 10)
}
