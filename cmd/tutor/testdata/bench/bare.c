// bare ROOTFS COMMAND: the calls that any container needs and nothing else, to see what the rest costs: a group,
// a child in new namespaces, /proc, /dev, /sys, a pivot, execve, wait. No spec, no state, no limits, no trace.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(long answer, const char *what) {
	if (answer < 0) {
		perror(what);
		exit(125);
	}
}

int main(int argc, char **argv) {
	char group[256];
	const char *top = access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
	snprintf(group, sizeof group, "%s/tutor-bare-%d", top, getpid());
	must(argc == 3 ? 0 : -1, "usage: bare ROOTFS COMMAND");
	must(mkdir(group, 0755), "mkdir");
	int fd = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.exit_signal = SIGCHLD,
		.cgroup = fd,
	};
	long pid = syscall(SYS_clone3, &args, sizeof args);
	must(pid, "clone3");
	if (pid == 0) {
		must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
		must(mount(argv[1], argv[1], NULL, MS_BIND | MS_REC, NULL), "bind");
		must(chdir(argv[1]), "chdir");
		must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
		must(umount2(".", MNT_DETACH), "umount2");
		must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
		must(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755"), "dev");
		must(mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL), "sys");
		must(execl(argv[2], argv[2], NULL), "execve");
	}
	int status;
	must(waitpid(pid, &status, 0), "wait");
	must(rmdir(group), "rmdir");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
