package topics

var processes = []Topic{
	{
		Name: "process",
		Also: []string{"PPID", "fork and exec", "thread"},
		What: `A process is a running program: its memory, one or more threads, open files, a working directory, a user, and
			a place in a tree, for each but the first has a parent. A new one is a copy of its parent (fork, clone), and
			the copy may then become another program (execve), which keeps its PID. A container is such a process.`,
		Why: `There is nothing else that a container could be. What this glossary explains are properties of a process, or
			of a group of them, and children inherit nearly all of them: that is why one start suffices for everything
			that will ever run inside.`,
		Hand: []string{"sleep 0.1 & ps -o pid,ppid,comm; wait"},
		Safe: true,
		Try:  Try{Line: "tutor run --lab 1 --explain sh -c 'echo I am PID $$'", Look: "clone3 and execve: two calls make a process, and the PID is an ordinary one", Want: "clone3"},
		Read: []string{"fork(2)", "credentials(7)"},
		Lab:  1,
		See:  []string{"clone", "exec", "PID 1", "signal", "exit code", "zombie", "container"},
	},
	{
		Name: "PID 1",
		Also: []string{"init", "--init", "docker-init", "reaper", "orphan"},
		What: `The first process of a PID namespace has the number 1 in it, and duties. Orphans become its children, and it has
			to wait for them. A signal from inside reaches it only if it has set a handler; from outside only SIGKILL and
			SIGSTOP need none. When it ends, the kernel kills every other process of the namespace. In a container the
			command itself is PID 1, whether it was written for that or not.`,
		Why: `A program that does not know of these duties seems deaf to docker stop (no handler for SIGTERM, so nothing
			happens for ten seconds, then SIGKILL) and lets zombies gather. --init puts a small init in front of it, which
			passes signals on and waits for orphans.`,
		Hand: []string{"unshare --pid --fork --mount-proc sh -c 'kill -9 $$; echo PID $$ is still here'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'kill -9 $$; echo PID $$ is still here'", Look: "the signal that nobody survives, survived", Want: "PID 1 is still here"},
		Read: []string{"pid_namespaces(7)"},
		Lab:  2,
		See:  []string{"PID namespace", "signal", "zombie", "exit code"},
	},
	{
		Name: "zombie",
		Also: []string{"defunct", "wait", "reap"},
		What: `A process that has ended while its parent has not yet asked how (wait). Memory and files are gone; a PID and the
			exit status remain, and ps shows Z. It cannot be killed, for it is dead already. When its parent ends, the
			zombie falls to PID 1 of the namespace, who should wait for it.`,
		Why: `Each one holds a PID. A PID 1 that never waits collects them until pids.max is reached and fork fails with
			EAGAIN, perhaps after weeks. --init is the cure.`,
		Hand: []string{"sh -c 'sleep 0.1 & exec sleep 1' &", "sleep 0.5; ps -eo pid,ppid,stat,comm; wait"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'zombie 10 & sleep 0.3; ps -o pid,stat,comm'", Look: "Z in the second column", Want: `\d ZN? +true`},
		Read: []string{"wait(2)"},
		Lab:  1,
		See:  []string{"PID 1", "process", "pids", "exit code"},
	},
	{
		Name: "signal",
		Also: []string{"SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP", "SIGCHLD", "kill", "stop", "--stop-signal", "--stop-timeout", "--sig-proxy"},
		What: `A small number that one process, or the kernel, sends to another. The receiver runs a handler, ignores it, or
			suffers the default, which for most signals is death. SIGKILL (9) and SIGSTOP (19) can be neither handled nor
			ignored. Users may signal their own processes; CAP_KILL is the right to signal all others; and nobody can name a process
			outside the own PID namespace and those below it.`,
		Why: `To stop a container politely is SIGTERM, patience, then SIGKILL. Without a PID namespace root inside could send
			any of them to every process of the host.`,
		Hand: []string{"sleep 60 & kill -TERM $!; wait $! || echo $?   # 143 = 128 + 15"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --without pid-ns tutor/lab sh -c 'kill -9 $$'; echo $?", Look: "137, that is 128 + 9; with a PID namespace it would be PID 1 and survive", Want: "137"},
		Read: []string{"signal(7)", "kill(2)"},
		Lab:  1,
		See:  []string{"pidfd_send_signal", "PID 1", "exit code", "process", "OOM", "terminal"},
	},
	{
		Name: "exit code",
		Also: []string{"exit status", "status", "125", "126", "127", "137", "143"},
		What: `Eight bits that a process leaves for its parent; 0 is success. One that a signal has ended leaves the signal's
			number instead, and shells and engines print that as 128 + number: 137 is SIGKILL, 143 is SIGTERM. Engines
			have three codes of their own: 125 for their own failure, 126 for a command that is there but cannot be run,
			127 for one that is not there.`,
		Why: `It is the one answer of a container that scripts and orchestrators act on. 137 when nobody has typed kill
			usually means the OOM killer.`,
		Hand: []string{"sh -c 'exit 7' || echo $?", "sh -c 'kill -9 $$' || echo $?"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab nonesuch; echo $?", Look: "127: no such command", Want: "(?m)^127$"},
		Read: []string{"wait(2)", "docker-run(1)"},
		Lab:  1,
		See:  []string{"process", "signal", "OOM", "exec"},
	},
	{
		Name: "rlimit",
		Op:   "rlimits",
		Also: []string{"ulimit", "--ulimit", "RLIMIT_NOFILE", "resource limit"},
		What: `A limit on what one process may use: open files, stack, locked memory, the size of a core dump. Each has a soft
			value, which holds, and a hard one, up to which the process may raise the soft one. Children inherit both, and
			execve changes neither. RLIMIT_NPROC is different: it counts all processes and threads of a user.`,
		Why: `A cgroup limits a container as a whole. An rlimit stops a single process in it, and it limits some things that no
			cgroup counts, open files for one.`,
		Hand: []string{"prlimit --nofile=64:128 sh -c 'ulimit -S -n; ulimit -H -n'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --ulimit core=0:1000 tutor/lab grep core /proc/self/limits", Look: "the soft and the hard value", Want: `Max core file size +0 +1000`},
		See:  []string{"cgroup", "pids", "memory", "prlimit64"},
	},
	{
		Name: "clone",
		Op:   "clone",
		Also: []string{"fork", "vfork", "birth"},
		What: `tutor calls clone3 once, and two processes return from it: tutor, who gets the child's PID, and the child, who
			gets 0. With cgroup v2 the child is born inside its group (CLONE_INTO_CGROUP), so that not one of its
			instructions runs outside the limits. Until execve it is a copy of tutor, and follows the Program.`,
		Hand: []string{"( exec sleep 0.1 ) & echo the child is $!; wait"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the line under clone3: one process, two numbers", Want: `host PID \d+ = container PID 1`},
		See:  []string{"process", "clone3", "exec", "baton", "cgroup"},
	},
	{
		Name: "descriptors",
		Op:   "descriptors",
		Also: []string{"file descriptor", "fd", "close-on-exec", "O_CLOEXEC"},
		What: `A file descriptor is a small number that stands for an open file. execve keeps every one that is not marked
			close-on-exec, and tutor marks all from 3 up with one call; 0, 1 and 2 stay. One directory of the host left
			open is a way out of any container: so it was in runc, CVE-2024-21626.`,
		Hand: []string{"exec 9</etc", "ls -l /proc/self/fd/9   # ls has inherited it", "exec 9<&-"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --without descriptors tutor/lab ls /proc/self/fd/9/ 9</etc", Look: "the host's /etc, seen from inside a container", Want: "passwd"},
		See:  []string{"close_range", "exec", "stdin", "workdir"},
	},
	{
		Name: "session",
		Op:   "session",
		Also: []string{"process group", "controlling terminal", "SID"},
		What: `A session is the set of processes that share a controlling terminal: Ctrl-C goes to its foreground process
			group, a hang-up to its leader. setsid makes the child the leader of a new session that has no terminal.
			With -t it then gets one of its own.`,
		Hand: []string{"setsid sh -c 'ps -o pid,sid,tty -p $$'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab ps -o pid,sid,comm", Look: "SID 1: PID 1 leads its own session", Want: `1 +1 +ps`},
		See:  []string{"setsid", "terminal", "console", "signal"},
	},
	{
		Name: "stdin",
		Op:   "stdin",
		Also: []string{"-i", "--interactive", "standard input"},
		What: `Descriptor 0, from which a command reads. Without -i tutor puts /dev/null there, as docker does: whoever reads
			gets end of file at once. With -i it is what the caller types or pipes in, with -t the container's own terminal.`,
		Hand: []string{"echo lost | sh -c 'exec < /dev/null; wc -c'"},
		Safe: true,
		Try:  Try{Line: "echo hello | tutor run --rm -i tutor/lab cat", Look: "hello; leave -i out, and cat has nothing to print", Want: "hello"},
		See:  []string{"descriptors", "streams", "terminal", "dup3", "console"},
	},
	{
		Name: "streams",
		Op:   "streams",
		Also: []string{"logs", "--log-driver", "--log-opt", "pipe", "standard output", "stdout", "stderr"},
		What: `Descriptors 1 and 2, to which a command writes. They are pipes whose other ends tutor has: what comes out goes to
			whoever is attached and into the log. So "docker run" without -t is never a terminal, colours are off, and
			many programs keep their output back in blocks.`,
		Hand: []string{"sh -c 'echo out; echo err >&2' > out 2> err; cat out err; rm out err"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab sh -c 'test -p /dev/stdout && echo a pipe'", Look: "a pipe", Want: "a pipe"},
		See:  []string{"stdin", "dup3", "console", "terminal"},
	},
	{
		Name: "umask",
		Op:   "umask",
		Call: "umask",
		C:    "mode_t umask(mode_t mask);",
		What: `Each process has a mask of permission bits that are taken away from the mode of every file it makes: with 022 a
			file that is asked for as 666 comes out as 644. Children inherit it. The call cannot fail, and answers the
			mask that was there before.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "umask 077; touch private; ls -l private"},
		Safe: true,
		Try:  Try{Line: "( umask 077; tutor run --rm tutor/lab sh -c umask )", Look: "0022, whatever the caller's mask is", Want: "0022"},
		See:  []string{"process", "devices", "mknodat"},
	},
	{
		Name: "workdir",
		Op:   "workdir",
		Also: []string{"-w", "WorkingDir", "working directory", "cwd"},
		What: `Where paths without a leading slash begin. The image's config names a directory (WorkingDir), -w another; tutor
			makes it if it is missing, and goes there while it is still root: the user may have no right to. The path is a stranger's word, and
			/proc/self/fd/7 once led from there to the host (CVE-2024-21626), so it is opened with RESOLVE_NO_MAGICLINKS.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt", "mkdir -p /mnt/srv && cd /mnt/srv && pwd"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -w /srv/new tutor/lab pwd", Look: "the image has no such directory; now the container has", Want: "/srv/new"},
		See:  []string{"config", "openat2", "fchdir", "exec", "descriptors"},
	},
	{
		Name: "exec",
		Op:   "exec",
		Also: []string{"command", "PATH"},
		What: `The child is ready and becomes the command. execve throws tutor's code and memory away and loads the program;
			PID, namespaces, cgroup and the open files that are not close-on-exec stay. A name without a slash is tried
			along PATH, one execve after the other, and nobody but the kernel decides which file can be run.`,
		Hand: []string{`sh -c 'echo $$; exec sh -c "echo \$\$"'   # the same PID twice`},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -e PATH=/none:/bin --explain tutor/lab true", Look: "/none/true answers ENOENT, then /bin/true runs", Want: `/none/true.*ENOENT`},
		See:  []string{"execve", "process", "clone", "exit code", "config"},
	},
}
