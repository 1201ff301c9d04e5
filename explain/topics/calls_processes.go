package topics

import "golang.org/x/sys/unix"

var callsOnProcesses = []Topic{
	{
		Name: "clone3",
		Call: "clone3",
		C:    "long clone3(struct clone_args *args, size_t size);",
		What: `Makes a process or a thread: flags say what the child shares with its parent, and with none it is fork. It returns
			twice, in the parent with the child's PID and in the child with 0. It came with Linux 5.3 because clone had run
			out of bits for flags, and CLONE_INTO_CGROUP (5.7) has the child born into a cgroup.`,
		Why:  `A child that is moved into its group after its birth has lived a moment outside the limits.`,
		Hand: []string{"strace -f -e trace=clone,clone3,fork,vfork sh -c '/bin/true; true'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "clone3, and the PID that it answers", Want: `clone3\(.*\) = \d+`},
		Read: []string{"clone(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.EAGAIN, Op: "clone"},
			{Errno: unix.ENOMEM, Op: "clone"},
			{Errno: unix.EBADF, Op: "clone"},
			{Errno: unix.ENOSYS, Op: "clone"},
		},
		See: []string{"clone", "process", "cgroup", "unshare", "pids"},
	},
	{
		Name: "unshare",
		Call: "unshare",
		C:    "int unshare(int flags);",
		What: `The caller leaves the namespaces that flags name and is in new ones when the call returns: CLONE_NEWNS, CLONE_NEWUTS,
			CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWUSER. CLONE_NEWPID is different: the caller stays, and
			the next child is born inside. All but CLONE_NEWUSER need CAP_SYS_ADMIN.`,
		Why:  `clone can make all namespaces at once; tutor makes each by a call of its own, so that each can be left out alone.`,
		Hand: []string{"unshare --uts sh -c 'hostname box; hostname'", "strace -e trace=unshare unshare --uts true"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "one flag in each unshare", Want: `unshare\(CLONE_NEWNET\) = 0`},
		Read: []string{"unshare(2)", "unshare(1)"},
		Lab:  2,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SYS_ADMIN, as in most containers: make a user namespace first, or be root"},
			{Errno: unix.ENOSPC, Text: "too many namespaces: see /proc/sys/user/max_*_namespaces"},
			{Errno: unix.EINVAL, Text: "a flag that this kernel was built without, or CLONE_NEWUSER by a process with several threads"},
		},
		See: []string{"namespace", "clone3", "setns", "PID namespace", "user namespace"},
	},
	{
		Name: "setns",
		Call: "setns",
		C:    "int setns(int fd, int nstype);",
		Also: []string{"nsenter"},
		What: `The caller enters namespaces that are there. fd is a file of /proc/PID/ns, or since Linux 5.8 a pidfd, and then nstype
			says which of that process's namespaces. CLONE_NEWPID is different, as in unshare: the next child is born inside.`,
		Why:  `It is all that "docker exec" does about isolation: nothing is made, everything is entered, one namespace a call.`,
		Hand: []string{"sleep 100 & nsenter --target $! --uts hostname; kill $!"},
		Safe: true,
		Try:  Try{Line: "tutor exec --help", Look: "tutor exec --explain CONTAINER COMMAND shows each setns", Want: "exec"},
		Read: []string{"setns(2)", "nsenter(1)"},
		Lab:  2,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "no CAP_SYS_ADMIN, here or over there"},
			{Errno: unix.EINVAL, Text: "fd is no namespace of that type; or, for a mount namespace, a thread shares the caller's root"},
			{Errno: unix.ESRCH, Text: "the process of the pidfd has ended"},
		},
		See: []string{"namespace", "unshare", "PID namespace", "clone3"},
	},
	{
		Name: "execve",
		Call: "execve",
		C:    "int execve(const char *path, char *const argv[], char *const envp[]);",
		What: `Replaces the program of a process by the one in the file at path. Memory, handlers of signals and close-on-exec
			descriptors go; PID, namespaces, cgroup, user, working directory and the other open files stay. It returns only
			when it has failed. A file that begins with #! names its interpreter, which is then run instead.`,
		Why:  `It is the end of every start: what has prepared the container is no more, and what runs is the command.`,
		Hand: []string{`sh -c 'echo $$; exec sh -c "echo \$\$"'`},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab /etc/passwd || echo $?", Look: "EACCES and exit code 126: the file is there, and is no program", Want: `execve\("/etc/passwd".*EACCES`},
		Read: []string{"execve(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.ENOENT, Op: "exec"},
			{Errno: unix.EACCES, Op: "exec"},
			{Errno: unix.ENOEXEC, Op: "exec"},
			{Errno: unix.ENOTDIR, Op: "exec"},
		},
		See: []string{"exec", "process", "exit code", "descriptors", "no_new_privs"},
	},
	{
		Name: "setsid",
		Call: "setsid",
		C:    "pid_t setsid(void);",
		What: `Makes the caller the leader of a new session and of a new process group in it, without a controlling terminal, and
			answers the session's ID, which is the caller's PID. The leader of a process group cannot do it.`,
		Why:  `Only the leader of a session without a terminal can take one, and in the caller's session Ctrl-C would go to both.`,
		Hand: []string{"setsid sh -c 'ps -o pid,sid,tty -p $$'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the answer, 1: the session is numbered as the PID namespace sees it", Want: `setsid\(\) = 1`},
		Read: []string{"setsid(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "the caller leads a process group already; that is why programs fork before"},
		},
		See: []string{"session", "console", "terminal", "ioctl"},
	},
	{
		Name: "pidfd_open",
		Call: "pidfd_open",
		C:    "int pidfd_open(pid_t pid, unsigned int flags);",
		What: `A descriptor that stands for a process (Linux 5.3). A PID can be given to another process once its owner is gone and
			has been waited for; the descriptor goes on meaning the one that it was opened for. poll says when it has ended.`,
		Why:  `What is done to a container from outside must never hit a stranger who has inherited its number.`,
		Hand: []string{"sleep 5 & strace -e trace=pidfd_open pidwait -P $$ sleep   # it waits for one that is not its child"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t --explain tutor/lab true", Look: "pidfd_open with the child's PID, by the host's hand", Want: `pidfd_open\(\d+, 0\) = \d+`},
		Read: []string{"pidfd_open(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.ESRCH, Text: "there is no such process, or none that this PID namespace knows"},
		},
		See: []string{"pidfd_getfd", "pidfd_send_signal", "ppoll", "terminal-host", "PID namespace", "signal"},
	},
	{
		Name: "pidfd_send_signal",
		Call: "pidfd_send_signal",
		C:    "int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned int flags);",
		Also: []string{"tutor stop", "tutor kill", "docker stop", "docker kill"},
		What: `Sends a signal to the process that a descriptor stands for (Linux 5.1). With info NULL it is what kill does, and the
			same rights are asked for; only the receiver cannot be mistaken.`,
		Why: `A monitor, or a person, may take a moment between looking up a PID and sending the signal. In that moment the
			process can end, and its number can be given to another one, which would get the signal.`,
		Hand: []string{"sleep 60 & kill -s TERM $!; wait $! || echo $?   # by number: 143 = 128 + 15"},
		Safe: true,
		Try: Try{Line: "tutor run -d --rm --name quick tutor/lab sleep 60 > /dev/null; tutor stop -t 0 --explain quick",
			Look: "SIGTERM, no time at all, and SIGKILL", Want: `(?s)pidfd_send_signal\(\d+, SIGTERM, NULL, 0\) = 0.*SIGKILL`},
		Read: []string{"pidfd_send_signal(2)", "signal(7)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.ESRCH, Text: "the process has ended, and its parent has waited for it"},
			{Errno: unix.EPERM, Text: "another user's process, and no CAP_KILL"},
		},
		See: []string{"signal", "pidfd_open", "ppoll", "PID 1"},
	},
	{
		Name: "ppoll",
		Call: "ppoll",
		C:    "int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo_p, const sigset_t *sigmask);",
		Also: []string{"poll"},
		What: `Waits until there is something to read from one of the descriptors, or until the time is over, which it answers with 0. A
			pidfd can be read when its process has ended (Linux 5.3). The last argument is a set of signals to be blocked
			meanwhile, for any other signal would end the wait early.`,
		Why: `To wait for a process that is not one's own child, wait4 cannot be used. Between SIGTERM and SIGKILL a container has ten
			seconds, and not one of them should be lost if it is ready sooner.`,
		Hand: []string{"sleep 0.2 & tail --pid $! -f /dev/null; echo it has ended"},
		Safe: true,
		Try: Try{Line: "tutor run -d --rm --name deaf --stop-signal CONT tutor/lab sleep 60 > /dev/null; tutor stop -t 1 --explain deaf",
			Look: "asked by a signal that ends nobody: one second, and the answer 0", Want: `ppoll\(\[\{fd=\d+, events=POLLIN\}\], 1, \{tv_sec=1, tv_nsec=0\}, ~\[\], 8\) = 0`},
		Read: []string{"poll(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.EINTR, Text: "a signal came that was not blocked"},
			{Errno: unix.EINVAL, Text: "the time is below zero, or there are more descriptors than RLIMIT_NOFILE"},
		},
		See: []string{"pidfd_send_signal", "pidfd_open", "signal", "exit code"},
	},
	{
		Name: "pidfd_getfd",
		Call: "pidfd_getfd",
		C:    "int pidfd_getfd(int pidfd, int targetfd, unsigned int flags);",
		What: `A copy of a descriptor that another process has open (Linux 5.6). Both then stand for the same open file, as after dup.
			Whoever may trace a process may do this to it (PTRACE_MODE_ATTACH_REALCREDS).`,
		Why:  `tutor gets its end of a terminal that was made inside the container, without a path that could be led astray.`,
		Hand: []string{"script -q -c 'ls -l /proc/$$/fd' /dev/null   # the ends of a terminal in two processes"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t --explain tutor/lab true", Look: "the child's number goes in, tutor's own comes out", Want: `pidfd_getfd\(\d+, \d+, 0\) = \d+`},
		Read: []string{"pidfd_getfd(2)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.EBADF, Text: "the other process has nothing open under that number"},
			{Errno: unix.EPERM, Text: "the caller may not trace that process"},
		},
		See: []string{"pidfd_open", "terminal-host", "descriptors", "baton"},
	},
	{
		Name: "sethostname",
		Call: "sethostname",
		C:    "int sethostname(const char *name, size_t len);",
		What: `Sets the host name of the caller's UTS namespace: len bytes, at most 64, without a zero at the end. It takes CAP_SYS_ADMIN
			in the user namespace that owns the UTS namespace, and uname(2) reads what it has set.`,
		Why:  `The container is to have its own name, and the host is to keep the one that it has.`,
		Hand: []string{"unshare --uts sh -c 'hostname box; uname -n'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --hostname web --explain tutor/lab hostname", Look: "three letters, and their count", Want: `sethostname\("web", 3\) = 0`},
		Read: []string{"sethostname(2)"},
		Lab:  2,
		Errors: []Error{
			{Errno: unix.EINVAL, Op: "hostname"},
			{Errno: unix.EPERM, Text: "no CAP_SYS_ADMIN: root in a container cannot rename it"},
		},
		See: []string{"hostname", "UTS namespace", "unshare"},
	},
	{
		Name: "prlimit64",
		Call: "prlimit64",
		C:    "int prlimit64(pid_t pid, int resource, const struct rlimit64 *new_limit, struct rlimit64 *old_limit);",
		Also: []string{"prlimit", "setrlimit", "getrlimit"},
		What: `Sets and reads a resource limit of a process, of the caller for pid 0: a soft value, which holds, and a hard one, up to
			which the soft one may be raised. To raise a hard limit takes CAP_SYS_RESOURCE.`,
		Why:  `It is how --ulimit reaches the command, which inherits the limits through execve.`,
		Hand: []string{"prlimit --nofile=64:128 sh -c 'ulimit -S -n; ulimit -H -n'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --ulimit nofile=64:128 --explain tutor/lab true", Look: "RLIMIT_NOFILE with both values", Want: `prlimit64\(0, RLIMIT_NOFILE, {rlim_cur=64, rlim_max=128}, NULL\) = 0`},
		Read: []string{"prlimit(2)"},
		Lab:  3,
		Errors: []Error{
			{Errno: unix.EPERM, Op: "rlimits"},
			{Errno: unix.EINVAL, Text: "the soft limit is above the hard one, or there is no such resource"},
		},
		See: []string{"rlimit", "capability", "execve"},
	},
	{
		Name: "ioctl",
		Call: "ioctl",
		C:    "int ioctl(int fd, unsigned long request, ...);",
		What: `Whatever a device can do beside read and write, chosen by a number. tutor uses it on terminals: TIOCSPTLCK unlocks the far
			end, TIOCGPTPEER opens it, TIOCSCTTY makes it the controlling terminal, TIOCSWINSZ sets its size; and on a
			socket: SIOCSIFFLAGS switches an interface on.`,
		Why:  `There is no other way to some of these. TIOCGPTPEER opens the far end without a path, so that nothing in /dev can lead astray.`,
		Hand: []string{"script -q -c 'stty rows 24 cols 80; stty size' /dev/null", "strace -e trace=ioctl stty size < /dev/null || true   # ENOTTY: not a terminal"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t --explain tutor/lab true", Look: "four requests to the terminal, and one to lo", Want: `ioctl\(\d+, TIOCGPTPEER, 0x80102\) = \d+`},
		Read: []string{"ioctl(2)", "ioctl_tty(2)", "netdevice(7)"},
		Lab:  1,
		Errors: []Error{
			{Errno: unix.ENOTTY, Text: "the descriptor is no terminal, or knows no such request"},
			{Errno: unix.EPERM, Text: "TIOCSCTTY: the caller leads no session, or has a terminal already"},
			{Errno: unix.ENODEV, Text: "SIOCSIFFLAGS: there is no interface of that name in this network namespace"},
		},
		See: []string{"terminal", "console", "loopback", "socket"},
	},
	{
		Name: "socket",
		Call: "socket",
		C:    "int socket(int domain, int type, int protocol);",
		What: `Makes an end of a connection that is not connected yet, in the caller's network namespace, where it stays even if the
			process moves to another. tutor uses one only as a handle, because the old way to switch an interface on is an
			ioctl on any socket.`,
		Why:  `A socket belongs to the namespace in which it was made: a descriptor that is left open is a way into another network.`,
		Hand: []string{"unshare --net strace -e trace=socket ip link set lo up"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --network none --explain tutor/lab true", Look: "socket, ioctl, close: that is loopback", Want: `socket\(AF_INET, SOCK_DGRAM\|SOCK_CLOEXEC, IPPROTO_IP\) = \d+`},
		Read: []string{"socket(2)", "netdevice(7)"},
		Lab:  6,
		Errors: []Error{
			{Errno: unix.EAFNOSUPPORT, Text: "the kernel was built without that family"},
			{Errno: unix.EPERM, Text: "SOCK_RAW takes CAP_NET_RAW, which docker's fourteen have"},
		},
		See: []string{"netlink", "bind", "loopback", "ioctl", "network namespace", "close"},
	},
}
