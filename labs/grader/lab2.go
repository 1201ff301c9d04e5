package grader

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var namespaceLooks = looks{
	"lab2.pid":      pidOne,
	"lab2.proc":     procInside,
	"lab2.mnt":      ownNamespace("mnt"),
	"lab2.private":  privateMounts,
	"lab2.hostname": hostnameInside,
	"lab2.uts":      hostKeepsName,
	"lab2.ipc":      ownNamespace("ipc"),
	"lab2.left":     nothingLeft2,
}

func pidOne(s *Sandbox) error {
	_, command, err := s.Holds(tool("hold")...)
	if err != nil {
		return err
	}
	pids := command.PIDs()
	if len(pids) < 2 {
		return wrong("two PIDs in NSpid, one of the host's and 1", "NSpid "+strings.Join(pids, " ")+": the host's PID namespace",
			"no new PID namespace was made, or COMMAND was not born into it")
	}
	if last := pids[len(pids)-1]; last != "1" {
		return wrong("PID 1", "PID "+last+": another process was born first", "whoever is born first is PID 1: a shell or a helper took the number",
			"COMMAND must replace that process: exec", "syscall.Exec in the child")
	}
	return nil
}

// procInside reads the /proc that COMMAND sees, from outside: its numbers are those of the namespace it was mounted in.
func procInside(s *Sandbox) error {
	_, command, err := s.Holds(tool("hold")...)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(command.path("root/proc"))
	if err != nil {
		return wrong("a /proc", err.Error())
	}
	var shown, own []string
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err == nil {
			shown = append(shown, e.Name())
		}
	}
	for _, p := range s.living() {
		if pids := p.PIDs(); p.NS("pid") == command.NS("pid") && len(pids) > 0 {
			own = append(own, pids[len(pids)-1])
		}
	}
	slices.Sort(own)
	slices.Sort(shown)
	return same("/proc to show the PIDs", strings.Join(own, " "), strings.Join(shown, " "))
}

// ownNamespace is a check that COMMAND is not in the host's namespace of that kind.
func ownNamespace(kind string) func(*Sandbox) error {
	return func(s *Sandbox) error {
		_, command, err := s.Holds(tool("hold")...)
		if err != nil {
			return err
		}
		host := Process(s.PID).NS(kind)
		if own := command.NS(kind); own == host {
			return wrong("another "+kind+" namespace than the host's, "+host, "the same")
		}
		return nil
	}
}

func privateMounts(s *Sandbox) error {
	_, command, err := s.Holds(tool("mount", "/var/tmp")...)
	if err != nil {
		return err
	}
	if !slices.Contains(command.Mounts(), "/var/tmp") {
		return wrong("/var/tmp, mounted by COMMAND, in its own mount table", "it is not there")
	}
	if slices.Contains(Process(s.PID).Mounts(), "/var/tmp") {
		return wrong("/var/tmp, mounted by COMMAND, in its own mount table only", "it is in the host's /proc/self/mountinfo as well")
	}
	return nil
}

func hostnameInside(s *Sandbox) error {
	name := s.Word()
	_, command, err := s.Holds(append([]string{"run", "--hostname", name}, tool("hold")[1:]...)...)
	if err != nil {
		return err
	}
	got, err := command.hostname()
	if err != nil {
		return err
	}
	return same("host name", name, got)
}

func hostKeepsName(s *Sandbox) error {
	if _, _, err := s.Holds(append([]string{"run", "--hostname", s.Word()}, tool("hold")[1:]...)...); err != nil {
		return err
	}
	got, err := Process(s.PID).hostname()
	if err != nil {
		return err
	}
	return same("the host to be called", s.Hostname, got)
}

// hostname is the name in the process's UTS namespace.
func (p Process) hostname() (name string, err error) {
	err = within(p.path("ns/uts"), unix.CLONE_NEWUTS, func() error {
		name, err = os.Hostname()
		return err
	})
	return name, err
}

func nothingLeft2(s *Sandbox) error {
	box, err := s.Ends("", append([]string{"run", "--hostname", s.Word()}, tool("say", s.Word())[1:]...)...)
	if err != nil {
		return err
	}
	return cmp.Or(s.clean(), box.Ran())
}
