package grader

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A probe is the COMMAND that box is given: a copy of tutor, so that it is there and static whatever the root is.
// It does one small thing, and opens a file in memory whose name the grader looks for in /proc/PID/fd: that needs nothing of the
// root it runs in, and nothing that box prints or keeps back can stand for it. Nor can another program that opens such a file: the
// grader compares what is executed with its own copy, and the arguments with those that box was given. What would end at once
// waits until it was seen: the grader then writes a byte into the file.

// How far a probe has come.
const (
	ready = "probe-ready"
	heard = "probe-heard"
)

// probes are what a probe can do.
var probes = map[string]func(args []string) int{
	"init":     probeInit,     // be PID 1 of the sandbox, until the grader ends
	"hold":     probeHold,     // be there
	"exit":     probeExit,     // CODE
	"say":      probeSay,      // TEXT on stdout [TEXT on stderr]
	"say-hex":  probeSayHex,   // BYTES on stdout
	"tell":     probeTell,     // TEXT without a newline, then hold
	"cat":      probeCat,      // stdin to stdout
	"trap":     probeTrap,     // CODE: end with it when SIGTERM comes
	"mount":    probeMount,    // DIR: a tmpfs there, then hold
	"busy":     probeBusy,     // use two processors
	"after":    probeAfter,    // WORD…: run another word of this program as a child, then hold
	"write":    probeWrite,    // FILE TEXT, then hold
	"change":   probeChange,   // FILE TEXT FILE…: write the first, remove the others, then hold
	"breakout": probeBreakout, // out of a chroot, then hold
	"serve":    probeServe,    // PORT WORD: answer by TCP, always beginning with WORD
}

// Probe runs one and returns its exit code. others are words that are not the grader's own.
func Probe(args []string, others func(args []string) int) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: tutor probe WORD [ARG…]")
		return 2
	}
	if run, known := probes[args[0]]; known {
		return run(args[1:])
	}
	return others(args)
}

// tell shows how far it has come, to those who look from outside (memfd_create(2)).
func tell(name string) (file int) {
	file, _ = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	return file
}

// unseen is how long a probe waits for somebody to look, which at a terminal nobody will.
const unseen = 20 * time.Second

// seen waits until somebody has looked.
func seen(file int) {
	for _, stream := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if _, err := unix.IoctlGetTermios(int(stream.Fd()), unix.TCGETS); err == nil {
			return
		}
	}
	var stat unix.Stat_t
	for deadline := time.Now().Add(unseen); stat.Size == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if unix.Fstat(file, &stat) != nil {
			return
		}
	}
}

func probeInit([]string) int {
	io.Copy(io.Discard, os.Stdin)
	return 0
}

func probeHold([]string) int {
	tell(ready)
	for {
		time.Sleep(time.Hour)
	}
}

func probeExit(args []string) int {
	seen(tell(ready))
	return number(args, 0)
}

func number(args []string, otherwise int) int {
	if len(args) > 0 {
		if n, err := strconv.Atoi(args[0]); err == nil {
			return n
		}
	}
	return otherwise
}

func probeSay(args []string) int {
	defer seen(tell(ready))
	for i, text := range args {
		io.WriteString([]io.Writer{os.Stdout, os.Stderr}[i], text)
	}
	return 0
}

func probeSayHex(args []string) int {
	defer seen(tell(ready))
	bytes, _ := hex.DecodeString(args[0])
	os.Stdout.Write(bytes)
	return 0
}

func probeTell(args []string) int {
	fmt.Print(strings.Join(args, " "))
	return probeHold(nil)
}

func probeCat([]string) int {
	defer seen(tell(ready))
	if _, err := io.Copy(os.Stdout, bufio.NewReader(os.Stdin)); err != nil {
		return 1
	}
	return 0
}

func probeTrap(args []string) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM)
	tell(ready)
	<-signals
	tell(heard)
	return number(args, 0)
}

func probeMount(args []string) int {
	if err := unix.Mount("tmpfs", args[0], "tmpfs", 0, "size=64k"); err != nil {
		fmt.Fprintln(os.Stderr, "probe: mount:", err)
		return 1
	}
	return probeHold(nil)
}

func probeBusy([]string) int {
	tell(ready)
	for range 2 {
		go func() {
			for {
			}
		}()
	}
	select {}
}

func probeAfter(args []string) int {
	child := exec.Command("/proc/self/exe")
	child.Args = append([]string{"tutor", "probe"}, args...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.Run()
	return probeHold(nil)
}

func probeWrite(args []string) int {
	if err := os.WriteFile(args[0], []byte(args[1]), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		return 1
	}
	return probeHold(nil)
}

func probeChange(args []string) int {
	for _, path := range args[2:] {
		if err := os.RemoveAll(path); err != nil {
			fmt.Fprintln(os.Stderr, "probe:", err)
			return 1
		}
	}
	return probeWrite(args)
}

// probeBreakout is how root leaves a chroot: the root moves below the current directory, and ".." is then free of it
// (chroot(2)).
func probeBreakout([]string) int {
	dir, err := os.MkdirTemp("/", "jail")
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		return 1
	}
	here, _ := os.Open("/")
	unix.Chroot(dir)
	here.Chdir()
	for range 64 {
		unix.Chdir("..")
	}
	unix.Chroot(".")
	return probeHold(nil)
}

// What COMMAND does, its first thread does: strace's lines begin with numbers of the sandbox's, and in a PID namespace below it
// nothing says whose thread another number is.
func init() {
	if IsProbe(os.Args) {
		runtime.LockOSThread()
	}
}

// IsProbe tells if this program was called as one: `tutor probe …`.
func IsProbe(args []string) bool {
	return len(args) > 1 && args[1] == "probe" && filepath.Base(args[0]) == "tutor"
}
