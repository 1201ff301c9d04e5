package topics

import "golang.org/x/sys/unix"

var layers = []Topic{
	{
		Name: "layer",
		Also: []string{"layer cake", "snapshot"},
		What: `A tar archive of the files that one step has added or changed, with whiteouts for those that it deleted. An image
			is a list of layers, lowest first. tutor unpacks each once, into a directory that is never changed again, and
			every container of every image that has it looks at that one directory.`,
		Why: `Ten images made on top of Debian store Debian once and transfer it once. Without layers each image would be a full
			copy, and each pull would fetch all of it.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "mkdir -p root/etc; echo hello > root/etc/motd", "tar -C root -cf layer.tar .; tar -tvf layer.tar"},
		Safe: true,
		Try:  Try{Line: "tutor run --dry-run tutor/lab true", Look: "lowerdir= in the entry overlay: a directory for each layer", Want: "lowerdir=[0-9a-f]{24}"},
		Read: []string{"OCI image-spec, layer.md"},
		Lab:  4,
		See:  []string{"overlay", "image", "whiteout", "diff ID", "chain ID"},
	},
	{
		Name: "overlay",
		Op:   "overlay",
		Also: []string{"overlayfs", "overlay2", "union mount", "lowerdir", "upperdir", "merged"},
		What: `A file system that shows several directories as one: lowerdir, a pile that is only read, and upperdir, where all
			changes go. A name is looked for from the top down and the first that has it wins; directories of the same
			name are merged. workdir is an empty directory beside upperdir, where a file is made ready before it is
			moved into its place.`,
		Why: `Each container would need a copy of all its image's files, hundreds of megabytes for each start, or would write
			into the files of all others.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "mkdir lower upper work merged; echo image > lower/file",
			"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged", "echo mine > merged/file; cat lower/file upper/file"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab grep '^overlay / ' /proc/mounts", Look: "lowerdir, upperdir and workdir of the container's root", Want: "lowerdir="},
		Read: []string{"overlayfs.rst (kernel documentation)"},
		See:  []string{"layer", "copy-up", "whiteout", "opaque directory", "mount", "pivot_root"},
	},
	{
		Name: "copy-up",
		Also: []string{"copy on write", "COW"},
		What: `When a file of a lower layer is first opened for writing, or its mode or owner is changed, overlayfs copies it,
			whole, into the upper directory. From then on the copy is the file. Reading copies nothing. To change one
			byte of a gigabyte costs a gigabyte, and the time to copy it.`,
		Why: `It lets a hundred containers share the files of one image while each believes them its own. It is also why a
			database belongs on a volume.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "mkdir lower upper work merged; echo image > lower/file",
			"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged", "ls upper; chmod 600 merged/file; ls -l upper lower"},
		Safe: true,
		Try: Try{Line: "tutor run --rm tutor/lab sh -c 'echo mine >> /etc/group; tail -n 1 /etc/group'; tutor run --rm tutor/lab tail -n 1 /etc/group",
			Look: "the first container has changed a file of the image, and the second does not know it", Want: `mine\n[a-z]+:`},
		Read: []string{"overlayfs.rst (kernel documentation), Non-directories"},
		Lab:  4,
		See:  []string{"overlay", "layer", "volume", "whiteout"},
	},
	{
		Name: "whiteout",
		Also: []string{".wh.", "deleted file"},
		What: `How a layer says that a file of a lower one is gone. In an image's tar it is an empty file, .wh.NAME, beside where
			NAME was. In overlayfs it is a character device with the number 0:0 and the name itself. tutor turns the
			former into the latter when it unpacks.`,
		Why: `Lower layers are shared and never change, so nothing can be deleted there, only hidden. A secret that one layer
			adds and the next deletes is still in the image, for everybody who pulls it.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "mkdir lower upper work merged; echo image > lower/file",
			"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged", "rm merged/file; ls -l upper lower"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'rm /etc/group; ls /etc'; tutor run --rm tutor/lab ls /etc", Look: "group, gone in the first container and there in the second", Want: `passwd\n(.*\n)*group\n`},
		Read: []string{"OCI image-spec, layer.md, Whiteouts", "overlayfs.rst (kernel documentation)"},
		Lab:  4,
		See:  []string{"opaque directory", "overlay", "layer", "mknodat"},
	},
	{
		Name: "opaque directory",
		Also: []string{"opaque", ".wh..wh..opq", "opaque whiteout"},
		What: `A directory that hides all that is in the same directory of the layers below, where usually the two would be
			merged. It comes about when a directory is deleted and made again. In an image's tar it holds an empty file
			.wh..wh..opq; in overlayfs it carries the extended attribute trusted.overlay.opaque with the value y.`,
		Why: `Without it a directory that was deleted and made again would have all its old files back.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "mkdir -p lower/dir upper work merged; echo old > lower/dir/old",
			"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged", "rm -r merged/dir; mkdir merged/dir; ls -A merged/dir; ls lower/dir"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'rm -r /home; mkdir /home; touch /home/new; ls /home'", Look: "only what is new, though /home of the image is still there below", Want: `^new\n$`},
		Read: []string{"OCI image-spec, layer.md, Opaque Whiteout", "overlayfs.rst (kernel documentation)"},
		Lab:  4,
		See:  []string{"whiteout", "overlay", "layer"},
	},
	{
		Name: "pivot_root",
		Op:   "pivot",
		Call: "pivot_root",
		C:    "int pivot_root(const char *new_root, const char *put_old);",
		Also: []string{"rootfs", "root file system"},
		What: `The call that makes one mount the root of a mount namespace, and moves the old root below it. With "." for both
			the old one ends up on top of the new, and a lazy umount takes it away. The new root must be a mount point of
			its own, and neither it nor its parent mount may be shared.`,
		Why: `chroot only changes where paths begin. The old root is still mounted, and root finds the way back to it. After
			pivot_root and umount there is nothing to find.`,
		Hand: []string{"mount --rbind / /mnt; cd /mnt   # any root file system will do", "pivot_root . .", "umount -l .", "ls /"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --without pivot tutor/lab ls /", Look: "the host's root, which was never left", Want: `(?m)^boot$|^home$|^root$`},
		Errors: []Error{
			{Errno: unix.EINVAL, Op: "pivot"},
			{Errno: unix.EBUSY, Text: "new_root is not a mount of its own, but on the current root's"},
			{Errno: unix.EPERM, Text: "only CAP_SYS_ADMIN in the user namespace that owns the mount namespace may do it"},
		},
		See: []string{"chroot", "mount namespace", "mount propagation", "umount2", "overlay"},
	},
	{
		Name: "chroot",
		Also: []string{"jail", "CAP_SYS_CHROOT"},
		What: `A call that changes where paths with a leading slash begin, for one process and its children. Nothing is
			unmounted, no namespace is made, the working directory and open directories stay what they were. It has
			always been meant for building and repairing systems. Root leaves it: chroot once more, into a directory
			below, while the working directory stays above it, then walk up.`,
		Why: `It shows what pivot_root is for. A container on chroot alone lets root walk out to the host's files, and sees the
			host's processes and network as before.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkdir /mnt/bin /mnt/lib /mnt/lib64 /mnt/usr; mount --rbind /usr /mnt/usr",
			"for d in bin lib lib64; do [ ! -e /$d ] || mount --bind /$d /mnt/$d; done; chroot /mnt ls /"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the entry pivot: three calls, and chroot is none of them", Want: `pivot_root\("\.", "\."\)`},
		Read: []string{"chroot(2)"},
		Lab:  4,
		See:  []string{"pivot_root", "mount namespace", "capability"},
	},
	{
		Name: "volume",
		Op:   "volumes",
		Also: []string{"--volume-driver", "--volumes-from", "-v", "persistent"},
		What: `A directory that lies outside the layers and is attached inside: -v /host/path:/path, with :ro to read only. What
			is written there is in the host's directory at once, without copy-up, and stays when the container goes. The
			host's side is opened before the pivot, and attached after it: by then every path, with all links that the
			image may have put there, is walked inside the new root.`,
		Why: `All else that a container writes lies in its upper directory and goes when it is removed. Volumes are for data
			that outlive it, or that several share.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkdir /mnt/host /mnt/box", "mount --bind /mnt/host /mnt/box", "echo kept > /mnt/box/file; umount /mnt/box; cat /mnt/host/file"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -v /etc:/data:ro tutor/lab head -n 1 /data/passwd", Look: "the first line of the host's /etc/passwd", Want: "root:"},
		See:  []string{"volumes-open", "bind mount", "copy-up", "tmpfs", "move_mount"},
	},
}
