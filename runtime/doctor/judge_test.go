package doctor

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// host is a machine made of files: "path=content" each; "path->target" is a symbolic link.
func host(files ...string) Machine {
	tree := fstest.MapFS{}
	for _, f := range files {
		if path, target, link := strings.Cut(f, "->"); link {
			tree[path] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
			continue
		}
		path, content, _ := strings.Cut(f, "=")
		tree[path] = &fstest.MapFile{Data: []byte(content)}
	}
	return Machine{Files: tree}
}

// diagnose is the finding of one check of the table.
func diagnose(t *testing.T, m Machine, name string) Finding {
	t.Helper()
	for _, c := range checks {
		if c.name == name {
			return c.finding(m)
		}
	}
	require.Fail(t, "no such check", name)
	return Finding{}
}

func TestAnOldKernelStopsEveryLab(t *testing.T) {
	for release, want := range map[string]Status{
		"5.14.0-427.el9.x86_64": OK,
		"5.15.0-1057-aws":       OK,
		"6.1.0-18-amd64":        OK,
		"10.0":                  OK,
		"5.13.19":               Missing,
		"5.4.0-190-generic":     Missing, // as text it is newer than 5.14
		"4.19.0-27-amd64":       Missing,
		"4.4.0-19041-Microsoft": Missing,
		"":                      Missing,
	} {
		f := diagnose(t, host("proc/sys/kernel/osrelease="+release+"\n"), "kernel")
		require.Equal(t, want, f.Status, release)
		require.Equal(t, "1-7", Span(f.Labs))
		require.Equal(t, want == OK, f.Mend == "", "%q: what is well needs no cure", release)
	}
}

const (
	mounted2     = "proc/self/mountinfo=30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	mounted1     = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n33 23 0:29 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
	mountedBoth  = "proc/self/mountinfo=30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" + mounted1
	controllers2 = "sys/fs/cgroup/cgroup.controllers=cpuset cpu io memory pids\n"
)

func TestEachLayoutOfCgroups(t *testing.T) {
	for name, c := range map[string]struct {
		host                        Machine
		version, memory, pids, io   string
		versionStatus, memoryStatus Status
		pidsStatus                  Status
	}{
		"v2":                          {host(mounted2, controllers2), "v2", "v2", "v2", "v2", OK, OK, OK},
		"v1":                          {host("proc/self/mountinfo=" + mounted1), "v1", "v1, /sys/fs/cgroup/memory", "not there", "v1, /sys/fs/cgroup/blkio", Note, OK, Missing},
		"hybrid":                      {host(mountedBoth, "sys/fs/cgroup/unified/cgroup.controllers=hugetlb\n"), "v1 with v2 beside it (hybrid)", "v1, /sys/fs/cgroup/memory", "not there", "v1, /sys/fs/cgroup/blkio", Note, OK, Missing},
		"none":                        {host("proc/self/mountinfo=22 1 8:1 / / rw - ext4 /dev/vda rw\n"), "none", "not there", "not there", "not there", Missing, Missing, Missing},
		"memory switched off at boot": {host(mounted2, "sys/fs/cgroup/cgroup.controllers=cpuset cpu io pids\n"), "v2", "not there", "v2", "v2", OK, Missing, OK},
	} {
		t.Run(name, func(t *testing.T) {
			version, memory, pids, io := diagnose(t, c.host, "cgroups"), diagnose(t, c.host, "memory controller"), diagnose(t, c.host, "pids controller"), diagnose(t, c.host, "io controller")
			require.Equal(t, []string{c.version, c.memory, c.pids, c.io}, []string{version.Found, memory.Found, pids.Found, io.Found})
			require.Equal(t, []Status{c.versionStatus, c.memoryStatus, c.pidsStatus}, []Status{version.Status, memory.Status, pids.Status})
			require.Equal(t, []int{3}, memory.Labs, "a container without limits starts all the same")
		})
	}
}

// Docker gives a container a cgroup namespace whose top is an ordinary group, with the container's processes in it.
func TestAControllerThatCannotBeHandedDown(t *testing.T) {
	inside := []string{mounted2, controllers2, "sys/fs/cgroup/cgroup.type=domain\n", "sys/fs/cgroup/cgroup.procs=1\n7\n"}
	f := diagnose(t, host(inside...), "memory controller")
	require.Equal(t, Missing, f.Status)
	require.Contains(t, f.Found, "EBUSY")
	require.Contains(t, f.Mend, "--cgroupns=host")
	f = diagnose(t, host(append(inside, "sys/fs/cgroup/cgroup.subtree_control=memory pids\n")...), "memory controller")
	require.Equal(t, OK, f.Status, "it is on already")
	f = diagnose(t, host(mounted2, controllers2, "sys/fs/cgroup/cgroup.procs=1\n7\n"), "memory controller")
	require.Equal(t, OK, f.Status, "the real top may have processes")
}

