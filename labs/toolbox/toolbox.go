// Package toolbox is the userland of the built-in image tutor/lab: the commands that a student types inside a
// container. The tutor binary is copied into the image as /bin/toolbox and every applet is a link to it, as in
// busybox, so that the image weighs one file, is there without a network, and can be read.
//
// Each applet does what its namesake does in busybox or coreutils, with the flags that are in daily use.
// What is there is right; what is not there is a usage error, never silently different.
package toolbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// An applet is one command: its name, its main function, and the line that --help prints.
type applet struct {
	name string
	main func(*tool) error
	use  string
}

// Applets lists the names, sorted.
func Applets() []string {
	names := make([]string, 0, len(applets))
	for _, a := range applets {
		names = append(names, a.name)
	}
	slices.Sort(names)
	return names
}

// Main runs applet name with its arguments (os.Args[1:]) on os.Stdin, os.Stdout and os.Stderr, and returns the
// exit code.
func Main(name string, args []string) int {
	i := slices.IndexFunc(applets, func(a applet) bool { return a.name == name })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "toolbox: %s: no such tool\n", name)
		return 127
	}
	if len(args) == 1 && args[0] == "--help" {
		fmt.Println(strings.TrimSpace("usage: " + name + " " + applets[i].use))
		return 0
	}
	if os.Getpid() == 1 {
		shrugOff()
	}
	t := &tool{name: name, args: args, out: bufio.NewWriter(os.Stdout), err: os.Stderr, live: isTerminal(1)}
	return t.finish(applets[i].main(t), applets[i].use)
}

// shrugOff makes PID 1 behave as any C program does there. The kernel keeps from PID 1 of a PID namespace every
// signal that it has no handler for (pid_namespaces(7)), which is why `docker stop` waits ten seconds for a
// plain `sleep`. The Go runtime has a handler for all of them, and would end the program.
func shrugOff() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
}

// A tool is an applet at work.
type tool struct {
	name   string
	args   []string
	out    *bufio.Writer // buffered as C's stdout: by the line on a terminal, by the block elsewhere
	err    io.Writer
	live   bool // stdout is a terminal
	failed bool // something was complained of, and the work went on
}

func (t *tool) printf(format string, a ...any) {
	fmt.Fprintf(t.out, format, a...)
	if t.live {
		t.out.Flush()
	}
}

func (t *tool) println(line string) {
	t.out.WriteString(line)
	t.out.WriteByte('\n')
	if t.live {
		t.out.Flush()
	}
}

// complain reports a failure that does not stop the work: `cat missing here` still prints here, and exits 1.
func (t *tool) complain(err error) {
	if err == nil {
		return
	}
	t.out.Flush()
	fmt.Fprintf(t.err, "%s: %s\n", t.name, reason(err))
	t.failed = true
}

// finish turns what main returned into the exit code.
func (t *tool) finish(err error, use string) int {
	code, silent := err.(exitCode)
	wrong, misused := err.(usageError)
	if err != nil && !silent && !misused {
		t.complain(err)
	}
	if flushed := t.out.Flush(); flushed != nil {
		t.complain(flushed)
	}
	if misused {
		message := strings.TrimPrefix(t.name+": "+string(wrong)+"\n", t.name+": \n")
		fmt.Fprintf(t.err, "%susage: %s %s\n", message, t.name, use)
		return 2
	}
	if silent {
		return int(code)
	}
	if t.failed {
		return 1
	}
	return 0
}

// diesOf makes PID 1 answer to Ctrl-C and `docker stop` after all, as a server does that installs a handler.
func (t *tool) diesOf(signals ...os.Signal) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, signals...)
	go func() { os.Exit(128 + int((<-ch).(unix.Signal))) }()
}
