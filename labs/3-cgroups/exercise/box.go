//go:build box

// Command box starts a command in namespaces of its own, under limits.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
)

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

var (
	memory = flag.Int64("memory", 0, "most memory, in bytes")
	cpus   = flag.Float64("cpus", 0, "most processor time, in processors")
	pids   = flag.Int("pids", 0, "most processes and threads")
)

// YOUR WORK
//  1. Make a group, in each tree that it takes: /sys/fs/cgroup/NAME with cgroup version 2, /sys/fs/cgroup/memory/NAME,
//     …/pids/NAME and …/cpu/NAME with version 1. Take a name that tells whose it is, such as box-PID.
//  2. Write the limits into its files, if they were given.
//  3. Move the child there before it becomes COMMAND: in inside, write "0" to cgroup.procs. How does it learn the name?
//  4. Remove the group when COMMAND has ended.
//  5. What if box is killed? Have the kernel kill COMMAND then (Pdeathsig), and remove what a dead box has left
//     before you make your own group.

// run starts box a second time, inside: there things are arranged that only a process of the new namespaces can, and
// then it becomes COMMAND.
func run([]string) (int, error) {
	command := exec.Command("/proc/self/exe", append([]string{"inside"}, os.Args[2:]...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = namespaces()
	return lookAfter(command)
}

// inside arranges what COMMAND shall see, and becomes it.
func inside(args []string) (int, error) {
	if err := private(); err != nil {
		return exitOurs, err
	}
	if err := nameHost(); err != nil {
		return exitOurs, err
	}
	if err := mountProc(); err != nil {
		return exitOurs, err
	}
	return become(args)
}
