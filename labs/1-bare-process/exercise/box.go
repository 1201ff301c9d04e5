//go:build box

// Command box starts a command and is its parent to the end: the beginning of a container runtime.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// Exit codes that every shell knows.
const (
	exitOurs     = 125 // box itself has failed
	exitDenied   = 126 // COMMAND is there, but cannot be executed
	exitNotFound = 127
)

func main() {
	flag.CommandLine.Init("box run", flag.ContinueOnError)
	if len(os.Args) < 2 || os.Args[1] != "run" || flag.CommandLine.Parse(os.Args[2:]) != nil || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: box run [flags] [--] COMMAND [ARG...]")
		os.Exit(exitOurs)
	}
	code, err := run(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "box:", err) // never on stdout: that is COMMAND's
	}
	os.Exit(code)
}

// run starts COMMAND (args[0]) with its arguments, waits for its end, and returns the exit code to end with.
//
// YOUR WORK
//  1. Start it with box's own stdin, stdout and stderr: package os/exec, or syscall.ForkExec.
//  2. Wait for it, and return its exit code; 128 plus the number of the signal if one has killed it.
//  3. Hand signals on: SIGTERM sent to box must reach COMMAND (package os/signal).
//  4. Return exitNotFound if it is not there, exitDenied if it may not be executed.
func run(args []string) (int, error) {
	return exitOurs, errors.New("run: not written yet")
}
