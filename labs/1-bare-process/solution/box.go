//go:build box

// Command box starts a command and is its parent to the end: the beginning of a container runtime.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
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

// run starts COMMAND with box's own streams: the same open files, so nothing has to be copied, and nothing is late.
func run(args []string) (int, error) {
	command := exec.Command(args[0], args[1:]...) // a list stays a list: no shell reads it
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return lookAfter(command)
}
