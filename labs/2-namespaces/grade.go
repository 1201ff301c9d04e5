// Package namespaces is the contract of lab 2-namespaces.
package namespaces

import "tutor/labs/contract"

// Promises are what `tutor grade 2-namespaces` asks of box. How each is looked at is in labs/grader/lab2.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab2.pid", Title: "COMMAND is PID 1 of a PID namespace of its own", Points: 4, Man: "pid_namespaces(7)", Read: "By hand",
		Hints: []string{"a process cannot change its own PID", "unshare(CLONE_NEWPID) says where children go: the next fork gives PID 1", "clone with CLONE_NEWPID, and exec COMMAND in the child, with no shell between"}},
	{ID: "lab2.proc", Title: "/proc inside shows the processes of that namespace and no others", Points: 3, Needs: []string{"lab2.pid"}, Man: "proc(5)", Read: "By hand",
		Hints: []string{"ps believes /proc", "a proc file system belongs to the PID namespace of the process that mounts it", `mount("proc", "/proc", "proc", 0, NULL), by the child`}},
	{ID: "lab2.mnt", Title: "COMMAND has a mount table of its own", Points: 2, Needs: []string{"lab2.pid"}, Man: "mount_namespaces(7)", Read: "By hand",
		Hints: []string{"readlink /proc/PID/ns/mnt must differ from the host's", "CLONE_NEWNS: the oldest namespace has the shortest name", "Cloneflags: … | syscall.CLONE_NEWNS"}},
	{ID: "lab2.private", Title: "what COMMAND mounts stays unknown to the host", Points: 3, Needs: []string{"lab2.mnt"}, Man: "mount_namespaces(7)", Read: "By hand",
		Hints: []string{"systemd shares /: a copied mount table still tells the others", "change the propagation before the first mount", `mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)`}},
	{ID: "lab2.hostname", Title: "COMMAND goes by the name that --hostname gives", Points: 2, Needs: []string{"lab2.pid"}, Man: "sethostname(2)", Read: "By hand",
		Hints: []string{"the child sets it, and not box", "sethostname(name, length) in the new UTS namespace", "syscall.Sethostname([]byte(name))"}},
	{ID: "lab2.uts", Title: "the host keeps its own name", Points: 2, Needs: []string{"lab2.hostname"}, Man: "uts_namespaces(7)", Read: "Break it",
		Hints: []string{"there is one name in each UTS namespace", "without CLONE_NEWUTS it is the host that is renamed", "Cloneflags: … | syscall.CLONE_NEWUTS"}},
	{ID: "lab2.ipc", Title: "COMMAND has System V IPC of its own", Points: 2, Needs: []string{"lab2.pid"}, Man: "ipc_namespaces(7)", Read: "By hand",
		Hints: []string{"ipcs inside must be empty", "readlink /proc/PID/ns/ipc must differ from the host's", "CLONE_NEWIPC"}},
	{ID: "lab2.left", Title: "nothing stays: no process, no mount", Points: 2, Needs: []string{"lab2.pid", "lab2.private"}, Man: "pid_namespaces(7)", Read: "By hand",
		Hints: []string{"ps on the host, when box has ended", "every process that box starts must be waited for", ""}},
}
