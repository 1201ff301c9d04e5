package toolbox

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// uname: a container has a node name of its own, and everything else is the host's kernel: there is but one.
func uname(t *tool) error {
	o, err := parse("asnrvmpio", t.args)
	if err != nil {
		return err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	var words []string
	for _, field := range []struct {
		flag string
		text string
	}{
		{"s", unix.ByteSliceToString(u.Sysname[:])},
		{"n", unix.ByteSliceToString(u.Nodename[:])},
		{"r", unix.ByteSliceToString(u.Release[:])},
		{"v", unix.ByteSliceToString(u.Version[:])},
		{"m", unix.ByteSliceToString(u.Machine[:])},
		{"o", "GNU/Linux"},
	} {
		if o.has("a"+field.flag) || len(o.given) == 0 && field.flag == "s" {
			words = append(words, field.text)
		}
	}
	t.println(strings.Join(words, " "))
	return nil
}

func hostname(t *tool) error {
	o, err := parse("sfF:", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) > 0 {
		if err := unix.Sethostname([]byte(o.rest[0])); err != nil {
			return fmt.Errorf("sethostname: %s", reason(err))
		}
		return nil
	}
	name, err := os.Hostname()
	if o.has("s") {
		name, _, _ = strings.Cut(name, ".")
	}
	t.println(name)
	return err
}

// nproc counts the CPUs that the process may run on (sched_getaffinity(2)): --cpuset shows here, --cpus does not.
func nproc(t *tool) error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return err
	}
	t.println(fmt.Sprint(set.Count()))
	return nil
}

// switches are the local modes of a terminal that stty can turn.
var switches = []struct {
	name string
	bit  uint32
}{{"isig", unix.ISIG}, {"icanon", unix.ICANON}, {"echo", unix.ECHO}, {"echoe", unix.ECHOE}, {"tostop", unix.TOSTOP}}

func stty(t *tool) error {
	modes, err := unix.IoctlGetTermios(0, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("standard input: %s", reason(err))
	}
	window, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ)
	if err != nil {
		return err
	}
	if len(t.args) == 0 || t.args[0] == "-a" {
		words := []string{}
		for _, s := range switches {
			words = append(words, strings.Repeat("-", boolInt(modes.Lflag&s.bit == 0))+s.name)
		}
		t.printf("speed 38400 baud; rows %d; columns %d;\n%s\n", window.Row, window.Col, strings.Join(words, " "))
		return nil
	}
	for _, arg := range t.args {
		if arg == "size" {
			t.printf("%d %d\n", window.Row, window.Col)
			continue
		}
		if !turn(modes, arg) {
			return usageError(arg + ": not something that can be set here")
		}
	}
	return unix.IoctlSetTermios(0, unix.TCSETSW, modes)
}

func turn(modes *unix.Termios, arg string) bool {
	if arg == "sane" {
		modes.Lflag |= unix.ISIG | unix.ICANON | unix.ECHO | unix.ECHOE
		modes.Iflag |= unix.ICRNL
		modes.Oflag |= unix.OPOST | unix.ONLCR
		return true
	}
	for _, s := range switches {
		switch arg {
		case s.name:
			modes.Lflag |= s.bit
			return true
		case "-" + s.name:
			modes.Lflag &^= s.bit
			return true
		}
	}
	return false
}
