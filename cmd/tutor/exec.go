//go:build linux

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// execFlags are what `tutor exec` takes beside what becomes the command.
type execFlags struct {
	options    container.ExecOptions
	env        []string
	envFiles   []string
	privileged bool
	keys       string // that leave the command and let it run
	explain    explainFlags
	dryRun     bool
}

func newExec(c *cli) *cobra.Command {
	f := &execFlags{}
	cmd := &cobra.Command{
		Use:   "exec [OPTIONS] CONTAINER COMMAND [ARG...]",
		Short: "Execute a command in a running container",
		Long: `Execute a command in a running container: one more process in its namespaces, with its limits and no more powers
than its first process has. tutor's exit code is the command's.

With -d tutor ends as soon as the command runs. Then nobody waits for it, its parent is the host's init, what it
writes is thrown away, and -i and -t mean nothing; it ends with the container at the latest.

--explain and --explain-to may also stand after the container, up to a "--", which ends them.`,
		Example: `  tutor exec web ps                     who else is there
  tutor exec -it web sh                 a shell inside
  tutor exec -u student -w /tmp web id  as somebody else, somewhere else
  tutor exec --explain web true         every system call by which a container is entered
  tutor exec --without enter-net web ip addr`,
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			status, err := f.run(c, args)
			if err != nil {
				return failure{err, status}
			}
			if status != 0 {
				return exit(status)
			}
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false) // what stands after the container is the command's
	f.define(cmd.Flags())
	return cmd
}

// define is the table of flags: Docker's first, ours after.
func (f *execFlags) define(flags *pflag.FlagSet) {
	o := &f.options
	flags.BoolVarP(&o.Detach, "detach", "d", false, "Detached mode: run command in the background")
	flags.StringVar(&f.keys, "detach-keys", "ctrl-p,ctrl-q", "The keys that leave the command and let it run")
	flags.VarP((*list)(&f.env), "env", "e", "Set environment variables")
	flags.Var((*list)(&f.envFiles), "env-file", "Read in a file of environment variables")
	flags.BoolVarP(&o.Interactive, "interactive", "i", false, "Keep STDIN open even if not attached")
	flags.BoolVar(&f.privileged, "privileged", false, "Give extended privileges to the command (refused: tutor has no privileged containers)")
	flags.BoolVarP(&o.Terminal, "tty", "t", false, "Allocate a pseudo-TTY")
	flags.StringVarP(&o.User, "user", "u", "", "Username or UID (format: <name|uid>[:<group|gid>])")
	flags.StringVarP(&o.Workdir, "workdir", "w", "", "Working directory inside the container")

	f.explain.define(flags)
	flags.BoolVar(&f.dryRun, "dry-run", false, "Print the Program without running it")
	flags.Var((*list)(&o.Without), "without", "Leave an entry of the Program out, to see what it was for (repeatable)")
}

func (f *execFlags) run(c *cli, args []string) (status int, err error) {
	const ours = process.ExitOurs
	if len(args) > 0 {
		if f.options.Command, err = f.explain.takeFrom(args[1:]); err != nil {
			return ours, err
		}
	}
	if len(f.options.Command) == 0 {
		return ours, container.Hint(errors.New("exec needs a container and a command"), "tutor exec CONTAINER COMMAND [ARG...]")
	}
	if f.options.Command[0] == "" {
		return ours, container.Hint(errors.New("exec: the command is empty"), "tutor exec CONTAINER COMMAND [ARG...]")
	}
	if f.privileged {
		return ours, container.Hint(errors.New("exec --privileged is not supported: a command gets the powers of its container and no more"),
			"give them to the container: tutor run --cap-add …")
	}
	if err := needRoot("exec"); err != nil {
		return ours, err
	}
	if err := checkWorkdir(f.options.Workdir); err != nil {
		return ours, err
	}
	if f.options.Env, err = environment(f.envFiles, f.env); err != nil {
		return ours, err
	}
	if f.options.Keys, err = detachKeys(f.keys); err != nil {
		return 1, err
	}
	if f.explain.form != "" {
		f.options.Keys = nil // a trace needs somebody who waits for it
	}
	ctr, err := c.home().Find(args[0])
	if err != nil {
		return 1, err // as docker: nothing was tried
	}
	e, err := c.home().NewExec(ctr, f.options)
	if errors.Is(err, container.ErrNotRunning) || errors.Is(err, container.ErrPaused) {
		return 1, err
	}
	if err != nil {
		return ours, err
	}
	if f.dryRun {
		return 0, f.explain.dryRun(c, e.Program)
	}
	tracer, err := f.explain.trace(subject{func() program.Program { return e.Program }, e.Plan.Group.Dirs(), e.Plan.Process.Args, e.Inside}, c.Err)
	if err != nil {
		return ours, err
	}
	defer tracer.close()
	status, err = e.Run(tracer.watch())
	if errors.Is(err, container.ErrLeft) {
		fmt.Fprintln(c.Err, container.ErrLeft)
		return 1, nil // as docker, though nothing has gone wrong
	}
	return status, err
}
