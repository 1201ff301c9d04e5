package topics

import "golang.org/x/sys/unix"

var callsOnUsers = []Topic{
	{
		Name: "prctl",
		Call: "prctl",
		C:    "int prctl(int option, ...);",
		What: `A drawer of settings of a process or thread, chosen by its first argument. tutor uses PR_CAPBSET_DROP, which takes a
			capability out of the bounding set for ever, and PR_SET_NO_NEW_PRIVS. Others name a thread, make orphans come to
			the caller (PR_SET_CHILD_SUBREAPER), or send a signal when the parent dies.`,
		Why:  `Both settings go one way: whoever executes something afterwards, in whatever generation, stays within them.`,
		Hand: []string{"setpriv --no-new-privs grep NoNewPrivs /proc/self/status", "setpriv --bounding-set -sys_admin grep CapBnd /proc/self/status"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "a capability in each call, so long as the list is", Want: `prctl\(PR_CAPBSET_DROP, CAP_SYS_ADMIN\) = 0`},
		Read: []string{"prctl(2)", "capabilities(7)"},
		Lab:  5,
		Errors: []Error{
			{Errno: unix.EINVAL, Text: "this kernel has no such option, or no such capability: then nobody can have it"},
			{Errno: unix.EPERM, Text: "PR_CAPBSET_DROP takes CAP_SETPCAP, so it comes before the user changes"},
		},
		See: []string{"bounding", "no_new_privs", "capability", "capset"},
	},
	{
		Name: "capset",
		Call: "capset",
		C:    "int capset(cap_user_header_t hdrp, const cap_user_data_t datap);",
		What: `Sets the caller's effective, permitted and inheritable capabilities, a bit for each. Permitted can only shrink,
			effective must lie within it. The bounding set is prctl's business.`,
		Why:  `An inheritable set that the caller brought along would come through execve, beside all that was dropped (CVE-2022-24769).`,
		Hand: []string{"capsh --caps='cap_chown=ep' -- -c 'grep CapEff /proc/self/status'   # root: execve gives all again"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "inheritable=0", Want: `capset\(.*inheritable=0}\) = 0`},
		Read: []string{"capset(2)", "capabilities(7)"},
		Lab:  5,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "more was asked for than the caller has in its permitted set"},
		},
		See: []string{"capability", "bounding", "prctl", "setuid"},
	},
	{
		Name: "setgroups",
		Call: "setgroups",
		C:    "int setgroups(size_t size, const gid_t *list);",
		What: `Sets the supplementary groups of the caller, all of them; a size of 0 leaves none. It takes CAP_SETGID, and in a user
			namespace it may be forbidden (/proc/PID/setgroups).`,
		Why:  `The groups of whoever started tutor, root's or the group docker's, would open files of the host's on every volume.`,
		Hand: []string{"setpriv --reuid=65534 --regid=65534 --groups=10,20 id"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -u student tutor/lab grep Groups /proc/self/status", Look: "the image's groups for student, and none of the caller's", Want: `Groups:\s+10`},
		Read: []string{"setgroups(2)"},
		Lab:  5,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SETGID: groups come before setuid, afterwards it is too late"},
			{Errno: unix.EINVAL, Text: "more than 65536 groups"},
		},
		See: []string{"user", "setgid", "setuid"},
	},
	{
		Name: "setgid",
		Call: "setgid",
		C:    "int setgid(gid_t gid);",
		What: `Sets the group of the caller: real, effective and saved for one with CAP_SETGID. The call of the kernel is for one thread
			only; the C library makes it for all.`,
		Why:  `New files belong to this group, and it opens those that grant the group something.`,
		Hand: []string{"setpriv --regid=65534 --clear-groups id"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -u 1234:5678 tutor/lab sh -c 'id -u; id -g'", Look: "two numbers that nobody has in /etc/passwd", Want: `^1234\n5678\n`},
		Read: []string{"setgid(2)"},
		Lab:  5,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SETGID, and it is not the real or saved group already"},
			{Errno: unix.EINVAL, Text: "the number means nobody in this user namespace"},
		},
		See: []string{"user", "setgroups", "setuid", "user namespace"},
	},
	{
		Name: "setuid",
		Call: "setuid",
		C:    "int setuid(uid_t uid);",
		What: `Sets the user of the caller: real, effective and saved for one with CAP_SETUID, who cannot go back then. Who leaves 0 in
			all three loses the permitted, effective and ambient capabilities with it (capabilities(7)).`,
		Why:  `A service that needs no root should not be root, in a container either: its root is the host's, with fewer powers.`,
		Hand: []string{"setpriv --reuid=65534 --regid=65534 --clear-groups grep CapEff /proc/self/status"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -u student --explain tutor/lab true", Look: "setgroups, setgid, setuid, in this order", Want: `(?s)setgroups\(.*setgid\(.*setuid\(1000\) = 0`},
		Read: []string{"setuid(2)"},
		Lab:  5,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SETUID, and it is not the real or saved user already"},
			{Errno: unix.EINVAL, Text: "the number means nobody in this user namespace"},
		},
		See: []string{"user", "setgid", "setgroups", "capability", "user namespace"},
	},
	{
		Name: "fchown",
		Call: "fchown",
		C:    "int fchown(int fd, uid_t owner, gid_t group);",
		Also: []string{"chown"},
		What: `Gives an open file another owner; -1 leaves the owner or the group as it is. To give a file away takes CAP_CHOWN, and clears
			its set-user-ID bit.`,
		Why:  `A terminal that belongs to root cannot be opened again by a user other than root, as ssh and sudo do for a password.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; touch /mnt/file", "chown 65534 /mnt/file; ls -ln /mnt"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t -u student --explain tutor/lab true", Look: "the terminal's new owner", Want: `fchown\(\d+, 1000, -1\) = 0`},
		Read: []string{"chown(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_CHOWN: nobody else can give files away"},
			{Errno: unix.EROFS, Text: "the file system is read-only"},
		},
		See: []string{"console", "terminal", "user", "capability"},
	},
}
