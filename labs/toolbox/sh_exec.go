package toolbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
)

// ours marks the name of a command that is to reach exec although the interpreter has a builtin of that name.
const ours = "\x01"

// A builtin is a command that runs inside the shell.
type builtin func(s *shell, ctx context.Context, hc interp.HandlerContext, args []string) error

// builtins replace those of the interpreter that know nothing of processes, or that differ from a shell's.
var builtins = map[string]builtin{
	"&": (*shell).background, "exec": (*shell).replace, "jobs": (*shell).listJobs, "kill": (*shell).kill,
	"trap": (*shell).trap, "ulimit": (*shell).ulimit, "umask": (*shell).umask, "wait": (*shell).wait,
	"cannot cd": (*shell).cannotCd, "echo": inProcess(echo), "printf": inProcess(printfMain),
}

// inProcess runs an applet without a process.
func inProcess(main func(*tool) error) builtin {
	return func(_ *shell, _ context.Context, hc interp.HandlerContext, args []string) error {
		t := &tool{name: args[0], args: args[1:], out: bufio.NewWriter(hc.Stdout), err: hc.Stderr}
		return exitStatus(t.finish(main(t), "…"))
	}
}

func exitStatus(code int) error {
	if code == 0 {
		return nil
	}
	return interp.ExitStatus(code)
}

// call sees every command before the interpreter does. It sends ours past its builtins, runs traps that are due, and
// keeps the process in the shell's directory: the interpreter only remembers it.
func (s *shell) call(ctx context.Context, args []string) ([]string, error) {
	hc := interp.HandlerCtx(ctx)
	if hc.Env.Get(subshellMark).Str == "" {
		os.Chdir(hc.Dir)
	}
	select {
	case signal := <-s.caught:
		return []string{"eval", s.trapText(signal) + "\n" + quoteAll(args)}, nil
	default:
	}
	switch name := args[0]; {
	case name == "exec" && (len(args) == 1 || hc.Env.Get(subshellMark).Str != ""):
		return args, nil // redirections only, or inside a subshell: there the interpreter does the right thing
	case builtins[name] != nil:
		return append([]string{ours + name}, args[1:]...), nil
	case name == "cd" && cannotEnter(hc, args) != nil:
		return []string{ours + "cannot cd", args[1]}, nil
	case name == "eval":
		return []string{"eval", rewriteText(strings.Join(args[1:], " "))}, nil
	case (name == "source" || name == ".") && len(args) > 1:
		return append([]string{"source", ours + scriptPath(hc, args[1])}, args[2:]...), nil
	}
	return args, nil
}

func quoteAll(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = quote(arg)
	}
	return strings.Join(quoted, " ")
}

// scriptPath finds what "." reads: along PATH, or here.
func scriptPath(hc interp.HandlerContext, name string) string {
	for _, dir := range filepath.SplitList(hc.Env.Get("PATH").Str) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); !strings.Contains(name, "/") && err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(hc.Dir, name)
}

// A sourced is a script that "." reads, already rewritten.
type sourced struct{ io.Reader }

func (sourced) Write([]byte) (int, error) { return 0, fs.ErrPermission }
func (sourced) Close() error              { return nil }

// open opens files for redirections, and scripts for ".".
func (s *shell) open(ctx context.Context, path string, flag int, mode os.FileMode) (io.ReadWriteCloser, error) {
	if script, ok := strings.CutPrefix(path, ours); ok {
		text, err := os.ReadFile(script)
		var failed *fs.PathError
		if errors.As(err, &failed) {
			return nil, &fs.PathError{Op: "can't open", Path: script, Err: errors.New(reason(failed.Err))}
		}
		return sourced{strings.NewReader(rewriteText(string(text)))}, err
	}
	f, err := interp.DefaultOpenHandler()(ctx, path, flag, mode|0o666)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return f, &fs.PathError{Op: "sh:", Path: path, Err: errors.New(reason(failed.Err))}
	}
	return f, err
}

// exec runs a command that is no function and none of the interpreter's builtins: one of ours, or a process.
func (s *shell) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	if name, ok := strings.CutPrefix(args[0], ours); ok {
		return builtins[name](s, ctx, hc, append([]string{name}, args[1:]...))
	}
	path, err := lookPath(hc, args[0])
	if err != nil {
		return notFound(hc, args[0], err)
	}
	cmd := &exec.Cmd{Path: path, Args: args, Env: environment(hc.Env), Dir: hc.Dir, Stdin: hc.Stdin, Stdout: hc.Stdout, Stderr: hc.Stderr}
	err = s.start(cmd, 1)
	if errors.Is(err, unix.ENOEXEC) { // a script without #!
		cmd = &exec.Cmd{Path: self("sh"), Args: append([]string{"sh", path}, args[1:]...), Env: cmd.Env, Dir: hc.Dir, Stdin: hc.Stdin, Stdout: hc.Stdout, Stderr: hc.Stderr}
		err = s.start(cmd, 1)
	}
	if err != nil {
		return notFound(hc, args[0], err)
	}
	code := s.finished(cmd, 1)
	if code == 128+int(unix.SIGINT) {
		return s.interrupted(ctx, hc, code)
	}
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() && w.Signal() != unix.SIGPIPE {
		fmt.Fprintln(hc.Stderr, strings.ToUpper(w.Signal().String()[:1])+w.Signal().String()[1:])
	}
	return s.afterTraps(ctx, hc, code)
}

// lookPath finds a command. Not exec.LookPath: PATH is the shell's variable, and the directory the shell's.
func lookPath(hc interp.HandlerContext, name string) (string, error) {
	if strings.Contains(name, "/") {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(hc.Dir, name)
		}
		return path, executable(path)
	}
	result := error(exec.ErrNotFound)
	for _, dir := range filepath.SplitList(hc.Env.Get("PATH").Str) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(hc.Dir, dir)
		}
		path := filepath.Join(dir, name)
		err := executable(path)
		if err == nil {
			return path, nil
		}
		if errors.Is(err, unix.EACCES) {
			result = err
		}
	}
	return "", result
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return unix.EACCES
	}
	return nil
}

// notFound says "sh: foo: not found" and gives 127, or says what else is wrong and gives 126.
func notFound(hc interp.HandlerContext, name string, err error) error {
	code := startCode(err)
	if code == 127 {
		err = exec.ErrNotFound
	}
	fmt.Fprintf(hc.Stderr, "sh: %s\n", reason(notStarted(name, err)))
	return exitStatus(code)
}

// environment lists the exported variables.
func environment(env expand.Environ) []string {
	var all []string
	place := map[string]int{}
	for name, v := range env.Each { // outer scopes first; an inner one hides them
		i, known := place[name]
		if !known {
			i = len(all)
			place[name], all = i, append(all, "")
		}
		all[i] = ""
		if v.IsSet() && v.Exported && v.Kind == expand.String {
			all[i] = name + "=" + v.Str
		}
	}
	kept := all[:0]
	for _, pair := range all {
		if pair != "" {
			kept = append(kept, pair)
		}
	}
	return kept
}
