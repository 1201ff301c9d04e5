package container

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/cgroups"
)

// Version 1 freezes in a tree of its own, in which containers have no group until then. Here both trees are
// there, whatever the machine boots with, or the test has nothing to look at.
func TestTheFreezerOfVersion1(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: cgroups")
	}
	v1 := HostLayout().V1
	if v1["freezer"] == "" || v1["pids"] == "" {
		t.Skip("needs the trees freezer and pids of cgroup v1")
	}
	layout, id := cgroups.Layout{V1: v1}, "freezertest"+NewID()[:8]
	home := filepath.Join(v1["pids"], groupName(id))
	require.NoError(t, os.Mkdir(home, 0o755))
	defer removeGroup(home, time.Now().Add(dying))
	spin := exec.Command("sh", "-c", "echo 0 > "+home+"/cgroup.procs; while true; do :; done")
	require.NoError(t, spin.Start())
	defer spin.Wait()
	defer spin.Process.Kill()
	is := func(letter string) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); state(spin.Process.Pid) != letter || readTrimmed(home+"/cgroup.procs") == ""; {
			require.True(t, time.Now().Before(deadline), "it is %s, and not %s", state(spin.Process.Pid), letter)
		}
	}
	is("R")

	f, err := freezerOf(layout, id)
	require.NoError(t, err)
	require.False(t, f.frozen())
	require.NoError(t, f.freeze(t.Context()))
	require.True(t, f.frozen())
	is("D")
	require.NoError(t, f.thaw())
	require.False(t, exists(f.dir), "the group was made for the moment")
	is("R")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.freeze(cancelled); err != nil { // it may be frozen at the first look
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, f.thaw())
	is("R")
	_, err = freezerOf(layout, "nosuch")
	require.ErrorContains(t, err, "cannot pause container nosuch: it has no group of its own")
}

// state is what a process does: R runs, D stands still (proc_pid_stat(5)).
func state(pid int) string {
	stat := readTrimmed(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	letter, _, _ := strings.Cut(stat[strings.LastIndexByte(stat, ')')+2:], " ")
	return letter
}

func TestTheGuardSaysThatItIsThereAndEndsAtAByte(t *testing.T) {
	defer signal.Reset() // the guard does not hear Ctrl-C; the test shall
	us, tutor := io.Pipe()
	ready, said := io.Pipe()
	status := make(chan int)
	go func() { status <- StandBy([]string{"nosuch"}, us, said) }()
	_, err := ready.Read(make([]byte, 1))
	require.NoError(t, err)
	_, err = tutor.Write([]byte{0})
	require.NoError(t, err)
	require.Zero(t, <-status)
	require.Equal(t, 2, StandBy(nil, us, said))
}
