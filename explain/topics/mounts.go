package topics

var mounts = []Topic{
	{
		Name: "bind mount",
		Also: []string{"rbind", "MS_BIND", "mount --bind"},
		What: `What is there already, a directory or a single file, mounted at a second place. Nothing is copied: it is the same
			files under two names. But each place has flags of its own, read-only and nodev among them. A bind takes one
			mount; a recursive one (rbind) takes the mounts below it as well.`,
		Why: `It is how the host's files come in (volumes, /etc/resolv.conf), and how files of the kernel are hidden:
			/dev/null, bound on top of /proc/kcore.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt; echo secret > file", "mount --bind /dev/null file; wc -c < file", "umount file; cat file"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab grep /etc/hosts /proc/mounts", Look: "one file, mounted: its disk is the host's", Want: "/etc/hosts"},
		Read: []string{"mount(2)", "mount(8)"},
		Lab:  4,
		See:  []string{"volume", "files", "masked path", "mount", "mount propagation"},
	},
	{
		Name: "tmpfs",
		Op:   "tmpfs",
		Also: []string{"ram disk"},
		What: `A file system in memory. Its files are pages that are written to no disk, swap aside, and they are gone with the
			last unmount. size= bounds it; without, half of the machine's memory does. The pages count for the cgroup that
			first touched them.`,
		Why: `A place to write that leaves no trace, for secrets, sockets and scratch; with --read-only often the only place to
			write at all.`,
		Hand: []string{"mount -t tmpfs -o size=1m tmpfs /mnt; df -h /mnt", "head -c 2M /dev/zero > /mnt/file || ls -lh /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --tmpfs /scratch:size=1m tutor/lab df -h /scratch", Look: "its size, 1 MiB", Want: `tmpfs +1\.0M`},
		See:  []string{"memory", "volume", "read-only", "shm", "dev"},
	},
	{
		Name: "procfs",
		Op:   "proc",
		Also: []string{"/proc", "/proc/self"},
		What: `A file system without a disk, whose files the kernel makes up when they are read: a directory for each process,
			and beside them the machine's memory, mounts and settings (/proc/sys). Every mount of it belongs to a PID
			namespace, the one of whoever mounted it, and shows the processes in that.`,
		Why: `ps, top and free know nothing but what stands here. With the host's /proc a container would list the host's
			processes, arguments and all, and a new PID namespace alone would not change that.`,
		Hand: []string{"ps ax | wc -l", "unshare --pid --fork --mount sh -c 'mount -t proc proc /proc; ps ax'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab ps; tutor run --rm --without proc tutor/lab ls /proc", Look: "the processes of this namespace; without the entry, nothing at all", Want: `1 root .* ps\n$`},
		See:  []string{"PID namespace", "sysfs", "masked path", "readonly-paths", "mount"},
	},
	{
		Name: "sysfs",
		Op:   "sysfs",
		Also: []string{"/sys"},
		What: `The kernel's devices, buses, drivers and interfaces as files, one value in each. A mount of it shows in
			/sys/class/net the interfaces of one network namespace, that of whoever mounted it. All else is the
			machine's, the same for everybody.`,
		Why: `Programs look here for interfaces and processors. Read-only, because a word written here switches off a processor
			or unbinds a disk.`,
		Hand: []string{"ls /sys/class/net", "unshare --net sh -c 'mount -t sysfs -o ro sysfs /mnt; ls /mnt/class/net'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --network none tutor/lab ls /sys/class/net", Look: "lo alone", Want: `^lo\n$`},
		See:  []string{"network namespace", "procfs", "cgroupfs", "masked path"},
	},
	{
		Name: "devpts",
		Op:   "devpts",
		Also: []string{"newinstance"},
		What: `The file system of the pseudo-terminals: one entry for each that is open, numbered from 0, and ptmx, by which new
			ones are made. Each mount of it is an instance of its own (always so since Linux 4.7), and knows only the
			terminals that were made in it.`,
		Why:  `With the host's, root inside could read from and write to the terminals of whoever is logged in on the host.`,
		Hand: []string{"mount -t devpts -o newinstance,ptmxmode=666 devpts /mnt", "ls /mnt   # no terminal yet"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t tutor/lab ls /dev/pts", Look: "terminal 0, whatever the host has open", Want: `^0\s+ptmx`},
		See:  []string{"terminal", "dev", "console", "mount"},
	},
	{
		Name: "volumes-open",
		Op:   "volumes-open",
		What: `open_tree copies the mount at the host's path, with those below it, into the hand of the child: a descriptor,
			attached nowhere yet. That happens before the pivot, while the host can be seen. The entry volumes attaches
			it afterwards. No path is walked twice, so nobody can put another directory in its place in between
			(CVE-2021-30465).`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt; mkdir host data", "mount --rbind ./host ./data; findmnt ./data"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -v /etc:/data:ro --explain tutor/lab true", Look: "open_tree before pivot_root, move_mount after it", Want: `open_tree\(AT_FDCWD, "/etc"`},
		See:  []string{"volume", "open_tree", "move_mount", "pivot_root"},
	},
	{
		Name: "files",
		Op:   "files",
		Also: []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "resolv.conf"},
		What: `Three files that belong to the container and not to its image: /etc/hosts, /etc/hostname and /etc/resolv.conf.
			tutor writes them for each container into a directory of the host, and binds them over what the image has.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; echo 127.0.0.1 box > /mnt/hosts", "mount --bind /mnt/hosts /etc/hosts; cat /etc/hosts"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --hostname web tutor/lab cat /etc/hostname", Look: "web", Want: `^web\n$`},
		See:  []string{"files-open", "bind mount", "DNS", "hostname"},
	},
	{
		Name: "files-open",
		Op:   "files-open",
		What: `The first half of files: the host's side is taken hold of before the pivot, because after it the host is out of
			sight. What is held is a mount without a place, in a descriptor.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt; touch hosts box", "mount --rbind ./hosts ./box; findmnt ./box"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "open_tree, once for each of the three files", Want: `open_tree\(.*/hosts"`},
		See:  []string{"files", "open_tree", "volumes-open", "pivot_root"},
	},
	{
		Name: "dev",
		Op:   "dev",

		What: `An empty /dev of the container's own, a small tmpfs, laid over whatever the image has there. The few devices that
			programs need are made in it next.`,
		Hand: []string{"mount -t tmpfs -o nosuid,mode=755,size=64k tmpfs /mnt", "ls -lA /mnt   # nothing yet"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab ls /dev", Look: "how few: no disk, no memory", Want: "null"},
		See:  []string{"devices", "dev-lock", "devpts", "shm", "mqueue", "tmpfs"},
	},
	{
		Name: "devices",
		Op:   "devices",
		Also: []string{"/dev/null", "/dev/zero", "device node", "major"},
		What: `A device node is a name for a number: c 1 3 is the kernel's null, whoever made the node and wherever it lies. That
			is why a stranger's nodes are dangerous: b 8 0 would be the host's first disk. Here are null, zero, full,
			random, urandom and tty, and links such as /dev/stdin; no others.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mknod -m 666 /mnt/nothing c 1 3", "echo gone > /mnt/nothing; ls -l /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab ls -l /dev/null /dev/full", Look: "1, 3 and 1, 7: the numbers by which the kernel knows them", Want: `1, +7 .*/dev/full`},
		See:  []string{"dev", "dev-lock", "mknodat", "umask", "symlinkat"},
	},
	{
		Name: "dev-lock",
		Op:   "dev-lock",
		Also: []string{"nodev", "CAP_MKNOD"},
		What: `Once all is in it, /dev becomes read-only. The devices in it go on working, for writing to a device is not writing
			to the directory; but no more can be made. All other mounts are nodev: a node can be made there, and opening
			it answers EACCES.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mknod /mnt/null c 1 3", "mount -o remount,bind,ro /mnt", "echo gone > /mnt/null", "mknod /mnt/disk b 8 0 || echo and no more"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'touch /dev/new || echo refused; echo gone > /dev/null'", Look: "nothing new, and null works", Want: "refused"},
		See:  []string{"devices", "dev", "capability", "bounding", "mount"},
	},
	{
		Name: "shm",
		Op:   "shm",
		Also: []string{"/dev/shm", "--shm-size", "shm_open", "POSIX shared memory"},
		What: `A tmpfs for memory that processes share by name: shm_open makes files here, and mmap puts them into the memory of
			whoever opens them. It holds 64 MiB, as in docker; a process that touches more dies of SIGBUS.`,
		Hand: []string{"mount -t tmpfs -o nosuid,nodev,noexec,size=64m shm /mnt; df -h /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab df -h /dev/shm", Look: "its size", Want: ` 64M `},
		See:  []string{"IPC namespace", "tmpfs", "dev", "mqueue"},
	},
	{
		Name: "mqueue",
		Op:   "mqueue",
		Also: []string{"/dev/mqueue", "message queue"},
		What: `POSIX message queues as files, those of the IPC namespace in which it is mounted. mq_open works without it; to
			see which queues there are needs it.`,
		Hand: []string{"mount -t mqueue mqueue /mnt; ls -lA /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab grep mqueue /proc/mounts", Look: "the mount, nosuid, nodev and noexec", Want: "/dev/mqueue mqueue"},
		See:  []string{"IPC namespace", "shm", "dev"},
	},
	{
		Name: "read-only",
		Op:   "read-only",
		Also: []string{"ro", "read-only root"},
		What: `With --read-only the root is remounted read-only, last of all, when everything that the start makes in it is
			there. What is mounted on top keeps its own flags: volumes and --tmpfs can still be written.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mount -o remount,bind,ro /mnt", "touch /mnt/new || echo refused"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --read-only --tmpfs /tmp tutor/lab sh -c 'touch /new || echo refused; touch /tmp/new; ls /tmp'", Look: "refused, and new in /tmp", Want: `(?s)refused.*new\n`},
		See:  []string{"tmpfs", "volume", "overlay", "mount"},
	},
}
