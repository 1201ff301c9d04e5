package grader

import (
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// ambushes are enough for a box that runs ten programs before COMMAND.
const ambushes = 12

// killedMidStart starts box again and again, and kills it as nobody can prepare for: when its child is about to execute a
// program, in the next box when the second process is, and so on; and at last when COMMAND runs.
func (s *Sandbox) killedMidStart(args func() []string) error {
	for n := 1; n <= ambushes; n++ {
		box, killed, err := s.ambush(n, args())
		if err != nil {
			return err
		}
		if killed {
			continue
		}
		box.Signal(unix.SIGKILL)
		s.until(box.Ended)
		break
	}
	return nil
}

// ambush kills box when the n-th process of its own making executes its first program. That one stands still until box is dead.
// Not killed: COMMAND runs, and there were fewer. The gate is there before box is, or a quick one would be past it.
func (s *Sandbox) ambush(n int, args []string) (*Box, bool, error) {
	var killed atomic.Bool
	started := make(chan *Box, 1)
	seen := map[Process]bool{} // box itself comes first
	gate := newGate(func(p Process) string {
		if seen[p] || !s.owns(p) {
			return ""
		}
		if seen[p] = true; len(seen) == n+1 {
			if box := <-started; box != nil {
				killed.Store(true)
				box.Signal(unix.SIGKILL)
				s.until(box.Ended)
			}
		}
		return ""
	}, unix.FAN_MARK_FILESYSTEM, s.programs()...)
	if gate != nil {
		defer gate.Close()
	}
	box, err := s.Box(args...)
	started <- box
	if err != nil {
		return nil, false, err
	}
	_, err = box.Command()
	if killed.Load() {
		err = nil
	}
	return box, killed.Load(), err
}

// owns tells if a process is the sandbox's: the file systems of the programs are the host's as well.
func (s *Sandbox) owns(p Process) bool { return strings.Contains(p.read("cgroup"), s.group.Name) }

// programs are files of the file systems that everything in the sandbox is executed from.
func (s *Sandbox) programs() []string {
	return []string{s.host(boxDir), s.host(ToolDir), s.host("/usr")}
}
