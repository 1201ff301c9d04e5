package process

import (
	"fmt"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Clone makes the child: a copy of tutor that waits for the baton. group is the descriptor of the cgroup (v2)
// that it is born into; nil: it stays in tutor's own. It yields the PID as the host sees it.
func Clone(group, pid *sys.Result) program.Op {
	return program.Op{
		Name:  "clone",
		Lab:   1,
		By:    program.Host,
		Why:   "a container is a process, and processes are born by copying one that is there",
		Shell: "( … ) &",
		Man:   "clone(2)",
		Calls: []sys.Call{sys.Clone3(group, pid)},
	}
}

// Descriptors shuts what tutor's caller left open. Without it the command could read them, and through an
// open directory walk out of its root (CVE-2024-21626).
func Descriptors() program.Op {
	return program.Op{
		Name:  "descriptors",
		Lab:   1,
		By:    program.Child,
		Why:   "files that the caller left open would be open in the container too, and a directory is a way out",
		Shell: "exec 3>&- 4>&- …",
		Man:   "close_range(2)",
		Calls: []sys.Call{sys.CloseRange(3)},
	}
}

// Session takes the child out of the terminal session of whoever typed the command.
func Session() program.Op {
	return program.Op{
		Name:  "session",
		Lab:   1,
		By:    program.Child,
		Why:   "in the caller's session the command could take the caller's terminal, and die with it",
		Shell: "setsid …",
		Man:   "setsid(2)",
		Calls: []sys.Call{sys.Setsid()},
	}
}

// Umask sets the usual mask, so that a container makes the same modes whoever starts it. It comes after the
// devices, which are made with none.
func Umask() program.Op {
	return program.Op{
		Name:  "umask",
		Lab:   1,
		By:    program.Child,
		Why:   "new files would get their modes from the mask of whoever starts the container",
		Shell: "umask 022",
		Man:   "umask(2)",
		Calls: []sys.Call{sys.Umask(0o022)},
	}
}

// Stdin gives the command an empty input unless it asks for the caller's, as Docker does without -i.
func Stdin(keep string) program.Op {
	null := &sys.Result{Name: "null"}
	op := program.Op{
		Name:  "stdin",
		Lab:   1,
		By:    program.Child,
		Why:   "without -i the command must not eat what was meant for the shell that started it",
		Shell: "exec < /dev/null",
		Man:   "dup(2)",
		Calls: []sys.Call{sys.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, null), sys.Dup(null, 0), sys.Close(null)},
	}
	if keep != "" {
		return op.Leave(keep)
	}
	return op
}

// Pipes are the ends of three pipes that the command shall have as its input, output and errors. tutor opens them
// and has the other ends.
type Pipes struct{ In, Out, Err *sys.Result }

// NewPipes names them; nothing is open yet.
func NewPipes() Pipes {
	return Pipes{In: &sys.Result{Name: "in"}, Out: &sys.Result{Name: "out"}, Err: &sys.Result{Name: "err"}}
}

// Streams leads what the command writes into tutor's pipes, and with -i its input out of one.
func Streams(p Pipes, interactive bool, none string) program.Op {
	op := program.Op{
		Name:  "streams",
		Lab:   1,
		By:    program.Child,
		Why:   "what the command writes goes to whoever is attached, and into the log that `tutor logs` reads",
		Shell: "exec > out 2> err",
		Man:   "dup(2)",
	}
	if none != "" {
		return op.Leave(none)
	}
	if interactive {
		op.Shell = "exec < in > out 2> err"
		op.Calls = append(op.Calls, sys.Dup(p.In, 0))
	}
	op.Calls = append(op.Calls, sys.Dup(p.Out, 1), sys.Dup(p.Err, 2))
	return op
}

// Limits sets resource limits of single processes (--ulimit). Raising a hard limit needs CAP_SYS_RESOURCE:
// EPERM without.
func Limits(limits []specs.POSIXRlimit) program.Op {
	op := program.Op{
		Name: "rlimits",
		Lab:  3,
		By:   program.Child,
		Why:  "limits on what each single process may use: open files, address space, core dumps",
		Man:  "getrlimit(2)",
	}
	var shell []string
	for _, l := range limits {
		for _, known := range sys.Limits {
			if known.Name == l.Type {
				op.Calls = append(op.Calls, sys.Prlimit(known.Bits, l.Soft, l.Hard))
			}
		}
		shell = append(shell, fmt.Sprintf("prlimit --pid $$ --%s=%d:%d", strings.ToLower(strings.TrimPrefix(l.Type, "RLIMIT_")), l.Soft, l.Hard))
	}
	op.Shell = strings.Join(shell, "; ")
	if len(op.Calls) == 0 {
		return op.Leave("no --ulimit given")
	}
	return op
}

// Workdir goes to the command's directory. The path is the image's word, and "/proc/self/fd/7" would be a
// way to a directory that tutor has open on the host: RESOLVE_NO_MAGICLINKS answers ELOOP (CVE-2024-21626).
// With own the directory is made if it is missing, as at the start of a container. An empty dir stays where it is, in
// a lab without an image.
func Workdir(dir string, own bool) program.Op {
	cwd := &sys.Result{Name: "cwd"}
	op := program.Op{
		Name:  "workdir",
		Lab:   5,
		By:    program.Child,
		Why:   "relative paths start here; the image says where (WorkingDir), or -w",
		Shell: "cd " + dir,
		Man:   "openat2(2)",
	}
	if own {
		op.Shell = "mkdir -p " + dir + " && cd " + dir
		op.Calls = sys.MkdirAll(dir)
	}
	op.Calls = append(op.Calls,
		sys.OpenAt2(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_MAGICLINKS, cwd),
		sys.Fchdir(cwd))
	if dir == "" {
		return op.Leave("no -w given: the command starts where tutor was started")
	}
	return op
}

// Exec becomes the command. A name without a slash is looked for along PATH, by trying, as execvp(3) does:
// nobody but the kernel decides what can be executed in there.
func Exec(args, env []string) program.Op {
	op := program.Op{
		Name:  "exec",
		Lab:   1,
		By:    program.Child,
		Why:   "the child forgets tutor and becomes the command; never returns, or the container failed",
		Shell: "exec " + strings.Join(args, " "),
		Man:   "execve(2)",
	}
	for _, path := range candidates(args[0], env) {
		call := sys.Execve(path, args, env)
		op.Calls = append(op.Calls, call.Tolerate(unix.ENOENT, unix.ENOTDIR, unix.EACCES))
	}
	return op
}

func candidates(name string, env []string) []string {
	if strings.Contains(name, "/") {
		return []string{name}
	}
	search := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, e := range env {
		if path, found := strings.CutPrefix(e, "PATH="); found {
			search = path
		}
	}
	var paths []string
	for _, dir := range strings.Split(search, ":") {
		if dir == "" {
			dir = "."
		}
		paths = append(paths, strings.TrimSuffix(dir, "/")+"/"+name)
	}
	return paths
}
