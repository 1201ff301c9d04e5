//go:build box

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

var hostname = flag.String("hostname", "", "host name inside")

// namespaces are those that the child is born into. The PID namespace must be entered by being born: a process cannot
// change its own PID.
func namespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
}

// private stops mounts made inside from appearing on the host: a copied mount table still tells its origin.
func private() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making / private: %w", err)
	}
	return nil
}

func nameHost() error {
	if *hostname == "" {
		return nil
	}
	if err := syscall.Sethostname([]byte(*hostname)); err != nil {
		return fmt.Errorf("hostname %s: %w", *hostname, err)
	}
	return nil
}

// mountProc lays the new PID namespace's view over the host's, which ps would else believe.
func mountProc() error {
	os.MkdirAll("/proc", 0o555)
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

// become replaces box by COMMAND, which thereby has box's PID: 1.
func become(args []string) (int, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return codeOf(err), err
	}
	err = syscall.Exec(path, args, os.Environ())
	return codeOf(err), fmt.Errorf("%s: %w", args[0], err)
}
