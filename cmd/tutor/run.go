package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs/toolbox"
	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/process"
)

// runFlags are what `tutor run` takes beside what becomes the spec.
type runFlags struct {
	options   container.Options
	raw       rawFlags
	explain   explainFlags
	dryRun    bool
	printSpec bool
}

func newRun(c *cli) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [OPTIONS] IMAGE [COMMAND] [ARG...]",
		Short: "Create and run a new container from an image",
		Long: `Create and run a new container from an image.

With --explain tutor prints every system call that it makes. --explain and --explain-to may also stand after
the image, up to a "--", which ends them: tutor run IMAGE -- prog --explain passes --explain on.`,
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
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return failure{container.Hint(err, "tutor run --help"), process.ExitOurs}
	})
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

// start is the whole life of a container in the foreground: flags → spec → Program → kernel → ledger → trace.
func (f *runFlags) start(ctx context.Context, c *cli, args []string) (status int, err error) {
	const ours = process.ExitOurs
	if args, err = f.positional(args); err != nil {
		return ours, err
	}
	if err := f.raw.into(&f.options); err != nil {
		return ours, err
	}
	if !f.onlyShows() {
		if err := needRoot("run"); err != nil {
			return ours, err
		}
	}
	img, err := f.image(ctx, c)
	if err != nil {
		return ours, err
	}
	ctr, err := c.home().New(f.options, img)
	if err != nil {
		return ours, err
	}
	if f.printSpec {
		e := json.NewEncoder(c.Out)
		e.SetIndent("", "  ")
		return 0, e.Encode(ctr.Plan.Spec)
	}
	tracer, err := f.explain.open(ctr, c.Err)
	if err != nil {
		return ours, err
	}
	defer tracer.close()
	if f.dryRun {
		return 0, tracer.dryRun(c.Out)
	}
	return ctr.Run(tracer.watch())
}

func (f *runFlags) onlyShows() bool { return f.dryRun || f.printSpec }

// positional takes IMAGE and COMMAND; below lab 4 there is no image.
func (f *runFlags) positional(args []string) ([]string, error) {
	o := &f.options
	bare := o.Lab > 0 && o.Lab < 4
	if o.Lab < 0 || o.Lab > 7 {
		return nil, fmt.Errorf("--lab %d: there are labs 1 to 7", o.Lab)
	}
	if len(args) == 0 && bare {
		return nil, container.Hint(fmt.Errorf("run --lab %d needs a command", o.Lab), "labs 1 to 3 know no images yet: tutor run --lab 2 sh")
	}
	if len(args) == 0 {
		return nil, container.Hint(errors.New("run needs an image"), "tutor run tutor/lab is built in; tutor run --help has more")
	}
	if !bare {
		o.Image, args = args[0], args[1:]
	}
	command, err := f.explain.takeFrom(args)
	if bare && len(command) == 0 && err == nil {
		err = fmt.Errorf("run --lab %d needs a command", o.Lab)
	}
	o.Command = command
	return args, err
}

// image finds the image, pulls it if it is not here, and unpacks its layers.
func (f *runFlags) image(ctx context.Context, c *cli) (container.Image, error) {
	none := container.Image{}
	if f.options.Lab > 0 && f.options.Lab < 4 {
		return none, nil
	}
	store, err := c.Store()
	if err != nil {
		return none, err
	}
	img, err := f.find(ctx, c, store)
	if err != nil {
		return none, err
	}
	stack, err := c.home().Unpack(ctx, store, img)
	if err != nil {
		return none, err
	}
	found := container.Image{Config: img.Config.Config, Layers: stack}
	if f.options.Init {
		found.Toolbox, err = c.toolbox(ctx, store)
	}
	return found, err
}

func (f *runFlags) find(ctx context.Context, c *cli, store *image.Store) (image.Image, error) {
	if builtIn(f.options.Image) {
		return toolbox.Ensure(store)
	}
	img, err := store.Find(f.options.Image)
	if !errors.Is(err, image.ErrNotFound) {
		return img, err
	}
	ref, parseErr := image.Parse(f.options.Image)
	if parseErr != nil {
		return img, parseErr
	}
	fmt.Fprintf(c.Err, "Unable to find image '%s' locally\n", ref.Familiar())
	if f.onlyShows() {
		return img, container.Hint(err, "--dry-run and --print-spec pull nothing: tutor pull "+ref.Familiar())
	}
	quiet := *c
	quiet.Out = c.Err // standard output belongs to the command
	return quiet.pull(ctx, ref, false, "")
}

// builtIn tells if the name is that of the image that is made of this program.
func builtIn(name string) bool {
	ref, err := image.Parse(name)
	return err == nil && ref.Digest == "" && ref.String() == "docker.io/"+toolbox.Image+":latest"
}

// toolbox is the path of the unpacked copy of this program, for --init.
func (c *cli) toolbox(ctx context.Context, store *image.Store) (string, error) {
	img, err := toolbox.Ensure(store)
	if err != nil {
		return "", err
	}
	stack, err := c.home().Unpack(ctx, store, img)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(stack[0], "/") + "/bin/toolbox", nil
}
