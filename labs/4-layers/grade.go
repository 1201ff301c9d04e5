// Package layers is the contract of lab 4-layers.
package layers

import "tutor/labs/contract"

// Promises are what `tutor grade 4-layers` asks of box. How each is looked at is in labs/grader/lab4.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab4.root", Title: "COMMAND's root is made of the layers", Points: 3, Man: "pivot_root(2)", Read: "By hand",
		Hints: []string{"COMMAND is looked for in the new root, and not on the host", "mount, chdir, pivot_root, and only then the search along PATH", ""}},
	{ID: "lab4.overlay", Title: "the layers are mounted, not copied", Points: 2, Needs: []string{"lab4.root"}, Man: "mount(2)", Read: "By hand",
		Hints: []string{"a hundred containers of one image would be a hundred copies", `mount type "overlay": /proc/PID/mountinfo shows it`, ""}},
	{ID: "lab4.shadow", Title: "a higher layer hides the same file in a lower one", Points: 2, Needs: []string{"lab4.overlay"}, Man: "mount(8)", Read: "By hand",
		Hints: []string{"which end of lowerdir is the top?", "lowerdir lists the topmost first; --layer gives the lowest first", "reverse the list"}},
	{ID: "lab4.whiteout", Title: "whiteouts and opaque directories hide what is below", Points: 2, Needs: []string{"lab4.shadow"}, Man: "mount(8)", Read: "By hand",
		Hints: []string{"overlayfs does this by itself, if all layers are in one lowerdir", "", ""}},
	{ID: "lab4.lower", Title: "what COMMAND writes and deletes leaves the layers as they were", Points: 3, Needs: []string{"lab4.overlay"}, Man: "mount(8)", Read: "By hand",
		Hints: []string{"the layers are everybody's", "no layer may be the upperdir: that is a directory of this box's own", ""}},
	{ID: "lab4.apart", Title: "two boxes with the same layers see nothing of each other's writes", Points: 2, Needs: []string{"lab4.lower"}, Man: "mount(8)", Read: "By hand",
		Hints: []string{"where is the upperdir, and who else has it?", "a new one for every box: os.MkdirTemp, or a tmpfs", ""}},
	{ID: "lab4.breakout", Title: "root inside finds no way back to the host's files", Points: 3, Needs: []string{"lab4.root"}, Man: "pivot_root(2)", Read: "By hand",
		Hints: []string{"a process that is root can leave a chroot: it makes another below its current directory", "after pivot_root and umount the old root is not there any more", `pivot_root(".", "."); umount2(".", MNT_DETACH)`}},
	{ID: "lab4.proc", Title: "/proc inside is that of the new PID namespace", Points: 1, Needs: []string{"lab4.root"}, Man: "proc(5)", Read: "Run it",
		Hints: []string{"the new root needs a /proc of its own", "mount it after the pivot, or below the new root before", ""}},
	{ID: "lab4.left", Title: "nothing is mounted any more when COMMAND has ended", Points: 2, Needs: []string{"lab4.root"}, Man: "mount_namespaces(7)", Read: "Run it",
		Hints: []string{"a mount made by the child goes with its mount namespace", "what box mounts itself, box must unmount", "mount in the child, after making / private"}},
}
