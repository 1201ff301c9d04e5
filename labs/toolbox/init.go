package toolbox

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

// initProcess is PID 1 for a command that was not written to be one (tutor run --init). PID 1 has two duties:
// to hand signals on, because the kernel keeps from it every signal that it has no handler for; and to reap
// every orphan of the namespace, or their entries stay in the process table as zombies (pid_namespaces(7)).
func initProcess(t *tool) error {
	args := t.args
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return usageError("a command is missing")
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		fmt.Fprintf(os.Stderr, "init: %s: not found\n", args[0])
		return exitCode(127)
	}
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	child, err := os.StartProcess(path, args, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		fmt.Fprintf(os.Stderr, "init: %s: %s\n", args[0], reason(err))
		return exitCode(126)
	}
	go func() {
		for s := range signals {
			if s != unix.SIGCHLD && s != unix.SIGURG { // the kernel's word to us, and the Go scheduler's
				unix.Kill(child.Pid, s.(unix.Signal))
			}
		}
	}()
	return exitCode(reap(child.Pid))
}

// reap waits for whoever ends, until it is the command: its exit code, or 128 and the signal that ended it.
func reap(command int) int {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err == unix.EINTR || (err == nil && pid != command) {
			continue
		}
		if err != nil {
			return 1
		}
		if status.Signaled() {
			return 128 + int(status.Signal())
		}
		return status.ExitStatus()
	}
}
