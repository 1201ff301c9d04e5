package toolbox

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// A shell is sh: the interpreter of mvdan.cc/sh, which knows the language, with everything that touches processes
// done here. A Go program cannot fork itself, which leaves these differences from dash:
//
//   - ( … ), $( … ) and the parts of a pipe run inside the same process: they have no PID of their own in ps, and
//     umask, ulimit and trap in them reach the whole shell. Commands in them are processes, as everywhere.
//   - CMD & starts a second sh that is told all variables and functions; so $! is a real PID.
//   - Redirections know the descriptors 0, 1 and 2 only.
//
// There is no job control (fg, bg, Ctrl-Z): everything runs in the shell's own process group, and a background
// command ignores Ctrl-C and reads from /dev/null, as POSIX has it for such a shell.
type shell struct {
	runner      *interp.Runner
	interactive bool

	mu       sync.Mutex         // for the fields down to busy
	children map[int]bool       // started and not yet waited for: not for the reaper
	jobs     []*job             // background commands
	cancel   context.CancelFunc // ends what the interpreter is running; nil at the prompt
	busy     int                // children in the foreground

	traps     map[unix.Signal]string
	caught    chan os.Signal // signals that have a trap
	history   history
	interrupt [2]int // a pipe that Ctrl-C at the prompt writes to
}

func sh(t *tool) error {
	args := t.args
	child := len(args) > 0 && args[0] == "--subshell" // the second sh of CMD &, see background
	if child {
		args = args[1:]
		signal.Ignore(unix.SIGINT, unix.SIGQUIT)
	}
	o, err := parse("+ceuxfailsno:", args)
	if err != nil {
		return err
	}
	script, name, params, err := t.script(o, child)
	if err != nil {
		return err
	}
	s := &shell{children: map[int]bool{}, traps: map[unix.Signal]string{}, caught: make(chan os.Signal, 16)}
	s.interactive = script == nil && (o.has("i") || isTerminal(0) && isTerminal(2))
	if err := s.setup(o, params); err != nil {
		return err
	}
	if script == nil {
		return exitCode(s.readAndRun())
	}
	return exitCode(s.runAll(script, name, child))
}

// script finds out what is to be run; nil is standard input. name is $0, params are $1 and so on.
func (t *tool) script(o options, child bool) (script io.Reader, name string, params []string, err error) {
	name, params = "sh", o.rest
	switch {
	case child:
		return os.NewFile(3, "script"), name, params, nil
	case o.has("c") && len(params) == 0:
		return nil, "", nil, usageError("-c needs a command")
	case o.has("c"):
		script, params = strings.NewReader(params[0]), params[1:]
		if len(params) > 0 {
			name, params = params[0], params[1:]
		}
	case len(params) > 0 && !o.has("s"):
		name, params = params[0], params[1:]
		if script, err = open(name); err != nil {
			t.complain(err)
			err = exitCode(startCode(err))
		}
	}
	return script, name, params, err
}

// setup makes the interpreter and takes the work with processes away from it.
func (s *shell) setup(o options, params []string) (err error) {
	var set []string
	for _, flag := range []string{"e", "u", "x", "f", "a", "n"} {
		if o.has(flag) {
			set = append(set, "-"+flag)
		}
	}
	for _, name := range o.given['o'] {
		set = append(set, "-o", name)
	}
	s.runner, err = interp.New(
		interp.StdIO(os.Stdin, os.Stdout, os.Stderr),
		interp.Params(append(append(set, "--"), params...)...),
		interp.Interactive(s.interactive),
		interp.CallHandler(s.call),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(s.open),
	)
	if err != nil {
		return usageError(err.Error())
	}
	if os.Getpid() == 1 {
		s.reap()
	}
	declared := fmt.Sprintf("declare %s=%d", shellPID, os.Getpid())
	if _, given := os.LookupEnv("HOSTNAME"); !given {
		host, _ := os.Hostname()
		declared += " HOSTNAME=" + quote(host)
	}
	known, err := syntax.NewParser().Parse(strings.NewReader(declared), "")
	if err == nil {
		_, _ = s.run(known.Stmts[0])
	}
	return err
}

// runAll runs a whole script: -c, a file, or a background command.
func (s *shell) runAll(script io.Reader, name string, child bool) int {
	shown := name
	if _, ok := script.(*os.File); !ok || child {
		shown = "" // the errors of -c name no file
	}
	file, err := syntax.NewParser().Parse(script, shown)
	if err != nil {
		fmt.Fprintf(os.Stderr, "sh: %v\n", err)
		return 2
	}
	if child {
		unix.Close(3)
		unix.Close(4) // ready: the first sh goes on
		s.execLast(file)
	}
	rewrite(file)
	file.Name = name
	code, _ := s.run(file) // running a file ends the shell with it: the EXIT trap runs
	return code
}

// run runs a file, or one statement; interrupted tells that Ctrl-C ended it.
func (s *shell) run(node syntax.Node) (code int, interrupted bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.setCancel(cancel)
	defer s.setCancel(nil)
	err := s.runner.Run(ctx, node)
	if ctx.Err() != nil {
		return 128 + int(unix.SIGINT), true
	}
	return s.code(err), false
}

func (s *shell) setCancel(cancel context.CancelFunc) {
	s.mu.Lock()
	s.cancel = cancel
	s.mu.Unlock()
}

func (s *shell) code(err error) int {
	if err == nil {
		return 0
	}
	if status, ok := err.(interp.ExitStatus); ok {
		return int(status)
	}
	fmt.Fprintf(os.Stderr, "sh: %s\n", reason(err))
	return 1
}

// execLast makes the last command of a background script replace its sh: `sleep 100 &` is one process, and $! is
// sleep itself.
func (s *shell) execLast(file *syntax.File) {
	if len(file.Stmts) == 0 {
		return
	}
	last := file.Stmts[len(file.Stmts)-1]
	call, ok := last.Cmd.(*syntax.CallExpr)
	if !ok || last.Negated || last.Background || len(call.Args) == 0 {
		return
	}
	name := call.Args[0].Lit()
	declared := slices.ContainsFunc(file.Stmts, func(st *syntax.Stmt) bool {
		f, ok := st.Cmd.(*syntax.FuncDecl)
		return ok && f.Name.Value == name
	})
	if name == "" || declared || interp.IsBuiltin(name) {
		return
	}
	call.Args = append([]*syntax.Word{literal("exec")}, call.Args...)
}
