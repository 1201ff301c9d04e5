package topics

import (
	"slices"
	"strings"

	"tutor/explain"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Book is all pages: the Topics, and what the Programs say.
type Book struct {
	pages    []Page
	programs []program.Program
}

// A Page is one topic in full, as it is printed. The JSON names are a contract: programs outside read them.
type Page struct {
	Name     string   `json:"name"`
	Group    string   `json:"group"`
	Also     []string `json:"also,omitempty"`
	What     string   `json:"what"`
	Why      string   `json:"why"`
	Entry    *Entry   `json:"entry,omitempty"`
	Call     *Call    `json:"call,omitempty"`
	Hand     []string `json:"by_hand"`
	V1       []string `json:"by_hand_v1,omitempty"` // the same where cgroups are of version 1, or hybrid
	Safe     bool     `json:"safe"`                 // in a throw-away shell the lines harm nothing
	Command  string   `json:"command"`
	Look     string   `json:"look"`
	Want     string   `json:"-"`                  // a pattern that the command's output must match
	Terminal bool     `json:"terminal,omitempty"` // the command needs one
	Read     []string `json:"read"`
	Lab      int      `json:"lab"`
	See      []string `json:"see_also"`
	idea     bool     // it is more than an entry or a call
}

// An Entry is what the Op says of itself.
type Entry struct {
	Name    string   `json:"name"`
	Lab     int      `json:"lab"`
	By      string   `json:"by"`
	Why     string   `json:"why"`
	Shell   string   `json:"shell,omitempty"`
	Man     string   `json:"man"`
	Calls   []string `json:"calls,omitempty"`    // the system calls that it makes, each once
	LeftOut string   `json:"left_out,omitempty"` // why no start does it
}

// A Call is a system call: its face in C, where tutor needs it, and what it answers when it does not work.
type Call struct {
	Name      string   `json:"name"`
	Signature string   `json:"signature"`
	Example   string   `json:"example"` // as a trace prints it
	UsedBy    []string `json:"used_by"` // entries
	Errors    []Answer `json:"errors,omitempty"`
}

// An Answer is an error number in words.
type Answer struct {
	Errno   string `json:"errno"`
	Meaning string `json:"meaning"`
}

// Open makes the book. programs are starts which between them do all that can be done.
func Open(programs []program.Program) Book {
	b := Book{programs: programs}
	for _, g := range groups {
		for _, t := range g.Topics {
			b.pages = append(b.pages, b.page(g.Title, t))
		}
	}
	return b
}

// Pages are all pages, in the order of the list.
func (b Book) Pages() []Page { return b.pages }

func (b Book) page(group string, t Topic) Page {
	p := Page{Name: t.Name, Group: group, Also: t.Also, What: flow(t.What), Why: flow(t.Why), Hand: t.Hand, V1: t.V1, Safe: t.Safe, Command: t.Try.Line,
		Look: t.Try.Look, Want: t.Try.Want, Terminal: t.Try.Terminal, Read: t.Read, Lab: t.Lab, See: t.See, idea: t.Why != ""}
	if t.Call != "" {
		p.Call = b.call(t)
	}
	if t.Op == "" {
		return p
	}
	p.Entry = b.entry(t.Op)
	p.Lab = p.Entry.Lab
	if !slices.Contains(p.Read, p.Entry.Man) {
		p.Read = slices.Concat([]string{p.Entry.Man}, p.Read)
	}
	if p.Why == "" {
		p.Why = p.Entry.Why
	}
	if len(p.Hand) == 0 && p.Entry.Shell != "" {
		p.Hand = []string{p.Entry.Shell}
	}
	return p
}

// flow is prose as one line: in the tables it is broken and indented like source.
func flow(text string) string { return strings.Join(strings.Fields(text), " ") }

// entry is the Op of that name, from the first start that does it.
func (b Book) entry(name string) *Entry {
	var found *Entry
	for _, p := range b.programs {
		op := p.Find(name)
		if op == nil || (found != nil && !op.Runs()) {
			continue
		}
		found = &Entry{Name: name, Lab: op.Lab, By: op.By.String(), Why: op.Why, Shell: op.Shell, Man: op.Man, LeftOut: op.LeftOut}
		for _, c := range slices.Concat(op.Calls, op.Undo) {
			if !slices.Contains(found.Calls, c.Name) {
				found.Calls = append(found.Calls, c.Name)
			}
		}
		if op.Runs() {
			return found
		}
	}
	return found
}

// call is the system call of a topic, with all entries that make it in some start.
func (b Book) call(t Topic) *Call {
	c := &Call{Name: t.Call, Signature: t.C}
	for _, p := range b.programs {
		for _, op := range p {
			for _, made := range slices.Concat(op.Calls, op.Undo) {
				if made.Name != t.Call {
					continue
				}
				if !slices.Contains(c.UsedBy, op.Name) {
					c.UsedBy = append(c.UsedBy, op.Name)
				}
				if c.Example == "" {
					c.Example = made.String()
				}
			}
		}
	}
	for _, e := range t.Errors {
		text := e.Text
		if e.Op != "" {
			text = explain.Hint(e.Op, e.Errno)
		}
		c.Errors = append(c.Errors, Answer{sys.ErrnoName(e.Errno), text})
	}
	return c
}

// A Section is a line of the list: a title and the names under it.
type Section struct {
	Title string   `json:"title"`
	Names []string `json:"names"`
}

// Sections are the names of all topics, grouped: ideas by theme, system calls, and the entries in their order.
func (b Book) Sections() []Section {
	var sections []Section
	for _, g := range groups {
		section := Section{Title: g.Title}
		for _, p := range b.pages {
			if p.Group == g.Title && (p.idea || p.Call != nil) {
				section.Names = append(section.Names, p.Name)
			}
		}
		sections = append(sections, section)
	}
	entries := Section{Title: "Entries of a start, in their order"}
	for _, op := range b.programs[0] {
		entries.Names = append(entries.Names, op.Name)
	}
	return append(sections, entries)
}
