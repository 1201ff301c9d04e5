package grader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var cgroupChecks = []Check{
	{ID: "lab3.group", Title: "COMMAND is in a group of its own, made by box", Points: 3, Man: "cgroups(7)", Read: "By hand", Run: ownGroup,
		Hints: []string{"cat /proc/PID/cgroup tells which group a process is in", "a limit binds only the processes in the group: mkdir makes it, a PID written to cgroup.procs moves one there", "the child writes 0, which is itself, to cgroup.procs of each of its groups"}},
	{ID: "lab3.early", Title: "it is there before it is COMMAND: not one instruction runs without limits", Points: 2, Needs: []string{"lab3.group"}, Man: "cgroups(7)", Read: "Run it", Run: early,
		Hints: []string{"what is moved after its start has been free for a while", "first the group and its limits, then the move, then execve", "let the child move itself, before syscall.Exec"}},
	{ID: "lab3.alone", Title: "box itself stays outside", Points: 1, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "Break it", Run: boxOutside,
		Hints: []string{"box would be throttled with COMMAND, and killed with it", "a group that box is in cannot be removed by box: EBUSY", "move the child, and not the parent"}},
	{ID: "lab3.memory", Title: "--memory BYTES is the group's limit", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand", Run: memoryLimited,
		Hints: []string{"the flag is in bytes, and so is the file", "memory.max; with version 1 memory.limit_in_bytes", ""}},
	{ID: "lab3.pids", Title: "--pids N is the group's limit", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand", Run: pidsLimited,
		Hints: []string{"the file is pids.max", "with version 1 it is in another tree than memory", "write before COMMAND starts"}},
	{ID: "lab3.cpus", Title: "--cpus N is the group's quota", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand", Run: cpusLimited,
		Hints: []string{"0.5 processors are 50 ms of every 100 ms", "cpu.max holds quota and period in µs; with version 1 cpu.cfs_quota_us and cpu.cfs_period_us", `cpu.max: "50000 100000"`}},
	{ID: "lab3.oom", Title: "who takes more memory is killed, and box says 137", Points: 2, Needs: []string{"lab3.memory"}, Man: "cgroups(7)", Read: "By hand", Run: outOfMemory,
		Hints: []string{"the kernel kills inside the group, and counts it: oom_kill", "box has to tell a death by SIGKILL from an exit", ""}},
	{ID: "lab3.forks", Title: "a fork bomb is a dud", Points: 1, Needs: []string{"lab3.pids"}, Man: "cgroups(7)", Read: "By hand", Run: forkBomb,
		Hints: []string{"fork answers EAGAIN at the limit, and pids.events counts it", "", ""}},
	{ID: "lab3.throttled", Title: "a busy COMMAND is throttled near its quota", Points: 1, Needs: []string{"lab3.cpus"}, Man: "cgroups(7)", Read: "By hand", Run: throttled,
		Hints: []string{"cpu.stat counts nr_throttled", "", ""}},
	{ID: "lab3.left", Title: "the group is gone when COMMAND has ended", Points: 2, Needs: []string{"lab3.group", "lab3.alone"}, Man: "rmdir(2)", Read: "Run it", Run: nothingLeft3,
		Hints: []string{"a group is a directory, and stays until someone removes it", "rmdir works when no process and no group is in it; it is EBUSY until then", "remove it in every tree that it was made in"}},
	{ID: "lab3.killed", Title: "box killed by SIGKILL: COMMAND dies too, and the next box finds nothing in its way", Points: 2, Needs: []string{"lab3.left"}, Man: "prctl(2)", Read: "Read the source", Run: boxKilled,
		Hints: []string{"SIGKILL cannot be caught: somebody else has to clear up", "PR_SET_PDEATHSIG has the kernel kill the child; what is left of a dead box's groups the next box can remove", "Pdeathsig: syscall.SIGKILL, and func init() { runtime.LockOSThread() }: it is threads that are parents, and that die with them"}},
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
