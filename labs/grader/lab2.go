package grader

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var namespaceChecks = []Check{
	{ID: "lab2.pid", Title: "COMMAND is PID 1 of a PID namespace of its own", Points: 4, Man: "pid_namespaces(7)", Read: "By hand", Run: pidOne,
		Hints: []string{"a process cannot change its own PID", "unshare(CLONE_NEWPID) says where children go: the next fork gives PID 1", "clone with CLONE_NEWPID, and exec COMMAND in the child, with no shell between"}},
	{ID: "lab2.proc", Title: "/proc inside shows the processes of that namespace and no others", Points: 3, Needs: []string{"lab2.pid"}, Man: "proc(5)", Read: "By hand", Run: procInside,
		Hints: []string{"ps believes /proc", "a proc file system belongs to the PID namespace of the process that mounts it", `mount("proc", "/proc", "proc", 0, NULL), by the child`}},
	{ID: "lab2.mnt", Title: "COMMAND has a mount table of its own", Points: 2, Needs: []string{"lab2.pid"}, Man: "mount_namespaces(7)", Read: "By hand", Run: ownNamespace("mnt"),
		Hints: []string{"readlink /proc/PID/ns/mnt must differ from the host's", "CLONE_NEWNS: the oldest namespace has the shortest name", "Cloneflags: … | syscall.CLONE_NEWNS"}},
	{ID: "lab2.private", Title: "what COMMAND mounts stays unknown to the host", Points: 3, Needs: []string{"lab2.mnt"}, Man: "mount_namespaces(7)", Read: "By hand", Run: privateMounts,
		Hints: []string{"systemd shares /: a copied mount table still tells the others", "change the propagation before the first mount", `mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)`}},
	{ID: "lab2.hostname", Title: "COMMAND goes by the name that --hostname gives", Points: 2, Needs: []string{"lab2.pid"}, Man: "sethostname(2)", Read: "By hand", Run: hostnameInside,
		Hints: []string{"the child sets it, and not box", "sethostname(name, length) in the new UTS namespace", "syscall.Sethostname([]byte(name))"}},
	{ID: "lab2.uts", Title: "the host keeps its own name", Points: 2, Needs: []string{"lab2.hostname"}, Man: "uts_namespaces(7)", Read: "Break it", Run: hostKeepsName,
		Hints: []string{"there is one name in each UTS namespace", "without CLONE_NEWUTS it is the host that is renamed", "Cloneflags: … | syscall.CLONE_NEWUTS"}},
	{ID: "lab2.ipc", Title: "COMMAND has System V IPC of its own", Points: 2, Needs: []string{"lab2.pid"}, Man: "ipc_namespaces(7)", Read: "By hand", Run: ownNamespace("ipc"),
		Hints: []string{"ipcs inside must be empty", "readlink /proc/PID/ns/ipc must differ from the host's", "CLONE_NEWIPC"}},
	{ID: "lab2.left", Title: "nothing stays: no process, no mount", Points: 2, Needs: []string{"lab2.pid", "lab2.private"}, Man: "pid_namespaces(7)", Read: "By hand", Run: nothingLeft2,
		Hints: []string{"ps on the host, when box has ended", "every process that box starts must be waited for", ""}},
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
