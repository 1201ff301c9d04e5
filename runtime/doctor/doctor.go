// Package doctor looks whether the seven labs can run on this machine, before the first of them fails halfway
// with an errno. What only the kernel can answer it answers by doing it: a namespace is made, an overlay is
// mounted, a bridge is linked, each in a half-built container that is then thrown away.
package doctor

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// labs is how many there are; each builds on those before it.
const labs = 7

// A Machine is where the checks look.
type Machine struct {
	Files      fs.FS    // of the host, from "/": what can be read off is read here
	UID        int      // as whom tutor runs
	Root, Run  string   // TUTOR_ROOT, TUTOR_RUN
	Mirrors    []string // of Docker Hub, as configured
	MirrorsErr error    // or why the configuration cannot be read
}

// A Status is how a finding bears on the labs.
type Status string

const (
	OK      Status = "ok"
	Note    Status = "note"    // worth knowing; no lab stops
	Missing Status = "missing" // the labs of the finding cannot run
)

// A Finding is one fact about the machine.
type Finding struct {
	Name   string
	Needed string
	Found  string
	Status Status
	Labs   []int  // that need it; none: nice to have
	Mend   string // what to type on Debian or Ubuntu; "" if there is nothing to mend
}

// Examine makes every check, in the order of the labs. It leaves nothing behind and sets nothing; the kernel may
// load a module for what it is asked to do, as it would for a container.
func Examine(m Machine) []Finding {
	var findings []Finding
	for _, c := range checks {
		findings = append(findings, c.finding(m))
	}
	return findings
}

// A check is one row of the table: what is needed, by which labs, and how to look.
type check struct {
	name, needed string
	labs         []int // none: nice to have, and its absence only a note
	root         bool  // only root can look
	look         func(Machine) answer
	mend         string // unless the answer knows better
}

// An answer is what a look brought. The zero answer is that all is well.
type answer struct {
	found  string
	fails  bool   // what is needed is not there
	remark bool   // it is there, but worth a word
	mend   string // for this failure; "": the check's own
}

func (c check) finding(m Machine) Finding {
	f := Finding{Name: c.name, Needed: c.needed, Status: OK, Labs: c.labs}
	if c.root && m.UID != 0 {
		f.Found, f.Status = "not looked at: only root can", Note
		return f
	}
	a := c.look(m)
	f.Found = a.found
	if !a.fails && !a.remark {
		return f
	}
	f.Status, f.Mend = Note, c.mend
	if a.fails && len(c.labs) > 0 {
		f.Status = Missing
	}
	if a.mend != "" {
		f.Mend = a.mend
	}
	if instead, found := onWSL[f.Mend]; found && m.wsl() {
		f.Mend = instead
	}
	return f
}

// Verdict says plainly whether the labs can run, and if not which cannot and for want of what.
func Verdict(findings []Finding) (text string, all bool) {
	var stopped []int
	var missing []string
	for _, f := range findings {
		if f.Status == Missing {
			stopped = append(stopped, f.Labs...)
			missing = append(missing, f.Name)
		}
	}
	slices.Sort(stopped)
	stopped = slices.Compact(stopped)
	if more := len(missing) - 3; more > 0 { // one lack has many consequences, and stands before them
		missing = append(missing[:3], fmt.Sprintf("and %d more", more))
	}
	which := "Labs " + Span(stopped) + " cannot"
	switch len(stopped) {
	case 0:
		return "All seven labs can run here.", true
	case 1:
		which = "Lab " + Span(stopped) + " cannot"
	case labs:
		which = "No lab can"
	}
	return which + " run here: missing " + strings.Join(missing, ", ") + ".", false
}

// Span writes lab numbers as a person does: "3", "2-7", "3,6-7"; "-" for none.
func Span(numbers []int) string {
	if len(numbers) == 0 {
		return "-"
	}
	var parts []string
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		part := strconv.Itoa(numbers[i])
		if last > i {
			part += "-" + strconv.Itoa(numbers[last])
		}
		parts = append(parts, part)
		i = last + 1
	}
	return strings.Join(parts, ",")
}