func TestAFullDisk(t *testing.T) {
	status := func(free int64) Status {
		c := check{labs: from(4), look: func(Machine) answer { return space(free) }}
		return c.finding(Machine{}).Status
	}
	require.Equal(t, Missing, status(0))
	require.Equal(t, Missing, status(99_000_000))
	require.Equal(t, Note, status(1_500_000_000), "the built-in image fits, python might not")
	require.Equal(t, OK, status(5_000_000_000))
	require.Equal(t, "1.5GB free", space(1_500_000_000).found)
}

func TestWhatTheLabsRunOn(t *testing.T) {
	const first, other = "proc/self/ns/pid->pid:[4026531836]", "proc/self/ns/pid->pid:[4026532201]"
	for name, c := range map[string]struct {
		host   Machine
		found  string
		status Status
		mend   string
	}{
		"a machine":             {host(first, "proc/self/uid_map=0 0 4294967295\n"), "no container", OK, ""},
		"a disk made by Docker": {host(first, ".dockerenv="), "no container", OK, ""},
		"docker":                {host(other, ".dockerenv="), "a container: docker", Note, privileged},
		"podman":                {host(other, "run/.containerenv="), "a container: podman", Note, privileged},
		"lxc":                   {host(other, "proc/1/environ=TERM=linux\x00container=lxc\x00"), "a container: lxc", Note, privileged},
		"some container":        {host(other), "a container", Note, privileged},
		"rootless":              {host(first, "proc/self/uid_map=0 1000 1\n"), "a user namespace", Note, rootShell},
		"WSL2":                  {host(other, "proc/sys/kernel/osrelease=5.15.167.4-microsoft-standard-WSL2\n"), "WSL2", Note, wslSystemd},
		"WSL2 with systemd": {host(first, "proc/sys/kernel/osrelease=5.15.167.4-microsoft-standard-WSL2\n", "run/systemd/system/x="),
			"WSL2", OK, ""},
		"an early WSL2": {host(first, "proc/sys/kernel/osrelease=4.19.84-microsoft-standard\n", "run/systemd/system/x="), "WSL2", OK, ""},
		"WSL1":          {host("proc/sys/kernel/osrelease=4.4.0-19041-Microsoft\n"), "WSL1: not a Linux", Note, "wsl.exe --set-version $WSL_DISTRO_NAME 2"},
	} {
		t.Run(name, func(t *testing.T) {
			f := diagnose(t, c.host, "machine")
			require.Equal(t, []any{c.found, c.status, c.mend}, []any{f.Found, f.Status, f.Mend})
		})
	}
}

// On WSL the kernel and its command line are not the distribution's.
func TestWSLHasCuresOfItsOwn(t *testing.T) {
	wsl := host("proc/sys/kernel/osrelease=5.10.16.3-microsoft-standard-WSL2\n", mountedBoth)
	require.Equal(t, wslUpdate, diagnose(t, wsl, "kernel").Mend)
	require.Equal(t, wslUnified, diagnose(t, wsl, "cgroups").Mend)
	inItsOwnPIDs := host("proc/sys/kernel/osrelease=5.15.167.4-microsoft-standard-WSL2\n", "proc/self/ns/pid->pid:[4026532201]")
	require.Equal(t, rootShell, diagnose(t, inItsOwnPIDs, "CAP_SYS_ADMIN").Mend, "there is no engine to ask")
}

func TestConfinement(t *testing.T) {
	for _, c := range []struct {
		status, label, found string
	}{
		{"Seccomp:\t0\n", "unconfined\n", "none"},
		{"Seccomp:\t0\n", "", "none"},
		{"Seccomp:\t0\n", "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\x00", "none"},
		{"Seccomp:\t2\n", "docker-default (enforce)\n", "a seccomp filter, the LSM profile docker-default (enforce)"},
		{"Seccomp:\t0\n", "system_u:system_r:container_t:s0:c1,c2\x00", "the LSM profile system_u:system_r:container_t:s0:c1,c2"},
	} {
		f := diagnose(t, host("proc/self/status=Name:\ttutor\n"+c.status, "proc/self/attr/current="+c.label), "confinement")
		require.Equal(t, c.found, f.Found)
		require.Equal(t, c.found == "none", f.Status == OK)
	}
}

