// Package program holds tutor's one idea: the start of a container is data. A Program is the list of what is
// done, in order; it is executed and printed from the same list. Nothing here runs anything.
package program

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"tutor/runtime/sys"
)

// A Program is the start of a container: everything that is done, in order.
type Program []Op

// An Op is one thing that a container needs: one intention, one shell line, one reason.
type Op struct {
	Name    string     // what --without takes: "proc", "pivot"
	Lab     int        // the lab that teaches it
	By      Actor      // Host or Child: whose hands
	Why     string     // one sentence: what leaks or breaks without it
	Shell   string     // the same, typed by hand
	Man     string     // where the kernel promises it: "pivot_root(2)"
	Calls   []sys.Call // exactly the system calls that run; none: left out, and LeftOut says why
	Undo    []sys.Call // Host only: run when the container goes, in reverse order of the Ops
	LeftOut string     // "--without proc", "no --memory given"
}

// An Actor is one of the two hands that start a container.
type Actor int

const (
	Host  Actor = iota // tutor itself, outside
	Child              // the process that becomes the container, from its birth to execve
)

func (a Actor) String() string { return [...]string{"host", "child"}[a] }

// Of is the Ops in order.
func Of(ops ...Op) Program { return ops }

// Runs tells if the Op does anything in this Program.
func (o Op) Runs() bool { return len(o.Calls) > 0 }

// Leave is the same Op, not done, and why.
func (o Op) Leave(reason string) Op {
	o.Calls, o.Undo, o.LeftOut = nil, nil, reason
	return o
}

// Find returns the Op of that name, or nil.
func (p Program) Find(name string) *Op {
	for i := range p {
		if p[i].Name == name {
			return &p[i]
		}
	}
	return nil
}

// Upto keeps what labs 1 to lab have taught. 0 keeps everything.
func (p Program) Upto(lab int) Program {
	if lab == 0 {
		return p
	}
	return slices.DeleteFunc(slices.Clone(p), func(o Op) bool { return o.Lab > lab })
}

// unknown is an entry that there is not, and how to find those that there are.
type unknown struct{ message, hint string }

func (u unknown) Error() string { return u.message }

// Hint is the help for whoever meets the error.
func (u unknown) Hint() string { return u.hint }

// Without leaves the named Ops out, and with them those that would harm the host without them (see needs).
// An unknown name is an error that lists the known ones; a name whose absence would change the host is
// refused with the reason.
func (p Program) Without(names []string) (Program, error) {
	p = slices.Clone(p)
	for _, name := range names {
		op := p.Find(name)
		if op == nil {
			return nil, unknown{fmt.Sprintf("--without %s: no such entry; there are: %s", name, strings.Join(p.names(), " ")),
				"one --without for each; tutor run --dry-run shows them with their reasons"}
		}
		if reason := refusals[name]; reason != "" {
			return nil, fmt.Errorf("--without %s: refused: %s", name, reason)
		}
		*op = op.Leave("--without " + name)
	}
	return p.settle(), nil
}

// settle leaves out every Op whose need is not met. A need can be missing because it was left out, or because
// this lab has not taught it yet.
func (p Program) settle() Program {
	for _, n := range needs {
		op, needs := p.Find(n.Op), strings.Split(n.Needs, "|")
		if op == nil || !op.Runs() || slices.ContainsFunc(needs, p.runs) {
			continue
		}
		*op = op.Leave("needs " + needs[0] + ": " + n.Else)
	}
	return p
}

func (p Program) runs(name string) bool {
	op := p.Find(name)
	return op != nil && op.Runs()
}

func (p Program) names() []string {
	var names []string
	for _, o := range p {
		names = append(names, o.Name)
	}
	sort.Strings(names)
	return slices.Compact(names)
}
