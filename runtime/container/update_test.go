package container

import (
	"path"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"tutor/runtime/cgroups"
	"tutor/runtime/program"
)

// updateOf is the Program of an update of everything, of a container that has the groups dirs.
func updateOf(layout cgroups.Layout, values map[string]string, dirs ...string) program.Program {
	r := everything().Resources
	r.BlockIO = nil
	return cgroups.Update(cgroupsGroup(layout, anID, Options{Resources: r}), r, cgroups.Before{Values: values, Dirs: dirs,
		PIDs: []string{"7", "8"}, From: map[string]string{layout.V1["memory"]: "/user.slice"}})
}

// callsOf is what an Op does, and the way back.
func callsOf(op *program.Op) (done, undone []string) {
	for _, c := range op.Calls {
		done = append(done, c.String())
	}
	for _, c := range op.Undo {
		undone = append(undone, c.String())
	}
	return done, undone
}

func TestEveryUpdateKeepsTheOrder(t *testing.T) {
	for name, p := range map[string]program.Program{
		"v2":     updateOf(v2, nil, path.Join(v2.Top(), groupName(anID))),
		"hybrid": updateOf(hybrid, nil, path.Join(hybrid.Unified, groupName(anID))),
	} {
		at := map[string]int{}
		for i, op := range p {
			if op.Runs() {
				at[op.Name] = i
			}
		}
		for _, o := range program.Order {
			first, one := at[o.First]
			then, two := at[o.Then]
			require.False(t, one && two && first > then, "%s: %s before %s: %s", name, o.First, o.Then, o.Why)
		}
		require.Contains(t, at, "memory", name)
	}
}

// A controller that is switched on for the first time gives the group its files, with what they usually hold.
func TestAnUpdateOfVersion2TakesBackToNoLimit(t *testing.T) {
	dir := path.Join(v2.Top(), groupName(anID))
	p := updateOf(v2, map[string]string{dir + "/pids.max": "33"}, dir)
	enable, _ := callsOf(p.Find("cgroup"))
	require.Equal(t, []string{`mkdirat(AT_FDCWD, "/sys/fs/cgroup/tutor", 0755)`,
		`openat(AT_FDCWD, "/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY|O_CLOEXEC)`,
		`write(<fd>, "+memory +cpu +cpuset +pids +io", 30)`, `close(<fd>)`,
		`openat(AT_FDCWD, "/sys/fs/cgroup/tutor/cgroup.subtree_control", O_WRONLY|O_CLOEXEC)`,
		`write(<fd>, "+memory +cpu +cpuset +pids +io", 30)`, `close(<fd>)`}, enable)
	for op, want := range map[string]string{
		"memory":      `write(<fd>, "max", 3)`,
		"memory-swap": `write(<fd>, "max", 3)`,
		"cpus":        `write(<fd>, "max 100000", 10)`,
		"cpu-shares":  `write(<fd>, "100", 3)`,
		"cpuset-cpus": `write(<fd>, "\n", 1)`,
		"pids-limit":  `write(<fd>, "33", 2)`,
	} {
		_, undone := callsOf(p.Find(op))
		require.Len(t, undone, 3, op)
		require.Equal(t, want, undone[1], op)
	}
	require.False(t, p.Find("join").Runs(), "a process is in one group of version 2, and stays there")
}

func TestAnUpdateOfVersion1GoesBackToWhereTheProcessesWere(t *testing.T) {
	p := updateOf(hybrid, nil, path.Join(hybrid.Unified, groupName(anID)))
	_, undone := callsOf(p.Find("cgroup"))
	require.Contains(t, undone, `unlinkat(AT_FDCWD, "/sys/fs/cgroup/memory/`+groupName(anID)+`", AT_REMOVEDIR)`)
	done, undone := callsOf(p.Find("join"))
	require.Equal(t, `openat(AT_FDCWD, "/sys/fs/cgroup/memory/`+groupName(anID)+`/cgroup.procs", O_WRONLY|O_CLOEXEC)`, done[0])
	require.Equal(t, []string{`openat(AT_FDCWD, "/sys/fs/cgroup/memory/user.slice/cgroup.procs", O_WRONLY|O_CLOEXEC)`,
		`write(<fd>, "7", 1)`, `write(<fd>, "8", 1)`, `close(<fd>)`}, undone[:4])
	_, undone = callsOf(p.Find("memory"))
	require.Empty(t, undone, "the group goes, and its limit with it")
}

// At each moment memory alone must not be more than memory and swap: version 1 answers EINVAL.
func TestLimitsOfMemoryAreWrittenInTheOrderThatVersion1Takes(t *testing.T) {
	dir := path.Join(hybrid.V1["memory"], groupName(anID))
	for both, first := range map[string]string{"1000": "memory-swap", "67108864": "memory", "9223372036854771712": "memory"} {
		p := updateOf(hybrid, map[string]string{dir + "/memory.memsw.limit_in_bytes": both}, dir)
		require.Equal(t, first, p[1].Name, "64 MiB, where both together are %s", both)
	}
}

func TestProcessorsAreReadAsTheKernelWritesThem(t *testing.T) {
	for list, want := range map[string][]int{"": nil, "0": {0}, "0-2,4": {0, 1, 2, 4}, "3,1": {3, 1}} {
		got, err := processors(list)
		require.NoError(t, err, list)
		require.Equal(t, want, got, list)
	}
	for _, list := range []string{"x", "1-", "-1", "2-1", "0-99999999999", "0,", "0-8192", " 1"} {
		_, err := processors(list)
		require.Error(t, err, list)
	}
}

// Docker's rule for --memory without --memory-swap, and the other way round.
func TestLimitsOfMemoryAndSwapDependOnEachOther(t *testing.T) {
	limits := func(limit, swap int64) *specs.LinuxMemory { // in MiB
		limit, swap = limit<<20, swap<<20
		m := &specs.LinuxMemory{}
		if limit != 0 {
			m.Limit = &limit
		}
		if swap != 0 {
			m.Swap = &swap
		}
		return m
	}
	for _, c := range []struct {
		old, asked, want *specs.LinuxMemory
	}{
		{limits(64, 128), limits(100, 0), limits(100, 128)},
		{limits(64, 128), limits(129, 0), nil},
		{limits(64, -1), limits(129, 0), limits(129, -1)},
		{limits(64, 128), limits(0, 64), limits(64, 64)},
		{limits(64, 128), limits(0, 63), nil},
		{nil, limits(64, 0), nil},
		{nil, limits(0, 64), nil},
		{nil, limits(64, 128), limits(64, 128)},
	} {
		err := CheckMemory(c.old, c.asked)
		var got *specs.LinuxMemory
		if err == nil {
			got, err = settled(c.old, c.asked)
		}
		require.Equal(t, c.want, got)
		require.Equal(t, c.want == nil, err != nil)
	}
}
