// Package cgroups is lab 3: how much a process may use. A control group is a directory in a file system of
// the kernel's; its files are limits and counters (cgroups(7), cgroup-v2.rst).
package cgroups

import (
	"fmt"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Create makes the group, still empty, and opens it, so that the child can be born inside (opened is its
// descriptor; nil without cgroup2).
func Create(g Group, opened *sys.Result) program.Op {
	op := program.Op{
		Name: "cgroup",
		Lab:  3,
		By:   program.Host,
		Why:  "without a group of its own a container cannot be limited, counted, or killed as a whole",
		Man:  "cgroups(7)",
	}
	dirs := g.Dirs()
	if len(dirs) == 0 {
		return op.Leave("no cgroup file system is mounted on this host")
	}
	top, shell := g.handDown()
	op.Shell, op.Calls = shell+"mkdir "+strings.Join(dirs, " "), top
	for i, dir := range dirs {
		op.Calls = append(op.Calls, sys.Mkdir(dir, 0o755))
		op.Undo = append(op.Undo, sys.Rmdir(dirs[len(dirs)-1-i]))
	}
	op.Calls = append(op.Calls, g.inherit()...)
	if opened != nil {
		op.Calls = append(op.Calls, sys.Open(dirs[0], unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, opened))
	}
	return op
}

// limit is the Op of one limit: one value written to one file, whose name depends on the version.
func (g Group) limit(name, controller, why, v2file, v2value, v1file, v1value string) program.Op {
	op := program.Op{Name: name, Lab: 3, By: program.Host, Why: why, Man: "cgroups(7)"}
	dir, v2 := g.dir(controller)
	if dir == "" {
		return op.Leave("this host has no " + controller + " controller")
	}
	file, value := path.Join(dir, v1file), v1value
	if v2 {
		file, value = path.Join(dir, v2file), v2value
	}
	op.Shell = fmt.Sprintf("echo %s > %s", value, file)
	op.Calls, op.Undo = sys.WriteFile(file, value), g.back(file)
	return op
}

// Memory limits what the group may hold, in bytes; nil: no limit. The kernel rounds down to pages. Past it
// the kernel reclaims, then kills inside the group: memory.events counts oom_kill (cgroup-v2.rst).
func Memory(g Group, m *specs.LinuxMemory) program.Op {
	limit := int64(0)
	if m != nil && m.Limit != nil {
		limit = *m.Limit
	}
	op := g.limit("memory", "memory", "one container could take all memory, and the kernel would kill whatever it likes best",
		"memory.max", fmt.Sprint(limit), "memory.limit_in_bytes", fmt.Sprint(limit))
	if limit <= 0 {
		return op.Leave("no --memory given")
	}
	return op
}

// Swap limits memory and swap together, in bytes; -1: swap without limit. Version 2 counts swap alone.
func Swap(g Group, m *specs.LinuxMemory) program.Op {
	if m == nil || m.Swap == nil || m.Limit == nil {
		return program.Op{Name: "memory-swap", Lab: 3, By: program.Host, Man: "cgroups(7)",
			Why: "what memory refuses would go to the swap disk instead"}.Leave("no --memory given")
	}
	v1, v2 := fmt.Sprint(*m.Swap), fmt.Sprint(*m.Swap-*m.Limit)
	if *m.Swap < 0 {
		v1, v2 = "-1", "max"
	}
	op := g.limit("memory-swap", "memory", "what memory refuses would go to the swap disk instead",
		"memory.swap.max", v2, "memory.memsw.limit_in_bytes", v1)
	if len(op.Calls) > 0 { // a kernel without swap accounting has no such file; the limit on memory still holds
		op.Calls, op.Undo = passOver(op.Calls), passOver(op.Undo)
	}
	return op
}

// passOver lets the file be absent: what follows the open then fails with EBADF, and that is no failure either.
func passOver(calls []sys.Call) []sys.Call {
	for i := range calls {
		calls[i] = calls[i].Tolerate(unix.ENOENT, unix.EBADF)
	}
	return calls
}

// CPUs limits processor time: quota out of every period, both in µs. Two CPUs are quota 200000 of 100000; -1 is no limit. A
// group that has used its quota is throttled until the next period: cpu.stat counts it.
func CPUs(g Group, c *specs.LinuxCPU) program.Op {
	if c == nil || c.Quota == nil || c.Period == nil {
		return program.Op{Name: "cpus", Lab: 3, By: program.Host, Man: "cgroups(7)",
			Why: "one container could keep every processor busy"}.Leave("no --cpus given")
	}
	v2 := fmt.Sprintf("%d %d", *c.Quota, *c.Period)
	if *c.Quota < 0 {
		v2 = fmt.Sprintf("max %d", *c.Period)
	}
	op := g.limit("cpus", "cpu", "one container could keep every processor busy",
		"cpu.max", v2, "cpu.cfs_quota_us", fmt.Sprint(*c.Quota))
	if dir, v2 := g.dir("cpu"); dir != "" && !v2 {
		op.Calls = v1Quota(dir, *c.Quota, *c.Period)
		op.Undo = slices.Concat(g.back(path.Join(dir, "cpu.cfs_quota_us")), g.back(path.Join(dir, "cpu.cfs_period_us")))
	}
	return op
}

// Shares weighs the group against others while processors are scarce: 1024 is usual, 2048 gets twice as much.
// Version 2's cpu.weight goes from 1 to 10000 with 100 as usual; the scale is the one of the OCI runtimes.
func Shares(g Group, c *specs.LinuxCPU) program.Op {
	var shares uint64
	if c != nil && c.Shares != nil {
		shares = *c.Shares
	}
	weight := uint64(1)
	if shares > 2 {
		weight = 1 + (shares-2)*9999/262142
	}
	op := g.limit("cpu-shares", "cpu", "when processors are scarce all would get the same, whatever they are worth",
		"cpu.weight", fmt.Sprint(weight), "cpu.shares", fmt.Sprint(shares))
	if shares == 0 {
		return op.Leave("no --cpu-shares given")
	}
	return op
}

// CPUSet names the processors that may be used: "0-2,4".
func CPUSet(g Group, c *specs.LinuxCPU) program.Op {
	cpus := ""
	if c != nil {
		cpus = c.Cpus
	}
	op := g.limit("cpuset-cpus", "cpuset", "the command would run on whatever processor is free",
		"cpuset.cpus", cpus, "cpuset.cpus", cpus)
	if cpus == "" {
		return op.Leave("no --cpuset-cpus given")
	}
	return op
}

// Pids limits the number of processes and threads: fork gives EAGAIN at the limit, and a fork bomb is a dud. -1
// is no limit.
func Pids(g Group, p *specs.LinuxPids) program.Op {
	limit := int64(0)
	if p != nil && p.Limit != nil {
		limit = *p.Limit
	}
	value := fmt.Sprint(limit)
	if limit < 0 {
		value = "max"
	}
	op := g.limit("pids-limit", "pids", "a fork bomb inside would use up the host's process table",
		"pids.max", value, "pids.max", value)
	if limit == 0 {
		return op.Leave("no --pids-limit given")
	}
	return op
}

// ReadBPS limits how fast a disk is read, in bytes a second for each device.
func ReadBPS(g Group, b *specs.LinuxBlockIO) program.Op {
	var devices []specs.LinuxThrottleDevice
	if b != nil {
		devices = b.ThrottleReadBpsDevice
	}
	return g.throttle("device-read-bps", "one container could keep the disk busy with reading", devices, "rbps", "blkio.throttle.read_bps_device")
}

// WriteBPS limits how fast a disk is written, in bytes a second for each device.
func WriteBPS(g Group, b *specs.LinuxBlockIO) program.Op {
	var devices []specs.LinuxThrottleDevice
	if b != nil {
		devices = b.ThrottleWriteBpsDevice
	}
	return g.throttle("device-write-bps", "one container could keep the disk busy with writing", devices, "wbps", "blkio.throttle.write_bps_device")
}

func (g Group) throttle(name, why string, devices []specs.LinuxThrottleDevice, v2key, v1file string) program.Op {
	op := program.Op{Name: name, Lab: 3, By: program.Host, Why: why, Man: "cgroups(7)"}.Leave("no --" + name + " given")
	for i, d := range devices {
		device := fmt.Sprintf("%d:%d", d.Major, d.Minor)
		one := g.limit(name, "io", why, "io.max", fmt.Sprintf("%s %s=%d", device, v2key, d.Rate), v1file, fmt.Sprintf("%s %d", device, d.Rate))
		if i == 0 {
			op = one
			continue
		}
		op.Calls = append(op.Calls, one.Calls...)
		op.Shell += "; " + one.Shell
	}
	return op
}

// View mounts the container's own groups where programs look for their limits; read-only, or root inside
// could lift them. On the host's own root (labs 1 to 3) the host's tree goes first: mounted over itself, a file
// system gives EBUSY (mount(2)).
func View(g Group, m specs.Mount, hostRoot bool) program.Op {
	flags, _ := sys.MountOptions(m.Options)
	op := program.Op{
		Name:  "cgroupfs",
		Lab:   3,
		By:    program.Child,
		Why:   "programs look here for the limits that they live under",
		Shell: "mount -t cgroup2 -o " + strings.Join(m.Options, ",") + " cgroup2 /sys/fs/cgroup",
		Man:   "cgroups(7)",
		Calls: append(sys.MkdirAll("/sys/fs/cgroup"), sys.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", flags, "")),
	}
	if m.Destination == "" {
		return op.Leave("not in the spec")
	}
	if len(g.Layout.V1) > 0 {
		op.Shell = "mount -t tmpfs tmpfs /sys/fs/cgroup; mount -t cgroup -o CONTROLLER cgroup /sys/fs/cgroup/CONTROLLER; …"
		op.Calls = append(sys.MkdirAll("/sys/fs/cgroup"), g.v1Mount(flags)...)
		return op
	}
	if hostRoot {
		op.Shell = "umount -l /sys/fs/cgroup; " + op.Shell
		op.Calls = append([]sys.Call{sys.Umount("/sys/fs/cgroup", unix.MNT_DETACH).Tolerate(unix.EINVAL)}, op.Calls...)
	}
	return op
}
