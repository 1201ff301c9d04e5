package container

import (
	"fmt"

	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A StopPlan is all that the end of a container depends on, as far as it is asked for from outside.
type StopPlan struct {
	Process Live           // the container's first process, as the host sees it
	Signal  unix.Signal    // what it is asked with
	Once    bool           // the signal and nothing more: `tutor kill`
	Seconds int            // how long it has then; below 0: as long as it takes
	Inside  int            // the same process, as it sees itself: 1
	Command string         // what it is
	Frozen  cgroups.Frozen // what stands still, of a container that is paused
	ended   *sys.Result    // what the wait has answered
}

// Program is how a container is ended: nothing is undone here, for that is its monitor's work, who hears of the end.
func (p StopPlan) Program() program.Program {
	target := &sys.Result{Name: "target"}
	list := program.Of(
		process.Hold(p.Process.PID, target),           // this process, and no other
		process.Send(p.Process.PID, target, p.Signal), // please
		p.thaw(), // one that is paused could not hear it
		process.Await(p.Process.PID, target, p.Seconds, p.ended), // it may tidy up,
		process.Kill(p.Process.PID, target),                      // but not for ever
	)
	if p.Once {
		list[3] = list[3].Leave("one signal, and nobody waits for what comes of it")
		list[4] = list[4].Leave("one signal, and nothing after it")
	}
	return list
}

// thaw lets a paused container go on, if it must: `kill -s HUP` of one that is paused leaves it so, as in Docker.
func (p StopPlan) thaw() program.Op {
	op := cgroups.Thaw(p.Frozen)
	if op.Runs() && p.Once && p.Signal != unix.SIGKILL {
		return op.Leave("the container stays paused; it gets the signal when it goes on")
	}
	return op
}

// lasts says how long the process had.
func (p StopPlan) lasts() string {
	if p.Seconds < 0 {
		return "it has ended by itself"
	}
	return fmt.Sprintf("it has ended by itself, within %d s", p.Seconds)
}
