//go:build box

// Command box starts a command in a container: namespaces, limits, a root that comes out of an image, and a network.
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

var (
	bridge  = flag.String("net", "", "a bridge of the host's, which COMMAND is plugged into")
	address = flag.String("ip", "", "ADDR/PREFIX, COMMAND's")
	gateway = flag.String("gateway", "", "the bridge's address: the way to everybody else")
)

// YOUR WORK
//  1. With --net the child gets a network namespace of its own: one more flag for clone. Without it all stays as it is.
//  2. Lay the cable: a veth pair, one end inside, the other in the bridge (a "master"), both switched on. You may run ip(8)
//     for it, as the lesson does. Who makes it, and in which namespace? ip link add … netns NAME takes a path as well:
//     /proc/PID/ns/net. nsenter --net=PATH runs a program there.
//  3. Inside: switch the loopback on, give the cable's end its address, and add the default route.
//  4. All of it must be there before COMMAND is. If box does it from outside, the child has to wait for it; if the child
//     does it, then before the pivot, after which there may be no ip and no /proc of the host's any more.
//  5. What stays when box is killed between two of your steps? Choose the steps so that nothing does, or have the next box
//     clear it.

// run starts box a second time, inside: there things are arranged that only a process of the new namespaces can, and
// then it becomes COMMAND.
func run([]string) (int, error) {
	command := exec.Command("/proc/self/exe", append([]string{"inside"}, os.Args[2:]...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = namespaces()
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
	command.Env = append(os.Environ(), groupVariable+"="+name, rootVariable+"="+root)
	return lookAfter(command)
}

// inside arranges what COMMAND shall see, and becomes it.
func inside(args []string) (int, error) {
	if err := private(); err != nil {
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
	if err := joinGroup(); err != nil { // the image is box's matter; from here on nothing shall run without limits
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
