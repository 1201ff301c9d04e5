package container

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

func TestTheProgramOfStop(t *testing.T) {
	plain := StopPlan{Process: Live{PID: 4711}, Signal: unix.SIGTERM, Seconds: 10, ended: &sys.Result{Name: "ended"}}
	golden(t, "stop", render(plain.Program()))
	golden(t, "stop-paused-v1", render(everyStop().Program()))
	paused := plain
	paused.Frozen = cgroups.Frozen{Dir: "/sys/fs/cgroup/" + groupName(anID)}
	paused.Signal, paused.Seconds = unix.Signal(34), -1
	golden(t, "stop-paused-v2", render(paused.Program()))
	kill := plain
	kill.Once, kill.Signal = true, unix.SIGKILL
	golden(t, "kill", render(kill.Program()))
}

func TestEveryStopKeepsTheOrder(t *testing.T) {
	p := everyStop().Program()
	for _, b := range program.Order {
		first, then := indexOf(p, b.First), indexOf(p, b.Then)
		if first >= 0 && then >= 0 {
			require.Less(t, first, then, "%s comes before %s: %s", b.First, b.Then, b.Why)
		}
	}
	for _, op := range p {
		require.NotEmpty(t, op.Why, op.Name)
		require.NotEmpty(t, op.Shell, op.Name)
		require.Regexp(t, `^[a-z_0-9.]+\([1-8]\)$`, op.Man, op.Name)
	}
}

// SIGKILL ends a paused container; any other signal of `kill` waits until it goes on.
func TestKillThawsOnlyWhomItEnds(t *testing.T) {
	p := everyStop()
	p.Once, p.Signal = true, unix.SIGHUP
	require.False(t, p.Program().Find("thaw").Runs())
	p.Signal = unix.SIGKILL
	require.True(t, p.Program().Find("thaw").Runs())
}
