package topics

import "golang.org/x/sys/unix"

var security = []Topic{
	{
		Name: "capability",
		Op:   "capabilities",
		Also: []string{"caps", "--cap-add", "--cap-drop", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "privileged"},
		What: `A piece of root's power. Linux has cut it into 41 that can be held one by one: CAP_CHOWN, CAP_NET_ADMIN, CAP_SYS_ADMIN
			(a large one), and so on. A thread holds them in sets: the effective set is what counts when something is
			asked for, the bounding set is the most that execve can give, the inheritable set passes through execve.
			A container gets docker's 14.`,
		Why: `Root inside is root, as user namespaces are not used. With all capabilities it could mount the host's disk, load a
			module or set the clock.`,
		Hand: []string{"grep Cap /proc/self/status", "capsh --decode=00000000a80425fb   # docker's fourteen"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --cap-drop ALL --cap-add NET_ADMIN tutor/lab grep CapEff /proc/self/status", Look: "one bit, number 12: CAP_NET_ADMIN", Want: `CapEff:\s+0000000000001000`},
		See:  []string{"bounding", "user", "capset", "prctl", "no_new_privs", "seccomp", "user namespace"},
	},
	{
		Name: "bounding",
		Op:   "bounding",
		Also: []string{"bounding set", "CapBnd"},
		What: `The set that bounds what any program executed from now on can get, be it as root, by set-user-ID or by capabilities of
			its file. A capability that is dropped from it never comes back, for the process and all its children. tutor
			drops 27 of 41, unless --cap-add keeps them.`,
		Hand: []string{"capsh --drop=cap_net_raw -- -c 'grep CapBnd /proc/self/status'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab grep CapBnd /proc/self/status; grep CapBnd /proc/self/status", Look: "few bits inside, many outside", Want: `CapBnd:\s+00000000a80425fb`},
		See:  []string{"capability", "prctl", "user", "no_new_privs"},
	},
	{
		Name: "user",
		Op:   "user",
		Also: []string{"-u", "uid", "gid", "group", "--group-add"},
		What: `Who the command is: a user number, a group number, and supplementary groups. The kernel knows only numbers; names stand
			in the image's /etc/passwd. Groups are set first, then the user: afterwards there is no right to. Leaving 0
			empties the capability sets.`,
		Hand: []string{"setpriv --reuid=65534 --regid=65534 --clear-groups id"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -u student tutor/lab sh -c 'id; grep CapEff /proc/self/status'", Look: "uid 1000, and no capability at all", Want: `CapEff:\s+0000000000000000`},
		See:  []string{"capability", "user namespace", "setuid", "setgid", "setgroups", "config"},
	},
	{
		Name: "no_new_privs",
		Op:   "no-new-privileges",
		Also: []string{"no new privileges", "--security-opt", "PR_SET_NO_NEW_PRIVS", "setuid bit", "set-user-ID", "sudo"},
		What: `A bit of a thread. Once set it stays, for all children too, and execve then gives nobody more than the caller has:
			set-user-ID bits and file capabilities are ignored. It is also what lets a process without privileges load a
			seccomp filter.`,
		Why: `The image may bring set-user-ID programs, su among them. With this bit they are ordinary programs, and a user other
			than root stays one.`,
		Hand: []string{"setpriv --no-new-privs grep NoNewPrivs /proc/self/status"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --security-opt no-new-privileges tutor/lab grep NoNewPrivs /proc/self/status", Look: "1", Want: `NoNewPrivs:\s+1`},
		See:  []string{"prctl", "seccomp", "capability", "execve"},
	},
	{
		Name: "seccomp",
		Op:   "seccomp",
		Call: "seccomp",
		C:    "int seccomp(unsigned int operation, unsigned int flags, void *args);",
		Also: []string{"filter", "BPF", "system call filter"},
		What: `A filter that the kernel runs before each system call of a process: a small BPF program that sees the call's number and
			its arguments as plain numbers, and says allow, fail with an error, or kill. It cannot follow pointers, and so
			cannot judge a path. It can be made narrower, never wider, and holds for all children. tutor loads docker's
			list of what is allowed: EPERM for what is not on it, ENOSYS for calls that are newer than the list.`,
		Why: `The kernel has some 350 calls, and a web server needs perhaps a hundred. Many holes were in the others; where the filter
			refuses, nothing reaches them. The kernel is what all containers share.`,
		Hand: []string{"grep Seccomp: /proc/self/status   # 0: none, 2: a filter"},
		Safe: true,
		Try: Try{Line: "for o in unconfined builtin; do tutor run --rm --security-opt seccomp=$o tutor/lab grep Seccomp: /proc/self/status; done",
			Look: "0 for no filter, then 2 for one", Want: `Seccomp:\s+0\nSeccomp:\s+2`},
		Read: []string{"seccomp_filter.rst (kernel documentation)"},
		Errors: []Error{
			{Errno: unix.EACCES, Text: "neither CAP_SYS_ADMIN nor no_new_privs: so it comes before the user changes"},
			{Errno: unix.EINVAL, Text: "the kernel does not take this program: a jump past its end, or more than 4096 instructions"},
		},
		See: []string{"no_new_privs", "capability", "prctl", "VM"},
	},
	{
		Name: "masked path",
		Op:   "masked-paths",
		Also: []string{"mask", "/proc/kcore"},
		What: `A file of /proc or /sys with the container's /dev/null bound on top, or a directory with an empty tmpfs: it is there,
			and has nothing in it. Which ones, the runtime spec lists (maskedPaths): kcore, the machine's memory; keys;
			timer_list; firmware tables, and some more.`,
		Why:  `procfs and sysfs know only half of what a namespace is. Much in them tells of the whole machine, whoever asks.`,
		Hand: []string{"mount --bind /dev/null /proc/interrupts", "wc -c /proc/interrupts"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab wc -c /proc/interrupts", Look: "0 bytes", Want: `^\s*0 /proc/interrupts`},
		See:  []string{"readonly-paths", "procfs", "sysfs", "bind mount", "runtime spec"},
	},
	{
		Name: "readonly-paths",
		Op:   "readonly-paths",
		Also: []string{"read-only path", "/proc/sysrq-trigger"},
		What: `What in /proc can be written to change the machine is bound to itself and remounted read-only: /proc/sys with the
			kernel's settings, sysrq-trigger, which restarts the machine, and a few more. It takes two mounts, because a
			first bind ignores such flags.`,
		Hand: []string{"mount --bind /proc/sys /proc/sys", "mount -o remount,bind,ro /proc/sys", "sysctl -w kernel.pid_max=4194304 || echo refused"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'echo b > /proc/sysrq-trigger || echo refused'", Look: "refused; on the host this restarts the machine", Want: "refused"},
		See:  []string{"masked path", "sysctl", "procfs", "mount"},
	},
}
