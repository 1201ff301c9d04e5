// Package cgroups is the contract of lab 3-cgroups.
package cgroups

import "tutor/labs/contract"

// Promises are what `tutor grade 3-cgroups` asks of box. How each is looked at is in labs/grader/lab3.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab3.group", Title: "COMMAND is in a group of its own, made by box", Points: 3, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"cat /proc/PID/cgroup tells which group a process is in", "a limit binds only the processes in the group: mkdir makes it, a PID written to cgroup.procs moves one there", "the child writes 0, which is itself, to cgroup.procs of each of its groups"}},
	{ID: "lab3.early", Title: "it is there before it is COMMAND: not one instruction runs without limits", Points: 2, Needs: []string{"lab3.group"}, Man: "cgroups(7)", Read: "Run it",
		Hints: []string{"what is moved after its start has been free for a while", "first the group and its limits, then the move, then execve", "let the child move itself, before syscall.Exec"}},
	{ID: "lab3.alone", Title: "box itself stays outside", Points: 1, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "Break it",
		Hints: []string{"box would be throttled with COMMAND, and killed with it", "a group that box is in cannot be removed by box: EBUSY", "move the child, and not the parent"}},
	{ID: "lab3.memory", Title: "--memory BYTES is the group's limit", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"the flag is in bytes, and so is the file", "memory.max; with version 1 memory.limit_in_bytes", ""}},
	{ID: "lab3.pids", Title: "--pids N is the group's limit", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"the file is pids.max", "with version 1 it is in another tree than memory", "write before COMMAND starts"}},
	{ID: "lab3.cpus", Title: "--cpus N is the group's quota", Points: 2, Needs: []string{"lab3.early"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"0.5 processors are 50 ms of every 100 ms", "cpu.max holds quota and period in µs; with version 1 cpu.cfs_quota_us and cpu.cfs_period_us", `cpu.max: "50000 100000"`}},
	{ID: "lab3.oom", Title: "who takes more memory is killed, and box says 137", Points: 2, Needs: []string{"lab3.memory"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"the kernel kills inside the group, and counts it: oom_kill", "box has to tell a death by SIGKILL from an exit", ""}},
	{ID: "lab3.forks", Title: "a fork bomb is a dud", Points: 1, Needs: []string{"lab3.pids"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"fork answers EAGAIN at the limit, and pids.events counts it", "", ""}},
	{ID: "lab3.throttled", Title: "a busy COMMAND is throttled near its quota", Points: 1, Needs: []string{"lab3.cpus"}, Man: "cgroups(7)", Read: "By hand",
		Hints: []string{"cpu.stat counts nr_throttled", "", ""}},
	{ID: "lab3.left", Title: "the group is gone when COMMAND has ended", Points: 2, Needs: []string{"lab3.group", "lab3.alone"}, Man: "rmdir(2)", Read: "Run it",
		Hints: []string{"a group is a directory, and stays until someone removes it", "rmdir works when no process and no group is in it; it is EBUSY until then", "remove it in every tree that it was made in"}},
	{ID: "lab3.killed", Title: "box killed by SIGKILL: COMMAND dies too, and the next box finds nothing in its way", Points: 2, Needs: []string{"lab3.left"}, Man: "prctl(2)", Read: "Read the source",
		Hints: []string{"SIGKILL cannot be caught: somebody else has to clear up", "PR_SET_PDEATHSIG has the kernel kill the child; what is left of a dead box's groups the next box can remove", "Pdeathsig: syscall.SIGKILL, and func init() { runtime.LockOSThread() }: it is threads that are parents, and that die with them"}},
}
