//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/terminal"
)

// attachFlags say how somebody is joined to a container.
type attachFlags struct {
	input bool   // what is typed goes to it
	keys  string // that leave it
	proxy bool   // signals go to it
}

func newStart(c *cli) *cobra.Command {
	f := attachFlags{proxy: true}
	var e explainFlags
	var attach bool
	command := &cobra.Command{
		Use:               "start [OPTIONS] CONTAINER [CONTAINER...]",
		Short:             "Start one or more stopped containers",
		Long:              "start starts containers that exist, each under a monitor of its own. With -a it is as `tutor run` was: what the\ncontainer writes is shown, and its exit code is tutor's.",
		Example:           "  tutor start web\n  tutor start -ai box\n  tutor start --explain web      every system call, until the command runs",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			e.ambient()
			s, err := e.sink(c.Err)
			if err != nil {
				return err
			}
			defer s.close()
			trace := e.handOver(s)
			if attach || f.input {
				if len(args) > 1 {
					return failure{container.Hint(errors.New("you cannot start and attach multiple containers at once"), "start them without -a and -i; tutor logs shows what each one writes"), 1}
				}
				return c.startOne(args[0], f, trace)
			}
			return c.each(args, func(s container.State) error {
				if c.home().Paused(s.ID) {
					return container.Hint(errors.New("cannot start a paused container, try unpause instead"), "tutor unpause "+s.Name)
				}
				if c.home().Runs(s.ID) {
					return nil
				}
				a, err := c.home().Start(s.ID, container.Hello{}, trace)
				if err == nil {
					a.Close()
				}
				return err
			})
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&attach, "attach", "a", false, "Attach STDOUT/STDERR and forward signals")
	flags.BoolVarP(&f.input, "interactive", "i", false, "Attach container's STDIN")
	flags.StringVar(&f.keys, "detach-keys", "ctrl-p,ctrl-q", "The keys that leave the container and let it run")
	e.define(flags)
	return command
}

func newAttach(c *cli) *cobra.Command {
	var f attachFlags
	var noInput bool
	command := &cobra.Command{
		Use:               "attach [OPTIONS] CONTAINER",
		Short:             "Attach local standard input, output, and error streams to a running container",
		Example:           "  tutor attach box        leave it with Ctrl-P Ctrl-Q\n  tutor attach --no-stdin web",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			if !c.home().Runs(s.ID) {
				return container.Hint(errors.New("You cannot attach to a stopped container, start it first"), "tutor start -ai "+args[0])
			}
			if c.home().Paused(s.ID) {
				return container.Hint(errors.New("You cannot attach to a paused container, unpause it first"), "tutor unpause "+args[0])
			}
			if err := container.CheckInput(s.Terminal && !noInput, "--no-stdin shows the output alone"); err != nil {
				return err
			}
			f.input = !noInput
			hello := helloOf(f)
			a, err := c.home().Attach(s.ID, hello)
			if err != nil {
				return err
			}
			return exitStatus(c.joined(a, s, f))
		},
	}
	flags := command.Flags()
	flags.BoolVar(&noInput, "no-stdin", false, "Do not attach STDIN")
	flags.BoolVar(&f.proxy, "sig-proxy", true, "Proxy all received signals to the process")
	flags.StringVar(&f.keys, "detach-keys", "ctrl-p,ctrl-q", "The keys that leave the container and let it run")
	return command
}

func helloOf(f attachFlags) container.Hello {
	hello := container.Hello{Output: true, Errors: true}
	if terminal.Is(os.Stdout) {
		hello.Size = terminal.SizeOf(os.Stdout)
	}
	return hello
}

// startOne starts a container and stays with it.
func (c *cli) startOne(name string, f attachFlags, trace *container.Trace) error {
	s, err := c.home().Find(name)
	if err != nil {
		return err
	}
	status, err := c.startAttached(s.ID, f, trace)
	return exitStatus(status, err)
}

func (c *cli) startAttached(id string, f attachFlags, trace *container.Trace) (int, error) {
	if _, err := detachKeys(f.keys); err != nil {
		return process.ExitOurs, err // before anything runs
	}
	s, err := c.home().Load(id)
	if err != nil {
		return process.ExitOurs, err
	}
	join := func() (*container.Attachment, error) { return c.home().Start(id, helloOf(f), trace) }
	if c.home().Runs(id) {
		join = func() (*container.Attachment, error) { return c.home().Attach(id, helloOf(f)) }
	}
	a, err := join()
	if err != nil {
		return failedStatus(err), err
	}
	return c.joined(a, s, f)
}

// joined joins this terminal, or these pipes, to a container until it ends or its person leaves.
func (c *cli) joined(a *container.Attachment, s container.State, f attachFlags) (int, error) {
	defer a.Close()
	keys, err := detachKeys(f.keys)
	if err != nil {
		return process.ExitOurs, err
	}
	person := container.Person{Out: os.Stdout, Keys: keys}
	if f.input && s.Interactive {
		person.In = os.Stdin
	}
	signals, release := process.Signals()
	defer release()
	left, restore, err := person.Join(a, s.Terminal)
	if err != nil {
		return process.ExitOurs, err
	}
	defer restore()
	given := make(chan unix.Signal, 1) // that are tutor's own
	go func() {
		asked := 0
		for by := range signals {
			if process.AsksForAnEnd(by) {
				asked++
			}
			if f.proxy && asked < process.Patience {
				a.Signal(by.(unix.Signal))
				continue
			}
			given <- by.(unix.Signal)
			return
		}
	}()
	type end struct {
		status int
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		status, err := a.Wait(c.Out, c.Err)
		ended <- end{status, err}
	}()
	select {
	case e := <-ended:
		if errors.Is(e.err, unix.EPIPE) { // nobody reads any more: it goes on without us, as it would under docker
			return 128 + int(unix.SIGPIPE), nil
		}
		return e.status, e.err
	case <-left:
		restore()
		fmt.Fprintln(c.Err, "read escape sequence")
		return 0, nil
	case by := <-given: // --sig-proxy=false, or it has not ended for the third: the container goes on
		restore()
		if f.proxy {
			fmt.Fprintf(c.Err, "tutor: hint: %s goes on: tutor stop %[1]s ends it\n", s.Name)
		}
		return process.ExitSignal(by), nil
	}
}

// exitStatus is tutor's end when a container has ended.
func exitStatus(status int, err error) error {
	if err != nil {
		return failure{err, max(status, 1)}
	}
	if status != 0 {
		return exit(status)
	}
	return nil
}

// failedStatus is the exit status for a container that did not start.
func failedStatus(err error) int {
	var failed container.Failed
	if errors.As(err, &failed) {
		return failed.Status
	}
	return process.ExitOurs
}

// detachKeys reads "ctrl-p,ctrl-q", "a", "ctrl-@".
func detachKeys(text string) ([]byte, error) {
	var keys []byte
	for _, word := range strings.Split(text, ",") {
		letter, ctrl := strings.CutPrefix(word, "ctrl-")
		switch {
		case word == "":
		case !ctrl && len(word) == 1:
			keys = append(keys, word[0])
		case ctrl && len(letter) == 1 && strings.Contains("@abcdefghijklmnopqrstuvwxyz[\\]^_", strings.ToLower(letter)):
			keys = append(keys, strings.ToUpper(letter)[0]&0x1f)
		default:
			return nil, container.Hint(fmt.Errorf("Unknown character: '%s'", word), "--detach-keys is like ctrl-p,ctrl-q or ctrl-x,x")
		}
	}
	return keys, nil
}
