//go:build box

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Exit codes that every shell knows.
const (
	exitOurs     = 125 // box itself has failed
	exitDenied   = 126 // COMMAND is there, but cannot be executed
	exitNotFound = 127
)

// lookAfter starts the command, hands signals on to it, and tells how it ended.
func lookAfter(command *exec.Cmd) (int, error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	if err := command.Start(); err != nil {
		return codeOf(err), err
	}
	go func() {
		for s := range signals { // whoever stops box means COMMAND
			command.Process.Signal(s)
		}
	}()
	command.Wait() // without it a zombie stays for as long as box lives
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil // it was killed, and has no exit code
	}
	return status.ExitStatus(), nil
}

// codeOf is the exit code for a COMMAND that did not come to run.
func codeOf(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return exitNotFound
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOEXEC) {
		return exitDenied
	}
	return exitOurs
}
