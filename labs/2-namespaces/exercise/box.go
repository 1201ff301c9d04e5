//go:build box

// Command box starts a command in namespaces of its own.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
)

var hostname = flag.String("hostname", "", "host name inside")

func main() {
	flag.CommandLine.Init("box run", flag.ContinueOnError)
	stages := map[string]func([]string) (int, error){"run": run, "inside": inside}
	if len(os.Args) < 2 || stages[os.Args[1]] == nil || flag.CommandLine.Parse(os.Args[2:]) != nil || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: box run [flags] [--] COMMAND [ARG...]")
		os.Exit(exitOurs)
	}
	code, err := stages[os.Args[1]](flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "box:", err) // never on stdout: that is COMMAND's
	}
	os.Exit(code)
}

// run starts COMMAND.
//
// YOUR WORK
//  1. Start box itself instead ("/proc/self/exe", "inside" and the same arguments), in new PID, mount, UTS and IPC
//     namespaces: command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: ...}. A process cannot change its own PID, so
//     it takes a child; and only a process in there can arrange what follows.
func run(args []string) (int, error) {
	command := exec.Command(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return lookAfter(command)
}

// inside arranges what COMMAND shall see, and becomes it.
//
// YOUR WORK
//  2. Make every mount private (mount(2), MS_REC|MS_PRIVATE), or what is mounted in here appears on the host.
//  3. Set the host name, if one is given: syscall.Sethostname.
//  4. Mount a new proc over /proc.
//  5. Become COMMAND: exec.LookPath and syscall.Exec. Then it has this process's PID, which is 1.
func inside(args []string) (int, error) {
	return exitOurs, fmt.Errorf("inside: not written yet")
}
