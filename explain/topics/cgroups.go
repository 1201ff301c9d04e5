package topics

var cgroups = []Topic{
	{
		Name: "cgroup",
		Op:   "cgroup",
		Also: []string{"control group", "cgroup v2", "cgroup2", "cgroup v1", "cgroup.kill", "limit"},
		What: `A set of processes that the kernel counts and limits together. It is a directory in a file system of the kernel's,
			/sys/fs/cgroup: mkdir makes a group, writing a PID into cgroup.procs moves a process there, the other files
			are limits, counters and switches. Children are born into the group of their parent, so that nothing which a
			container starts is outside. Version 2 has one tree for all; version 1 had one for each controller.`,
		Why: `Namespaces hide, but they do not ration: one container could still have all memory, all processors and all process
			numbers. The group is also the sure end of a container: 1 written to cgroup.kill (Linux 5.14) leaves no process.`,
		Hand: []string{"mkdir /sys/fs/cgroup/demo", "sh -c 'echo $$ > /sys/fs/cgroup/demo/cgroup.procs; cat /proc/self/cgroup'", "rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"mkdir /sys/fs/cgroup/pids/demo", "sh -c 'echo $$ > /sys/fs/cgroup/pids/demo/cgroup.procs; cat /proc/self/cgroup'", "rmdir /sys/fs/cgroup/pids/demo"},
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "mkdirat at the beginning, unlinkat at the end: a group lives as long as its container", Want: `mkdirat\(.*/tutor-[0-9a-f]+", 0755`},
		Read: []string{"cgroup-v2.rst (kernel documentation)"},
		See:  []string{"controller", "memory", "cpu", "cpuset", "pids", "io", "cgroup namespace", "cgroupfs", "join", "namespace", "OOM"},
	},
	{
		Name: "controller",
		Also: []string{"subtree_control", "cgroup.controllers"},
		What: `The part of the kernel that counts one resource, group by group, and holds it to its limits: memory, cpu, cpuset,
			pids, io and a few more. In version 2 a group has a controller's files only if its parent has switched the
			controller on, in cgroup.subtree_control. A group other than the root that has switched on one of those for
			memory or io can hold groups or processes, not both.`,
		Why: `A limit that has no file cannot be written: ENOENT for memory.max means that the controller is off, or that
			version 1 has it. EBUSY for subtree_control means that there are processes in the group.`,
		Hand: []string{"cat /sys/fs/cgroup/cgroup.controllers", "echo +memory > /sys/fs/cgroup/cgroup.subtree_control", "cat /sys/fs/cgroup/cgroup.subtree_control"},
		V1:   []string{"cat /proc/cgroups   # those with the same number share a tree", "grep cgroup /proc/mounts"},
		Try:  Try{Line: "tutor run --rm --memory 64m --explain tutor/lab true", Look: "the write that makes the limit, in a file of the memory controller", Want: `write\(\d+, "67108864", 8\)`},
		Read: []string{"cgroups(7)", "cgroup-v2.rst (kernel documentation)"},
		Lab:  3,
		See:  []string{"cgroup", "memory", "cpu", "cpuset", "pids", "io"},
	},
	{
		Name: "memory",
		Op:   "memory",
		Also: []string{"-m", "memory.max", "memory limit", "page cache", "RAM"},
		What: `The memory controller counts every page that a group uses: its programs' own memory, the files that it reads and
			writes (page cache), tmpfs, and what the kernel needs on its behalf, such as sockets and inodes. memory.max is
			the limit. At the limit the kernel first takes back what it can, file pages above all; if that does not
			suffice, it kills inside the group.`,
		Why: `One leak would fill the machine, and the kernel would then kill what it rates worst, perhaps a database in
			another container.`,
		Hand: []string{"echo +memory > /sys/fs/cgroup/cgroup.subtree_control", "mkdir /sys/fs/cgroup/demo", "echo 64M > /sys/fs/cgroup/demo/memory.max", "sh -c 'echo $$ > /sys/fs/cgroup/demo/cgroup.procs && exec tail /dev/zero'   # killed at 64M", "grep oom_kill /sys/fs/cgroup/demo/memory.events; rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"mkdir /sys/fs/cgroup/memory/demo", "echo 64M > /sys/fs/cgroup/memory/demo/memory.limit_in_bytes", "sh -c 'echo $$ > /sys/fs/cgroup/memory/demo/cgroup.procs && exec tail /dev/zero'   # killed at 64M", "grep oom_kill /sys/fs/cgroup/memory/demo/memory.oom_control; rmdir /sys/fs/cgroup/memory/demo"},
		Try:  Try{Line: "tutor run --rm --memory 64m tutor/lab eat 1G; echo $?", Look: "how far it got, and 137: killed", Want: "(?m)^137$"},
		Read: []string{"cgroup-v2.rst (kernel documentation), Memory"},
		See:  []string{"OOM", "memory-swap", "cgroup", "controller", "tmpfs"},
	},
	{
		Name: "memory-swap",
		Op:   "memory-swap",
		Also: []string{"swap", "memory.swap.max"},
		What: `Swap is disk to which the kernel moves memory that has not been used for long. memory.swap.max says how much of a
			group's memory may go there. Docker's --memory-swap means both together, as version 1 counted, so tutor writes
			the difference. With --memory alone as much swap again is allowed; -1 is no limit.`,
		Hand: []string{"swapon --show", "cat /sys/fs/cgroup/*/memory.swap.max"},
		V1:   []string{"swapon --show", "grep -r . /sys/fs/cgroup/memory --include=memory.memsw.limit_in_bytes   # memory and swap together"},
		Try:  Try{Line: "tutor run --dry-run --memory 64m --memory-swap 64m tutor/lab true", Look: "memory-swap: what goes where", Want: "(?m)^memory-swap "},
		See:  []string{"memory", "OOM"},
	},
	{
		Name: "cpu",
		Also: []string{"cpu controller", "cpu.max", "throttling", "quota", "cpu.stat"},
		What: `The cpu controller deals out processor time. cpu.max is an absolute limit, so many µs in every period: "50000
			100000" is half a processor, and a group that has used it up stands still until the next period
			(nr_throttled in cpu.stat counts). cpu.weight is relative and matters only while others want the processor too.`,
		Why: `One busy loop slows everybody down. And too small a limit shows as slowness, never as an error: cpu.stat is where
			to look when a service with half a processor answers late.`,
		Hand: []string{"echo +cpu > /sys/fs/cgroup/cgroup.subtree_control", "mkdir /sys/fs/cgroup/demo", "echo '50000 100000' > /sys/fs/cgroup/demo/cpu.max",
			"sh -c 'echo $$ > /sys/fs/cgroup/demo/cgroup.procs; timeout 2 yes > /dev/null'", "cat /sys/fs/cgroup/demo/cpu.stat; rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"mkdir /sys/fs/cgroup/cpu/demo", "echo 50000 > /sys/fs/cgroup/cpu/demo/cpu.cfs_quota_us", "sh -c 'echo $$ > /sys/fs/cgroup/cpu/demo/cgroup.procs; timeout 2 yes > /dev/null'", "cat /sys/fs/cgroup/cpu/demo/cpu.stat; rmdir /sys/fs/cgroup/cpu/demo"},
		Try:  Try{Line: "tutor run --rm --cpus 0.5 tutor/lab spin 1 1", Look: "one thread wanted a whole second, and got about half of it", Want: `0\.\d+ CPU seconds`},
		Read: []string{"cgroup-v2.rst (kernel documentation), CPU"},
		Lab:  3,
		See:  []string{"cpus", "cpu-shares", "cpuset", "controller", "cgroup"},
	},
	{
		Name: "cpus",
		Op:   "cpus",
		Also: []string{"cpu.cfs_quota_us", "--cpu-period", "--cpu-quota"},
		What: `--cpus 1.5 is 150 000 µs of processor time in every 100 000 µs. It says how much, not where: the threads may run
			on any processor, several at once, and no core is reserved. Four busy threads with --cpus 1 have used it up
			after a quarter of the period, and all four stand still for the rest.`,
		Hand: []string{"grep . /sys/fs/cgroup/*/cpu.max"},
		V1:   []string{"grep -r . /sys/fs/cgroup/cpu --include=cpu.cfs_quota_us   # -1: no limit"},
		Try:  Try{Line: "tutor run --rm --cpus 0.5 --explain tutor/lab true", Look: "what is written, and where", Want: `"50000`},
		See:  []string{"cpu", "cpu-shares", "cpuset"},
	},
	{
		Name: "cpu-shares",
		Op:   "cpu-shares",
		Also: []string{"-c", "cpu.weight", "weight"},
		What: `A weight against the other groups while processors are scarce: 1024 is usual, 2048 gets twice as much. On an idle
			machine everybody gets all that they ask for. Version 2 calls it cpu.weight, 1 to 10000 with 100 as usual;
			the scale that the OCI runtimes took for the change, and tutor takes, makes 39 of 1024.`,
		Hand: []string{"grep . /sys/fs/cgroup/*/cpu.weight"},
		V1:   []string{"grep -r . /sys/fs/cgroup/cpu --include=cpu.shares"},
		Try:  Try{Line: "tutor run --dry-run --cpu-shares 2048 tutor/lab true", Look: "cpu-shares: the number that is written", Want: "(?m)^cpu-shares "},
		See:  []string{"cpu", "cpus", "cgroup"},
	},
	{
		Name: "cpuset",
		Op:   "cpuset-cpus",
		Also: []string{"--cpuset-cpus", "cpuset.cpus", "cpuset.mems", "pinning", "affinity"},
		What: `The cpuset controller says on which processors, and in the memory of which nodes, a group may run: "0-2,4". It is
			a permission and not a reservation: others may run there too. nproc and sched_getaffinity see it, so a program
			that starts a thread for each processor starts fewer. A quota (cpu.max) they do not see.`,
		Why: `Threads that wander between cores lose what is in the caches. And many programs count processors, find the host's
			64, and start 64 threads.`,
		Hand: []string{"nproc", "taskset -c 0 nproc   # the same for a single process"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --cpuset-cpus 0 tutor/lab nproc", Look: "1, on whatever machine", Want: `^1\n`},
		Read: []string{"cpuset(7)"},
		See:  []string{"cpu", "cpus", "controller", "join"},
	},
	{
		Name: "pids",
		Op:   "pids-limit",
		Also: []string{"--pids-limit", "pids.max", "fork bomb"},
		What: `The pids controller counts the processes and threads of a group, zombies too. At pids.max fork and clone answer
			EAGAIN; nothing is killed. Only births are refused: a process that is moved into the group may go beyond.`,
		Why: `PIDs are a small number for the whole machine (sysctl kernel.pid_max). A fork bomb in one container would leave
			nobody able to start even the shell that could end it.`,
		Hand: []string{"echo +pids > /sys/fs/cgroup/cgroup.subtree_control", "mkdir /sys/fs/cgroup/demo; echo 3 > /sys/fs/cgroup/demo/pids.max",
			"( echo 0 > /sys/fs/cgroup/demo/cgroup.procs; sleep 1 & sleep 1 & sleep 1 & wait )   # EAGAIN", "sleep 2; rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"mkdir /sys/fs/cgroup/pids/demo; echo 3 > /sys/fs/cgroup/pids/demo/pids.max", "( echo 0 > /sys/fs/cgroup/pids/demo/cgroup.procs; sleep 1 & sleep 1 & sleep 1 & wait )   # EAGAIN", "sleep 2; rmdir /sys/fs/cgroup/pids/demo"},
		Try:  Try{Line: "tutor run --rm --pids-limit 20 tutor/lab forkbomb", Look: "after how many processes the kernel refused", Want: `\d+ processes, then: resource temporarily unavailable`},
		Read: []string{"cgroup-v2.rst (kernel documentation), PID"},
		See:  []string{"controller", "rlimit", "zombie", "clone3", "cgroup"},
	},
	{
		Name: "io",
		Also: []string{"blkio", "io controller", "io.max", "disk"},
		What: `The io controller limits the traffic to block devices, each by its number: io.max takes bytes and operations a
			second, for reading and writing apart. Who is over the limit waits. Data written through the page cache goes
			to disk later; version 2 charges the group that wrote it, on file systems that can tell, such as ext4, xfs
			and btrfs. Version 1 (blkio) limits such writes not at all.`,
		Why: `A backup in one container would make every other wait for the disk.`,
		Hand: []string{"lsblk -d -o NAME,MAJ:MIN   # 254:0 below is the number of your disk", "echo +io > /sys/fs/cgroup/cgroup.subtree_control",
			"mkdir /sys/fs/cgroup/demo", "echo '254:0 wbps=1048576' > /sys/fs/cgroup/demo/io.max", "cat /sys/fs/cgroup/demo/io.max; rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"lsblk -d -o NAME,MAJ:MIN   # 254:0 below is the number of your disk", "mkdir /sys/fs/cgroup/blkio/demo", "echo '254:0 1048576' > /sys/fs/cgroup/blkio/demo/blkio.throttle.write_bps_device", "cat /sys/fs/cgroup/blkio/demo/blkio.throttle.write_bps_device; rmdir /sys/fs/cgroup/blkio/demo"},
		Try:  Try{Line: "tutor run --dry-run --device-write-bps /dev/$(ls /sys/block | tail -n 1):1mb tutor/lab true", Look: "device-write-bps: the device's number and the limit, in one line", Want: `(?m)^device-write-bps `},
		Read: []string{"cgroup-v2.rst (kernel documentation), IO"},
		Lab:  3,
		See:  []string{"device-read-bps", "device-write-bps", "controller", "cgroup", "memory"},
	},
	{
		Name: "device-read-bps",
		Op:   "device-read-bps",
		Also: []string{"rbps"},
		What: `How many bytes a second the container may read from a device, as in --device-read-bps /dev/sda:1mb. It holds for
			a whole disk, not for a partition. What is in the page cache already is read without any disk, and so at
			full speed.`,
		Hand: []string{"lsblk -d -o NAME,MAJ:MIN", "grep . /sys/fs/cgroup/*/io.max"},
		V1:   []string{"lsblk -d -o NAME,MAJ:MIN", "find /sys/fs/cgroup/blkio -name blkio.throttle.read_bps_device -exec head -v {} +"},
		Try:  Try{Line: "tutor run --dry-run --device-read-bps /dev/$(ls /sys/block | tail -n 1):1mb tutor/lab true", Look: "the device's number and rbps=1048576; with version 1 no word but the number", Want: `write\(<fd>, "\d+:\d+ (rbps=)?1048576"`},
		See:  []string{"io", "device-write-bps"},
	},
	{
		Name: "device-write-bps",
		Op:   "device-write-bps",
		Also: []string{"wbps"},
		What: `How many bytes a second the container may write to a device. A write through the page cache returns at once and
			goes to disk later; the limit shows when the kernel has too many such pages and makes the writer wait, or at
			once with O_DIRECT.`,
		Hand: []string{"lsblk -d -o NAME,MAJ:MIN", "grep . /sys/fs/cgroup/*/io.max"},
		V1:   []string{"lsblk -d -o NAME,MAJ:MIN", "find /sys/fs/cgroup/blkio -name blkio.throttle.write_bps_device -exec head -v {} +"},
		Try:  Try{Line: "tutor run --dry-run --device-write-bps /dev/$(ls /sys/block | tail -n 1):1mb tutor/lab true", Look: "the device's number and wbps=1048576; with version 1 no word but the number", Want: `write\(<fd>, "\d+:\d+ (wbps=)?1048576"`},
		See:  []string{"io", "device-read-bps"},
	},
	{
		Name: "cgroup-conf",
		Op:   "cgroup-conf",
		Also: []string{"memory.oom.group", "memory.high", "memory.low", "unified"},
		What: `A group of version 2 has more files than there are flags, and --cgroup-conf FILE=VALUE, which podman has too, writes
			any of its controllers'. memory.oom.group=1 makes the container one thing for the OOM killer: if it must kill
			one process of it, it kills all. memory.high=48m throttles before memory.max kills; memory.low=32m is what is
			left to the container when others want more.`,
		Why:  `A container that has lost one process of several looks alive and is not: nobody ends it, and nobody starts it again.`,
		Hand: []string{"mkdir /sys/fs/cgroup/demo; echo 1 > /sys/fs/cgroup/demo/memory.oom.group", "cat /sys/fs/cgroup/demo/memory.oom.group; rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"cat /proc/cgroups   # version 1 has no such files: each controller has its own"},
		Try:  Try{Line: "tutor run --dry-run --cgroup-conf memory.oom.group=1 tutor/lab true", Look: "the file, and what is written; on a host with v1 a refusal", Want: `(?m)^cgroup-conf |such files are of v2`},
		Read: []string{"cgroup-v2.rst (kernel documentation), Memory"},
		See:  []string{"memory", "OOM", "controller", "cgroup"},
	},
	{
		Name: "pressure",
		Also: []string{"PSI", "pressure stall information", "memory.pressure", "cpu.pressure", "io.pressure"},
		What: `How long processes stood still because something was scarce. cpu.pressure, memory.pressure and io.pressure of each
			group of version 2 have two lines: "some", at least one process waited, and "full", all did; avg10 is the part
			of the last ten seconds, in percent, and total the sum in µs. tutor stats has avg10 of "some" as
			{{.CPUPressure}}, {{.MemPressure}} and {{.IOPressure}}.`,
		Why: `Use says nothing of need. A group that is throttled to half a processor uses 50 %, whether it would like
			51 % or eight processors; only its pressure tells.`,
		Hand: []string{"cat /proc/pressure/cpu   # of the whole machine", "grep . /sys/fs/cgroup/*/cpu.pressure"},
		V1:   []string{"cat /proc/pressure/cpu   # of the whole machine: groups of version 1 have no such file"},
		Safe: true,
		Try: Try{Line: "tutor run -d --rm --name busy --cpus 0.2 tutor/lab spin -q 1 6 > /dev/null; sleep 3; tutor stats --no-stream --format '{{.CPUPerc}} used, {{.CPUPressure}} waited' busy",
			Look: "little used, and much waited: the kernel reckons avg10 every two seconds", Want: `used, (--|[1-9]\d*\.\d\d%|0\.(0[1-9]|[1-9]\d)%) waited`},
		Read: []string{"psi.rst (kernel documentation)"},
		Lab:  3,
		See:  []string{"cpu", "memory", "io", "controller"},
	},
	{
		Name: "OOM",
		Also: []string{"out of memory", "OOM killer", "oom_kill", "oom_score_adj", "memory.events"},
		What: `Out of memory. When a group is at memory.max and nothing can be taken back, the kernel chooses one of its
			processes, by size and oom_score_adj, and sends SIGKILL; memory.events counts oom_kill. When the machine as a
			whole is out of memory, every process is a candidate. malloc has not failed: Linux promises more memory than
			there is, and the reckoning comes when a page is first touched.`,
		Why: `When it meets PID 1 the container ends with 137 and not a word in its own log. The reason stands in memory.events
			and in the host's kernel log.`,
		Hand: []string{"grep oom_kill /sys/fs/cgroup/*/memory.events", "dmesg | grep -i 'killed process' || echo nobody was killed"},
		V1:   []string{"grep -r 'oom_kill ' /sys/fs/cgroup/memory --include=memory.oom_control", "dmesg | grep -i 'killed process' || echo nobody was killed"},
		Try:  Try{Line: "tutor run --rm --memory 32m tutor/lab eat 1G; echo $?", Look: "137 = 128 + 9, SIGKILL", Want: "(?m)^137$"},
		Read: []string{"cgroup-v2.rst (kernel documentation), Memory", "proc(5)"},
		Lab:  3,
		See:  []string{"cgroup-conf", "pressure", "memory", "memory-swap", "exit code", "signal"},
	},
	{
		Name: "join",
		Op:   "join",
		Also: []string{"cgroup.procs"},
		What: `Only cgroup v1 needs it. Nobody can be born in one of its groups, so the child writes itself (0) into cgroup.procs
			of each tree before it does anything else. With version 2 clone3 has put it where it belongs.`,
		Hand: []string{"mkdir /sys/fs/cgroup/demo", "sh -c 'echo 0 > /sys/fs/cgroup/demo/cgroup.procs; cat /proc/self/cgroup'", "rmdir /sys/fs/cgroup/demo"},
		V1:   []string{"mkdir /sys/fs/cgroup/pids/demo", "sh -c 'echo 0 > /sys/fs/cgroup/pids/demo/cgroup.procs; cat /proc/self/cgroup'", "rmdir /sys/fs/cgroup/pids/demo"},
		Try:  Try{Line: "tutor run --rm --memory 64m --explain tutor/lab true", Look: "join: done with version 1, left out with version 2", Want: "(?m)^join "},
		See:  []string{"cgroup", "clone", "write"},
	},
	{
		Name: "cgroupfs",
		Op:   "cgroupfs",
		Also: []string{"/sys/fs/cgroup"},
		What: `The container finds its own group at /sys/fs/cgroup. Programs that size themselves, such as Java, read memory.max
			and cpu.max there. It is read-only, or root inside could raise the limits; and thanks to the cgroup
			namespace its root is the container's own group.`,
		Hand: []string{"mount -t cgroup2 -o ro cgroup2 /mnt", "ls /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --memory 64m tutor/lab ls /sys/fs/cgroup", Look: "the files of its group; with version 1 a directory for each tree", Want: `memory`},
		See:  []string{"cgroup", "cgroup namespace", "sysfs", "memory"},
	},
}
