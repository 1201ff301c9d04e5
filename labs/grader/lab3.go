package grader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var cgroupLooks = looks{
	"lab3.group":     ownGroup,
	"lab3.early":     early,
	"lab3.alone":     boxOutside,
	"lab3.memory":    memoryLimited,
	"lab3.pids":      pidsLimited,
	"lab3.cpus":      cpusLimited,
	"lab3.oom":       outOfMemory,
	"lab3.forks":     forkBomb,
	"lab3.throttled": throttled,
	"lab3.left":      nothingLeft3,
	"lab3.killed":    boxKilled,
}

// with is tool, with flags before COMMAND.
func with(flags []string, words ...string) []string {
	return append(append([]string{"run"}, flags...), tool(words...)[1:]...)
}

// allLimits are the three flags, with values that no default has.
func (s *Sandbox) allLimits() []string {
	return []string{"--memory", fmt.Sprint(s.memory()), "--cpus", s.cpus(), "--pids", fmt.Sprint(s.Between(41, 97))}
}

func (s *Sandbox) memory() int  { return s.Between(12001, 19999) * 4096 }
func (s *Sandbox) cpus() string { return fmt.Sprintf("0.%d", s.Between(21, 39)) }

func ownGroup(s *Sandbox) error {
	_, command, err := s.Holds(with(s.allLimits(), "hold")...)
	if err != nil {
		return err
	}
	for _, controller := range s.group.Needs {
		dir := s.settledGroup(command, controller)
		if dir == "" {
			return fmt.Errorf("this host has no %s controller", controller)
		}
		if s.given(dir) {
			return wrong("a group that box has made, for "+controller, "the group that box was started in", s.groupHint()...)
		}
	}
	return nil
}

// settledGroup is the group that the process is in, or is moved to soon after it has begun: that it should have been
// there before is another check's.
func (s *Sandbox) settledGroup(p Process, controller string) string {
	dir, _ := s.groupOf(p, controller)
	for deadline := time.Now().Add(s.patience / 8); s.given(dir) && time.Now().Before(deadline); dir, _ = s.groupOf(p, controller) {
		time.Sleep(time.Millisecond)
	}
	return dir
}

// groupHint says which of the two usual mistakes it is: no group at all, or an empty one.
func (s *Sandbox) groupHint() []string {
	for _, dir := range s.group.Dirs() {
		if below := tree(dir); len(below) > 1 || len(below) == 1 && below[0] != "/own" {
			return []string{"the group " + below[len(below)-1] + " is there, and COMMAND is not in it"}
		}
	}
	return []string{"box has made no group: a limit of one process (setrlimit) is none of all"}
}

func early(s *Sandbox) error {
	gate := newGate(func(p Process) string {
		dir, _ := s.groupOf(p, "memory")
		return dir
	}, 0, s.host(ToolDir+"/tutor"))
	if gate != nil {
		defer gate.Close()
	}
	_, command, err := s.Holds(with(s.allLimits(), "hold")...)
	if err != nil {
		return err
	}
	dir, _ := s.groupOf(command, "memory")
	if gate != nil {
		dir, _ = gate.Said(command)
	}
	if s.given(dir) {
		return wrong("COMMAND in its group when execve begins", "it was still in box's group")
	}
	return nil
}

func boxOutside(s *Sandbox) error {
	box, command, err := s.Holds(with(s.allLimits(), "hold")...)
	if err != nil {
		return err
	}
	for _, controller := range s.group.Needs {
		own, _ := s.groupOf(command, controller)
		if boxes, _ := s.groupOf(Process(box.PID), controller); boxes == own {
			return wrong("box in another group than COMMAND, for "+controller, "both are in "+strings.TrimPrefix(own, s.group.Dirs()[0]))
		}
	}
	return nil
}

func nothingLeft3(s *Sandbox) error {
	box, err := s.Ends("", with(s.allLimits(), "say", s.Word())...)
	if err != nil {
		return err
	}
	return cmp.Or(s.clean(), box.Ran())
}

func boxKilled(s *Sandbox) error {
	box, command, err := s.Holds(with(s.allLimits(), "hold")...)
	if err != nil {
		return err
	}
	box.Signal(unix.SIGKILL)
	if !s.until(func() bool { return command.State() == "" || command.State() == "Z" }) {
		return wrong("COMMAND to end when box was killed", fmt.Sprintf("it still runs after %v", s.patience))
	}
	s.until(box.Ended)
	return s.nextFindsNothing(with(s.allLimits(), "exit", "0"))
}

// nextFindsNothing runs another box after one that was killed. The dead leave their group a moment after they have died,
// and an early successor finds it still in use: so there may be three.
func (s *Sandbox) nextFindsNothing(args []string) (err error) {
	for range 3 {
		if err = s.nextClears(args); err == nil {
			return nil
		}
	}
	return err
}

// nextClears is one of these. Zombies do not count: a box that was killed could not wait for its child.
func (s *Sandbox) nextClears(args []string) error {
	next, err := s.Ends("", args...)
	if err != nil {
		return err
	}
	if next.Code() != "0" {
		return wrong("the next box to run", next.Status())
	}
	left := slices.DeleteFunc(s.Left(), func(l string) bool { return strings.HasPrefix(l, "zombie ") })
	if len(left) > 0 {
		return wrong("nothing of the killed box to be left when the next has run", strings.Join(left, ", "))
	}
	return nil
}
