package topics

var namespaces = []Topic{
	{
		Name: "namespace",
		Also: []string{"ns", "/proc/self/ns", "lsns", "isolation"},
		What: `A namespace is the kernel's answer to one question, kept apart for a group of processes: which processes are
			there, what is mounted where, what is this machine called? There are eight kinds, and every process is in one
			of each; a child begins in its parent's. clone and unshare make new ones, setns enters one that is there, and
			it goes when its last process has gone and nothing holds it open. Two processes whose links in /proc/PID/ns
			show the same number share it.`,
		Why: `How much a process may use is a matter of cgroups; what it can see and name is decided here. Without namespaces
			every container would see, and with root's powers change, the host's processes, mounts, name and network.`,
		Hand: []string{"ls -l /proc/self/ns", "readlink /proc/self/ns/uts; unshare --uts readlink /proc/self/ns/uts"},
		Safe: true,
		Try:  Try{Line: "readlink /proc/self/ns/uts; tutor run --rm tutor/lab readlink /proc/self/ns/uts", Look: "two numbers: two answers to the same question", Want: `uts:\[\d+\]\nuts:\[\d+\]`},
		Read: []string{"namespaces(7)"},
		Lab:  2,
		See: []string{"PID namespace", "mount namespace", "UTS namespace", "IPC namespace", "network namespace", "cgroup namespace",
			"user namespace", "time namespace", "unshare", "cgroup"},
	},
	{
		Name: "PID namespace",
		Op:   "pid-ns",
		Also: []string{"pid", "CLONE_NEWPID", "NSpid"},
		What: `Its processes have numbers of their own, from 1 up, and see no others. In every namespace above they have a
			number as well: the same process is 1 inside and 48217 outside (NSpid in /proc/PID/status). No process can
			change its number, so unshare(CLONE_NEWPID) leaves the caller as it is: the next child is born inside, as PID 1.`,
		Why: `Root inside could list, trace and kill whatever runs on the host. And it gives a container an end: when its PID 1
			has ended, the kernel kills all the rest.`,
		Hand: []string{"unshare --pid --fork --mount-proc sh -c 'echo $$; ps'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --without pid-ns tutor/lab sh -c 'echo I am PID $$'", Look: "a number of the host's, where otherwise stands 1", Want: `I am PID \d+`},
		See:  []string{"PID 1", "procfs", "namespace", "signal", "clone", "unshare"},
	},
	{
		Name: "mount namespace",
		Op:   "mount-ns",
		Also: []string{"mnt", "CLONE_NEWNS", "mount table"},
		What: `A table of its own of what is mounted where. The table is a copy of the maker's, the file systems in it are not.
			Who mounts something inside changes only this table, unless the place is shared (see mount propagation). It
			was the first kind, in Linux 2.4.19, hence the bare name CLONE_NEWNS.`,
		Why: `A start makes some twenty mounts, the container's root first of all. On the host's table each would be there for
			everybody, and pivot_root would take the root from under the host.`,
		Hand: []string{"unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt; grep /mnt /proc/mounts'", "grep ' /mnt ' /proc/mounts || echo not here"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab cut -d ' ' -f 1,2 /proc/mounts", Look: "a table of its own, with an overlay at /", Want: "overlay /\n"},
		See:  []string{"mount propagation", "pivot_root", "namespace", "bind mount", "mount", "stand-in"},
	},
	{
		Name: "UTS namespace",
		Op:   "uts-ns",
		Also: []string{"uts", "CLONE_NEWUTS"},
		What: `Its own host name and NIS domain name: two strings, the smallest of all namespaces. The letters come from the
			structure that uname(2) fills in, utsname, and meant UNIX time-sharing system.`,
		Why: `Programs put the host's name into logs and cluster memberships, and look there for who they are. Without this
			namespace giving the container its name would rename the host.`,
		Hand: []string{"unshare --uts sh -c 'hostname box; hostname'; hostname"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --hostname web tutor/lab hostname; hostname", Look: "web inside, and the host keeps its name", Want: "^web\n"},
		See:  []string{"hostname", "namespace", "unshare", "sethostname"},
	},
	{
		Name: "IPC namespace",
		Op:   "ipc-ns",
		Also: []string{"ipc", "CLONE_NEWIPC", "System V", "shared memory"},
		What: `Its own System V shared memory, semaphores and message queues (ipcs lists them), and its own POSIX message
			queues (/dev/mqueue). POSIX shared memory is not among them: that is files in /dev/shm, and so a matter of
			the mount namespace.`,
		Why: `System V objects lie in no directory. A number is their whole name, so that no root file system and no mount
			can hide a host's database from a process inside with the same user number.`,
		Hand: []string{"ipcmk -Q; ipcs -q", "unshare --ipc ipcs -q   # none"},
		Safe: true,
		Try:  Try{Line: "readlink /proc/self/ns/ipc; tutor run --rm --without ipc-ns tutor/lab readlink /proc/self/ns/ipc", Look: "the same number twice: left out, the host's is shared", Want: `ipc:\[\d+\]\nipc:\[\d+\]`},
		See:  []string{"namespace", "shm", "mqueue", "unshare"},
	},
	{
		Name: "network namespace",
		Op:   "net-ns",
		Also: []string{"net", "netns", "network", "--network", "CLONE_NEWNET"},
		What: `Its own interfaces, addresses, routes, firewall rules, ports and abstract Unix sockets. A new one has a single
			interface, lo, switched off. An interface is in one namespace at a time; a veth pair is a cable between two.
			A container gets one of its own, or with --network host shares the host's.`,
		Why: `Only one web server in all could listen on port 80. A container would hear and could answer on every address of the
			host, and reach what listens on its 127.0.0.1.`,
		Hand: []string{"unshare --net ip link"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --network none tutor/lab ip -br addr", Look: "lo, and nothing else", Want: `^lo `},
		See:  []string{"veth", "bridge", "loopback", "port", "sysfs", "namespace", "unshare"},
	},
	{
		Name: "cgroup namespace",
		Op:   "cgroup-ns",
		Also: []string{"CLONE_NEWCGROUP"},
		What: `It moves the root of what a process sees of the tree of cgroups: the group that its maker is in at that moment
			becomes /. /proc/self/cgroup then says 0::/ where the host reads 0::/tutor-4f1c and so on, and a cgroup2
			that is mounted inside shows only the part below.`,
		Why: `The paths of the host's tree tell which engine started this container, in which unit, beside which others. And
			programs that look for their limits would look in a place that is not there.`,
		Hand: []string{"cat /proc/self/cgroup", "unshare --cgroup cat /proc/self/cgroup"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --without cgroup-ns tutor/lab cat /proc/self/cgroup", Look: "the group's full name in the host's tree", Want: "/tutor-"},
		See:  []string{"cgroup", "cgroupfs", "namespace", "unshare"},
	},
	{
		Name: "user namespace",
		Also: []string{"user-ns", "userns", "CLONE_NEWUSER", "rootless", "uid_map", "root"},
		What: `Its own user and group numbers: /proc/PID/uid_map says which number inside is which outside, so that 0 inside
			may be 100000 outside. Capabilities won in it hold only for what belongs to it. It is the one kind that needs
			no privilege to make, where the distribution allows it, and so the door to rootless containers. tutor uses
			none: root inside is the host's root, with fewer powers.`,
		Why: `A process that breaks out of its container is then nobody in particular on the host. The price is that the files
			must belong to the mapped numbers, or be shown so (idmapped mounts, from Linux 5.12 on).`,
		Hand: []string{"unshare --user --map-root-user sh -c 'id -u; cat /proc/self/uid_map'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab cat /proc/self/uid_map", Look: "0 is 0, for all numbers: the host's own users", Want: `0 +0 +\d+`},
		Read: []string{"user_namespaces(7)"},
		Lab:  5,
		See:  []string{"user", "capability", "namespace", "setuid"},
	},
	{
		Name: "time namespace",
		Also: []string{"time-ns", "time", "CLONE_NEWTIME", "clock"},
		What: `Its own offsets for CLOCK_MONOTONIC and CLOCK_BOOTTIME (Linux 5.6), so that the uptime of a container that is
			moved to another machine does not jump. The wall clock, CLOCK_REALTIME, is not in it. Engines make one only
			when they are asked to; tutor makes none.`,
		Why: `There is one wall clock for all. Who may set it sets everybody's, and that is why containers are not given
			CAP_SYS_TIME.`,
		Hand: []string{"cat /proc/uptime", "unshare --time --boottime 86400 --fork cat /proc/uptime   # a day later"},
		Safe: true,
		Try:  Try{Line: "cat /proc/uptime; tutor run --rm tutor/lab cat /proc/uptime", Look: "the container has been up for as long as the host", Want: `\d+\.\d+ `},
		Read: []string{"time_namespaces(7)"},
		Lab:  2,
		See:  []string{"namespace", "capability", "unshare"},
	},
	{
		Name: "mount propagation",
		Op:   "private",
		Also: []string{"propagation", "shared", "slave", "rprivate", "rslave", "MS_PRIVATE", "MS_SHARED"},
		What: `Each mount is shared, private, slave or unbindable. What is mounted below a shared one appears below every copy
			of it too, in all mount namespaces that have one; a slave only receives; a private one does neither. A new
			mount namespace copies this property with the table, and systemd makes / shared at boot.`,
		Why: `A mount namespace alone is therefore not enough: on most hosts what is mounted inside would show up outside.
			And pivot_root answers EINVAL while the new root's parent is shared.`,
		Hand: []string{"mount --make-rshared /; findmnt -o TARGET,PROPAGATION /", "mount --make-rprivate /; findmnt -o TARGET,PROPAGATION /"},
		Safe: true,
		Try:  Try{Line: "tutor run --lab 2 --explain true", Look: "MS_REC|MS_PRIVATE on /: all of it, at one stroke", Want: `MS_REC\|MS_PRIVATE`},
		Read: []string{"sharedsubtree.rst (kernel documentation)"},
		See:  []string{"mount namespace", "pivot_root", "stand-in", "mount", "bind mount"},
	},
	{
		Name: "stand-in",
		Op:   "stand-in",
		What: `A safety net for one experiment. --without private shows how mounts leak out; so tutor first moves into a copy
			of the host's mount table and makes all of it shared. What the container leaks it leaks into that copy, which
			is gone with tutor. Where / is not shared there is nothing to leak, and it is left out.`,
		Hand: []string{"unshare --mount --propagation shared findmnt -o TARGET,PROPAGATION /"},
		Safe: true,
		Try:  Try{Line: "tutor run --lab 2 --without private --explain true", Look: "what stand-in does; or, where / is not shared, that it is left out", Want: `(?m)^stand-in (with private left out, |left out: / is not shared)`},
		See:  []string{"mount propagation", "mount namespace", "unshare"},
	},
	{
		Name: "hostname",
		Op:   "hostname",

		What: `The name that the container goes by: the first twelve digits of its ID, as with docker, or what --hostname says,
			at most 64 bytes. It is also in its /etc/hostname, and in the variable HOSTNAME. It only says who one is: for
			others to find it is a matter of DNS.`,
		Hand: []string{"unshare --uts sh -c 'hostname box; uname -n'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab hostname", Look: "twelve digits of the container's ID", Want: `^[0-9a-f]{12}\n`},
		See:  []string{"UTS namespace", "sethostname", "files", "DNS"},
	},
}
