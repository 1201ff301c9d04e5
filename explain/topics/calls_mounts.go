package topics

import "golang.org/x/sys/unix"

var callsOnMounts = []Topic{
	{
		Name: "mount",
		Call: "mount",
		C:    "int mount(const char *source, const char *target, const char *filesystemtype, unsigned long mountflags, const void *data);",
		Also: []string{"remount"},
		What: `Five calls in one, told apart by flags: attach a file system; MS_BIND, show a directory at a second place; MS_REMOUNT,
			change flags; MS_SHARED, MS_PRIVATE and so on, change propagation; MS_MOVE. data is the file system's own: the
			layers of an overlay, the size of a tmpfs; at most a page, 4096 bytes.`,
		Why:  `Nearly all that makes the file system of a container is this call. It changes the caller's mount namespace; what it makes below a shared mount appears in every other that has a copy of that mount.`,
		Hand: []string{"mount -t tmpfs -o size=1m,nodev tmpfs /mnt", "mount -o remount,bind,ro /mnt", "grep ' /mnt ' /proc/self/mountinfo"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "how many they are, and that each has its reason", Want: `mount\("overlay", .*lowerdir=`},
		Read: []string{"mount(2)", "mount(8)"},
		Lab:  4,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SYS_ADMIN, or a flag that was locked by a more privileged mount namespace"},
			{Errno: unix.EINVAL, Op: "overlay"},
			{Errno: unix.ENODEV, Op: "overlay"},
			{Errno: unix.EBUSY, Text: "a remount to read-only while a file is open for writing; with MS_BIND only this mount changes"},
			{Errno: unix.ENOTDIR, Text: "a file was to lie over a directory, or a directory over a file"},
		},
		See: []string{"mount namespace", "bind mount", "mount propagation", "overlay", "tmpfs", "umount2", "move_mount"},
	},
	{
		Name: "umount2",
		Call: "umount2",
		C:    "int umount2(const char *target, int flags);",
		Also: []string{"umount", "MNT_DETACH", "lazy umount"},
		What: `Takes a mount away. With MNT_DETACH it is out of the tree at once, with all that is mounted below it, and is really gone
			when the last open file in it is closed; without, it answers EBUSY while somebody uses it.`,
		Why:  `After pivot_root the host's whole tree is mounted on top of the new root. This call is what makes it disappear.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; exec 9>/mnt/open", "umount /mnt || umount -l /mnt; exec 9>&-"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the call after pivot_root", Want: `umount2\("\.", MNT_DETACH\) = 0`},
		Read: []string{"umount(2)"},
		Lab:  4,
		Errors: []Error{
			{Errno: unix.EBUSY, Text: "a file is open there, or somebody's working directory is; MNT_DETACH does not wait"},
			{Errno: unix.EINVAL, Text: "there is no mount, or it is locked: it came from a more privileged mount namespace"},
		},
		See: []string{"pivot_root", "mount", "mount namespace", "stand-in"},
	},
	{
		Name: "open_tree",
		Call: "open_tree",
		C:    "int open_tree(int dirfd, const char *path, unsigned int flags);",
		What: `A descriptor for a mount (Linux 5.2). With OPEN_TREE_CLONE it is a copy, like a bind mount that is attached nowhere yet;
			with AT_RECURSIVE the mounts below come along. If it is never attached it goes when it is closed.`,
		Why:  `A volume's directory is on the host and its place is in the container: it is taken in hand while the host is in sight.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkdir /mnt/from /mnt/to", "mount --rbind /mnt/from /mnt/to; findmnt /mnt/to   # open_tree and move_mount in one"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -v /etc:/data:ro --explain tutor/lab true", Look: "the answer: a descriptor, the number that move_mount gets", Want: `open_tree\(AT_FDCWD, "/etc", .*\) = \d+`},
		Read: []string{"open_tree(2)"},
		Lab:  4,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "OPEN_TREE_CLONE takes CAP_SYS_ADMIN"},
			{Errno: unix.ENOENT, Text: "there is nothing at path"},
		},
		See: []string{"move_mount", "mount_setattr", "volumes-open", "bind mount"},
	},
	{
		Name: "move_mount",
		Call: "move_mount",
		C:    "int move_mount(int from_dirfd, const char *from_path, int to_dirfd, const char *to_path, unsigned int flags);",
		What: `Attaches a mount somewhere (Linux 5.2): one that open_tree holds, named by its descriptor with MOVE_MOUNT_F_EMPTY_PATH, or one
			that is moved from another place. Links at the end of to_path are followed only with MOVE_MOUNT_T_SYMLINKS.`,
		Why:  `It is the second half of a volume, made after the pivot: by then all links of the image end inside the container.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkdir /mnt/a /mnt/b", "mount --make-private /mnt; mount -t tmpfs inner /mnt/a", "mount --move /mnt/a /mnt/b; findmnt /mnt/b"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -v /etc:/data:ro --explain tutor/lab true", Look: "the descriptor goes to /data", Want: `move_mount\(\d+, "", AT_FDCWD, "/data", .*\) = 0`},
		Read: []string{"move_mount(2)"},
		Lab:  4,
		Errors: []Error{
			{Errno: unix.ENOTDIR, Op: "volumes"},
			{Errno: unix.EINVAL, Text: "the mount is below a shared one, or the target is inside what is moved"},
			{Errno: unix.ENOENT, Text: "there is no such place: it is made first"},
		},
		See: []string{"open_tree", "volume", "mount", "pivot_root"},
	},
	{
		Name: "mount_setattr",
		Call: "mount_setattr",
		C:    "int mount_setattr(int dirfd, const char *path, unsigned int flags, struct mount_attr *attr, size_t size);",
		What: `Changes the flags of a mount, and with AT_RECURSIVE of every mount below it at one stroke (Linux 5.12): read-only, nodev,
			nosuid, propagation, and the mapping of users for idmapped mounts. Either all change or none.`,
		Why:  `A volume that is read-only must be so all the way down. remount changes only the topmost mount, and what is mounted below could still be written.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkdir /mnt/a; mount -t tmpfs inner /mnt/a", "mount -o remount,bind,ro /mnt; touch /mnt/a/new && echo still writable below"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -v /etc:/data:ro --explain tutor/lab true", Look: "attr_set, for the whole tree", Want: `MOUNT_ATTR_RDONLY\|MOUNT_ATTR_NODEV`},
		Read: []string{"mount_setattr(2)"},
		Lab:  4,
		Errors: []Error{
			{Errno: unix.EBUSY, Text: "read-only was asked for, and a file below is open for writing"},
			{Errno: unix.EPERM, Text: "a flag is locked, because the mount came from a more privileged mount namespace"},
			{Errno: unix.ENOSYS, Text: "the kernel is older than Linux 5.12"},
		},
		See: []string{"open_tree", "move_mount", "volume", "bind mount"},
	},
}
