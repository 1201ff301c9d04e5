//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/process"
)

// runFlags are what `tutor run` takes beside what becomes the spec.
type runFlags struct {
	options   container.Options
	raw       rawFlags
	explain   explainFlags
	step      bool // stop before every entry
	dryRun    bool
	printSpec bool
	detach    bool
	keys      string // that leave a container and let it run
	cidfile   string
	pull      string // always, missing or never
	quiet     bool
	platform  string
	proxy     bool // signals go to the container
}

func newRun(c *cli) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [OPTIONS] IMAGE [COMMAND] [ARG...]",
		Short: "Create and run a new container from an image",
		Long: `Create and run a new container from an image.

With --explain tutor prints every system call that it makes. --explain and --explain-to may also stand after
the image, up to a "--", which ends them: tutor run IMAGE -- prog --explain passes --explain on.
With -d the trace ends when the command runs.`,
		ValidArgsFunction: c.completeRun,
		Example: `  tutor run tutor/lab ps                        the built-in image: no network needed
  tutor run -it python                          a prompt; the image is pulled if it is not here
  tutor run --explain tutor/lab hostname        every system call, and both views of the process
  tutor run --memory 64m tutor/lab eat 1G       killed at 64 MiB: exit code 137
  tutor run --without proc tutor/lab ps         what is /proc good for? leave it out and look
  tutor run --lab 2 sh -c 'echo $$; hostname'   lab 2: namespaces, but still the host's files
  tutor run --dry-run tutor/lab sh              the Program, without running it`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), c, args) },
	}
	cmd.Flags().SetInterspersed(false) // what stands after the image is the command's
	f.define(cmd.Flags())
	refuse(cmd, refusedByRun)
	c.completeNetworkFlag(cmd)
	completeWithout(cmd)
	return cmd
}

func (f *runFlags) run(ctx context.Context, c *cli, args []string) error {
	status, err := f.start(ctx, c, args)
	if err != nil {
		return failure{err, status}
	}
	if status != 0 {
		return exit(status)
	}
	return nil
}

// made is the container that the command line describes: flags → spec → Program. Nothing is written yet.
func (f *runFlags) made(ctx context.Context, c *cli, command string, args []string) (*container.Container, error) {
	if err := f.positional(args); err != nil {
		return nil, err
	}
	if err := f.raw.into(&f.options); err != nil {
		return nil, err
	}
	if err := f.checkImage(); err != nil {
		return nil, err
	}
	if !f.onlyShows() {
		if err := needRoot(command); err != nil {
			return nil, err
		}
	}
	if err := f.raw.share.inherit(c.home(), &f.options); err != nil {
		return nil, err
	}
	img, err := f.image(ctx, c)
	if err != nil {
		return nil, err
	}
	return c.home().New(f.options, img)
}

// start is the life of a container that was just made: kernel → ledger → trace.
func (f *runFlags) start(ctx context.Context, c *cli, args []string) (status int, err error) {
	const ours = process.ExitOurs
	f.options.StdinStays = f.detach && f.options.Interactive
	ctr, err := f.made(ctx, c, "run", args)
	if err != nil {
		return ours, err
	}
	if f.printSpec {
		e := json.NewEncoder(c.Out)
		e.SetIndent("", "  ")
		return 0, e.Encode(ctr.Plan.Spec)
	}
	o := &f.options
	if o.Network == "host" && (len(o.Ports) > 0 || o.PublishAll) {
		fmt.Fprintln(c.Err, "WARNING: Published ports are discarded when using host network mode")
	}
	if err := container.CheckInput(o.Terminal && o.Interactive && !f.detach && !f.dryRun && (o.Lab == 0 || o.Lab > 3), "leave -t out: -i alone passes the input on"); err != nil {
		return ours, err
	}
	if err := f.mayStep(); err != nil {
		return ours, err
	}
	if f.dryRun {
		return 0, f.explain.dryRun(c, slices.Concat(ctr.Before, ctr.Program))
	}
	tracer, err := f.explain.trace(startOf(ctr), c.Err)
	if err != nil {
		return ours, err
	}
	defer tracer.close()
	watch := tracer.watch()
	if f.step {
		s, err := newStepper(tracer)
		if err != nil {
			return ours, err
		}
		defer s.close()
		watch = s.watch()
	}
	if err := f.create(ctr, !f.detach && !f.canBeLeft()); err != nil {
		return ours, err
	}
	if f.detach {
		return f.leave(c, ctr, f.explain.handOver(tracer.sink))
	}
	if f.canBeLeft() {
		return c.startAttached(ctr.State.ID, attachFlags{input: o.Interactive, keys: f.keys, proxy: f.proxy}, nil)
	}
	if o.Lab != 1 { // where it is no PID 1
		asked, stop := c.reminder()
		defer stop()
		watch.Asked = asked
	}
	status, err = f.stay(c, ctr, watch)
	if errors.Is(err, errAborted) { // it was never meant to be
		err = errors.Join(err, c.home().Remove(ctr.State.ID, true))
	}
	return status, err
}

func (f *runFlags) onlyShows() bool { return f.dryRun || f.printSpec }

// positional takes IMAGE and COMMAND; below lab 4 there is no image.
func (f *runFlags) positional(args []string) error {
	o := &f.options
	bare := o.Lab > 0 && o.Lab < 4
	if o.Lab < 0 || o.Lab > 7 {
		return fmt.Errorf("--lab %d: there are labs 1 to 7", o.Lab)
	}
	if len(args) == 0 && bare {
		return container.Hint(fmt.Errorf("run --lab %d needs a command", o.Lab), "labs 1 to 3 know no images yet: tutor run --lab 2 sh")
	}
	if len(args) == 0 {
		return container.Hint(errors.New("run needs an image"), "tutor run tutor/lab is built in; tutor run --help has more")
	}
	if !bare {
		o.Image, args = args[0], args[1:]
	}
	command, err := f.explain.takeFrom(args)
	if bare && len(command) == 0 && err == nil {
		err = fmt.Errorf("run --lab %d needs a command", o.Lab)
	}
	o.Command = command
	return err
}