func TestCapabilities(t *testing.T) {
	const all, withoutResource, docker = "CapEff:\t000001ffffffffff\n", "CapEff:\t000001fffeffffff\n", "CapEff:\t00000000a80425fb\n"
	for _, c := range []struct {
		set                  string
		admin, net, resource Status
	}{
		{all, OK, OK, OK},
		{withoutResource, OK, OK, Note},
		{docker, Missing, Missing, Note},
		{"", Missing, Missing, Note},
	} {
		m := host("proc/self/status=" + c.set)
		require.Equal(t, []Status{c.admin, c.net, c.resource}, []Status{diagnose(t, m, "CAP_SYS_ADMIN").Status,
			diagnose(t, m, "CAP_NET_ADMIN").Status, diagnose(t, m, "CAP_SYS_RESOURCE").Status}, c.set)
	}
}

func TestTheFileSystemBelowAPath(t *testing.T) {
	const mountinfo = `22 1 8:1 / / rw - ext4 /dev/vda rw
23 22 0:5 / /var rw shared:7 - btrfs /dev/vdb rw
24 23 0:6 / /var/lib/tutor rw - overlay overlay rw
25 24 0:7 / /var/lib/tutor rw - nfs4 server:/x rw
`
	for path, want := range map[string]string{"/": "ext4", "/srv": "ext4", "/var": "btrfs", "/various": "ext4",
		"/var/lib": "btrfs", "/var/lib/tutor": "nfs4", "/var/lib/tutor/images": "nfs4", "/var/lib/tutorial": "btrfs"} {
		require.Equal(t, want, fileSystemOf(mountinfo, path), path)
	}
}

func TestAKernelWithoutFiltersIsFound(t *testing.T) {
	require.Equal(t, OK, diagnose(t, host("proc/sys/kernel/seccomp/actions_avail=kill_process kill_thread trap errno allow\n"), "seccomp").Status)
	f := diagnose(t, host(), "seccomp")
	require.NotEqual(t, OK, f.Status)
	require.Equal(t, "no: every call is open to containers", f.Found)
}

func TestForwardingAndMirrorsAreOnlyRemarkedUpon(t *testing.T) {
	require.Equal(t, OK, diagnose(t, host("proc/sys/net/ipv4/ip_forward=1\n"), "ip_forward").Status)
	require.Equal(t, Note, diagnose(t, host("proc/sys/net/ipv4/ip_forward=0\n"), "ip_forward").Status)
	require.Equal(t, Note, diagnose(t, Machine{}, "registry mirrors").Status)
	f := diagnose(t, Machine{Mirrors: []string{"http://10.0.0.5:5000"}}, "registry mirrors")
	require.Equal(t, []any{OK, "http://10.0.0.5:5000"}, []any{f.Status, f.Found})
	f = diagnose(t, Machine{MirrorsErr: errors.New(`invalid mirror: "x"`)}, "registry mirrors")
	require.Equal(t, Missing, f.Status, "every pull would fail")
}

func TestWithoutRootNothingIsTriedThatOnlyRootMay(t *testing.T) {
	f := diagnose(t, Machine{UID: 1000}, "overlayfs")
	require.Equal(t, []any{Note, "not looked at: only root can"}, []any{f.Status, f.Found})
	require.Equal(t, Missing, diagnose(t, Machine{UID: 1000}, "root").Status)
}

func TestTheVerdict(t *testing.T) {
	lacks := func(labs []int, names ...string) (all []Finding) {
		for _, name := range names {
			all = append(all, Finding{Name: name, Status: Missing, Labs: labs})
		}
		return append(all, Finding{Name: "strace", Status: Note}, Finding{Name: "kernel", Status: OK, Labs: from(1)})
	}
	for want, findings := range map[string][]Finding{
		"All seven labs can run here.":                                        lacks(nil),
		"Lab 3 cannot run here: missing memory controller.":                   lacks(only(3), "memory controller"),
		"Labs 6-7 cannot run here: missing bridge, veth.":                     lacks(from(6), "bridge", "veth"),
		"Labs 3,6-7 cannot run here: missing cgroups, veth.":                  append(lacks(only(3), "cgroups"), lacks(from(6), "veth")...),
		"No lab can run here: missing root.":                                  lacks(from(1), "root"),
		"Labs 2-7 cannot run here: missing a, b, c, and 2 more.":              lacks(from(2), "a", "b", "c", "d", "e"),
		"Labs 4-7 cannot run here: missing file system, overlayfs, nftables.": append(lacks(from(4), "file system", "overlayfs"), lacks(from(6), "nftables")...),
	} {
		text, all := Verdict(findings)
		require.Equal(t, want, text)
		require.Equal(t, want == "All seven labs can run here.", all)
	}
}

func TestTheTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks {
		require.False(t, seen[c.name], "%s stands there twice", c.name)
		seen[c.name] = true
		require.NotEmpty(t, c.needed, c.name)
		require.NotEmpty(t, c.mend, c.name)
		require.NotContains(t, c.mend, "\n", "%s: a cure is one line", c.name)
	}
}
