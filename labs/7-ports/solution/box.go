//go:build box

// Command box starts a command in a container: namespaces, limits, a root that comes out of an image, a network, and ports.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// init keeps box on its first thread, and so does the child's. The kernel notes for a thread, and not for its process, whose
// parent it is and that it shall die with its parent; Go moves goroutines between threads as it likes.
func init() { runtime.LockOSThread() }

func main() {
	flag.CommandLine.Init("box run", flag.ContinueOnError)
	stages := map[string]func([]string) (int, error){"run": run, "inside": inside}
	if len(os.Args) < 2 || stages[os.Args[1]] == nil || flag.CommandLine.Parse(os.Args[2:]) != nil || flag.NArg() == 0 && *imageFlag == "" {
		fmt.Fprintln(os.Stderr, "usage: box run [flags] [--] COMMAND [ARG...]")
		os.Exit(exitOurs)
	}
	code, err := stages[os.Args[1]](flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "box:", err) // never on stdout: that is COMMAND's
	}
	os.Exit(code)
}

// run starts box a second time, inside: there things are arranged that only a process of the new namespaces can, and
// then it becomes COMMAND.
func run([]string) (int, error) {
	if err := publish(); err != nil { // first of all: when a port is busy there is nothing to be undone yet
		return exitOurs, err
	}
	command := exec.Command("/proc/self/exe", append([]string{"inside"}, os.Args[2:]...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = namespaces()
	if *bridge != "" {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL // box may be killed itself: then the kernel kills the child
	name, err := makeGroup()
	defer removeGroup(name)
	if err != nil {
		return exitOurs, err
	}
	root, err := os.MkdirTemp("", "box-") // an empty directory to mount on: all else of the root is gone with the child
	if err != nil {
		return exitOurs, err
	}
	defer os.Remove(root)
	command.Env = append(os.Environ(), groupVariable+"="+name, rootVariable+"="+root, fmt.Sprintf("%s=%d", hostVariable, os.Getpid()))
	return lookAfter(command)
}

// inside arranges what COMMAND shall see, and becomes it.
func inside(args []string) (int, error) {
	if err := private(); err != nil {
		return exitOurs, err
	}
	if err := plug(); err != nil {
		return exitOurs, err
	}
	base, err := scratch()
	if err != nil {
		return exitOurs, err
	}
	image := imageConfig{Env: os.Environ()}
	if *imageFlag != "" {
		if image, err = unpack(*imageFlag, base+"/image"); err != nil {
			return exitOurs, err
		}
		*layers = []string{base + "/image"}
	}
	if err := joinGroup(); err != nil { // cable and image are box's matter; from here on nothing shall run without limits
		return exitOurs, err
	}
	if err := changeRoot(base, *layers); err != nil {
		return exitOurs, err
	}
	if err := nameHost(); err != nil {
		return exitOurs, err
	}
	if err := mountProc(); err != nil {
		return exitOurs, err
	}
	if err := image.settle(); err != nil {
		return exitOurs, err
	}
	return become(image.command(args))
}
