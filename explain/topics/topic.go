// Package topics is tutor's glossary: one page for each idea, each entry of a Program and each system call. What
// a Program can say of itself (an entry's reason, its shell line, who uses a call) is taken from there and never
// written a second time; the tables hold only what no Program knows.
package topics

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A Topic is what a person has written for one page. It is an idea, an entry of the Program, a system call, or
// several of them where they are one thing: pivot_root is all three.
type Topic struct {
	Name   string   // as it is listed
	Also   []string // other words for it: what a person might type
	What   string   // what it is: two to five sentences, each true on Linux 5.14
	Why    string   // an idea's: what containers need it for, what leaks without; an entry has its own
	Hand   []string // the same by hand: shell lines
	V1     []string // Hand, where cgroups have the trees of version 1: there the files of version 2 are plain files that limit nothing
	Safe   bool     // Hand harms nothing and needs nothing but a throw-away shell; a test types it
	Try    Try      // a tutor command that shows it
	Read   []string // a man page, or a section of a specification; an entry has its own man page
	Lab    int      // that teaches it; an entry has its own
	See    []string // other topics
	Op     string   // the entry of the Program that it is, if it is one
	Call   string   // the system call that it is, if it is one
	C      string   // the call's signature: what the kernel's headers or the man page say
	Errors []Error  // its most teaching errors
}

// A Try is a command, and what to look at in what it prints.
type Try struct {
	Line     string
	Look     string // one phrase: what is to be seen
	Want     string // a pattern that must be found in the output; a test looks for it
	Terminal bool   // it needs somebody who sits at a terminal
}

// An Error is an answer of the kernel's that teaches something. Where the table of hints (explain/hints.go) has
// a sentence for an entry, Op names the entry, and that sentence is taken.
type Error struct {
	Errno unix.Errno
	Op    string
	Text  string
}

// groups is the order in which the ideas are listed.
var groups = []struct {
	Title  string
	Topics []Topic
}{
	{"Containers", containers},
	{"Processes", processes},
	{"Terminals", terminals},
	{"Namespaces", namespaces},
	{"Control groups", cgroups},
	{"Layers", layers},
	{"Mounts and devices", mounts},
	{"Images", images},
	{"Networks and ports", slices.Concat(networks, cables)},
	{"Users and powers", security},
	{"tutor's own words", ours},
	{"System calls: processes", callsOnProcesses},
	{"System calls: users and powers", callsOnUsers},
	{"System calls: files", callsOnFiles},
	{"System calls: mounts", callsOnMounts},
	{"System calls: sockets", callsOnSockets},
}
