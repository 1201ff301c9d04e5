// Package sys describes system calls as data. A Call holds what goes into the registers, and prints itself
// from exactly that, so there is no second place where a call is described and no log line that could lie.
//
// Nothing here runs: package process does. The text follows strace(1), because that is what a reader will
// compare it with, and because the truth test does compare it, call by call.
package sys

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A Call is one system call: its number and at most six arguments (syscall(2)).
type Call struct {
	Name   string
	Number uintptr
	Args   []Arg
	Yields *Result      // what later calls take from this one: a descriptor, a PID; nil: nothing
	Allow  []unix.Errno // answers that are no failure: EEXIST where a call only makes sure
	Octal  bool         // the result is a mode: umask(2)
	Waits  bool         // it may take long, and all of Go must not stand still meanwhile; host only

	Messages []Message         // what a netlink socket is asked
	Asked    []Message         // what this call brings the answer to
	Refusal  func() unix.Errno // the error in an answer that came back well; nil: the result says it all
}

// A Result is a value that is known only once the call that yields it has run. Later calls name it, and the
// register gets what the kernel answered: the number of a descriptor is the kernel's choice, not ours.
type Result struct {
	Name  string
	Given bool // it is known before the Program begins: a descriptor that the caller has opened
	Value int  // then
}

// Give makes the value known.
func (r *Result) Give(value int) { r.Given, r.Value = true, value }

// An Arg is one argument: what the register holds and how strace writes it. Exactly one of the four holds.
type Arg struct {
	Word   uintptr  // the register itself: a number, flags, NULL
	Memory []byte   // the register holds the address of these bytes
	Vector []string // the register holds the address of a NULL-terminated array of strings: argv, envp
	From   *Result  // the register holds what an earlier call answered

	Patch  *Patch   // only with Memory: a field that an earlier call's answer fills in
	Points *Pointer // only with Memory: a field that holds the address of other bytes
	show   func(a Arg, word uintptr) string
}

// A Patch puts the answer of an earlier call into a structure: the cgroup's descriptor in clone3's arguments.
// Only the host's hand can do this; the child takes its memory as it is.
type Patch struct {
	Offset int // of a little-endian field
	Bits   int // 32 or 64
	From   *Result
}

// A Pointer leads from a structure to more: from struct sock_fprog to its instructions.
type Pointer struct {
	Offset int // of a field of 64 bits
	To     []byte
}

// Tolerate says which errors of c are no failure, because they mean that there was nothing to do.
func (c Call) Tolerate(errnos ...unix.Errno) Call {
	c.Allow = append(append([]unix.Errno{}, c.Allow...), errnos...)
	return c
}

// Tolerates tells if errno is an answer that the Program goes on after.
func (c Call) Tolerates(errno unix.Errno) bool {
	for _, e := range c.Allow {
		if e == errno {
			return true
		}
	}
	return false
}

// Texts prints the arguments as strace would. registers are what the call ran with; nil, before it has run:
// then a Result stands by its name.
func (c Call) Texts(registers []uintptr) []string {
	texts := make([]string, 0, len(c.Args))
	for i, a := range c.Args {
		text := a.text(registers, i)
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func (a Arg) text(registers []uintptr, i int) string {
	if registers != nil {
		return a.show(a, registers[i])
	}
	if a.From != nil {
		return "<" + a.From.Name + ">"
	}
	return a.show(a, a.Word)
}

// String is the call before it has run, as a dry run shows it.
func (c Call) String() string {
	return c.Name + "(" + strings.Join(c.Texts(nil), ", ") + ")"
}

// ResultText prints what the kernel answered as strace does: "0", "3", "-1 ENOENT (No such file or directory)".
func (c Call) ResultText(value int64) string {
	if value < 0 {
		errno := unix.Errno(-value)
		words := errno.Error()
		return fmt.Sprintf("-1 %s (%s)", ErrnoName(errno), strings.ToUpper(words[:1])+words[1:])
	}
	if c.Octal {
		return octal(uintptr(value))
	}
	return fmt.Sprint(value)
}

// Full tells if an error is for want of room on a disk: it is full, or this user's part of it (quotactl(2)).
func Full(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// ErrnoName is the symbol of an error number, "ENOENT"; the number itself where the kernel is newer than we.
func ErrnoName(errno unix.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", int(errno))
}
