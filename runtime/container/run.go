package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/terminal"
)

// A Container is one that is about to run: its options, and all that follows from them and from this host.
type Container struct {
	State   State
	Options Options
	Plan    Plan
	Program program.Program
	home    Home
	claim   *Claim
	live    Live
}

// An Image is what a container needs of its image: the config, and the unpacked layers, topmost first, as
// directories below the home's layers directory.
type Image struct {
	Config  v1.Config
	Layers  layers.Stack
	Toolbox string // for --init: the program that is PID 1 then, on the host
}

// New makes the Program of a container; nothing is written, and nothing runs.
func (h Home) New(o Options, image Image) (*Container, error) {
	id := NewID()
	spec, err := o.Spec(id, image.Config, readHost(), func(path string) ([]byte, error) {
		return image.Layers.ReadFile(path, passwdLimit)
	})
	if err != nil {
		return nil, err
	}
	c := &Container{Options: o, home: h, State: State{ID: id, Name: o.Name, Image: o.Image, Command: spec.Process.Args,
		Created: time.Now(), Status: "created", Remove: o.Remove || o.bare(), Labels: o.Labels}}
	if c.Plan, err = c.plan(spec, image); err != nil {
		return nil, err
	}
	c.State.Layers = c.Plan.Root.Layers
	c.Program, err = c.Plan.Program()
	return c, err
}

// passwdLimit is how much of an image's /etc/passwd is read: more than any system has.
const passwdLimit = 10 << 20

// A Watch is told what happens to a container, as it happens. Any field may be nil.
type Watch struct {
	Stops   func(op int) bool // before this Op everything stands still, for Pause
	Pause   func(r *process.Running, op int) error
	Started func(r *process.Running)             // the command runs
	Ended   func(r *process.Running, status int) // it has ended, and what the host's hand did is undone
	Failed  func(r *process.Running)             // it never came to run
}

// Run starts the container and waits for its end. The status is the exit code that tutor shall end with,
// whether or not there is an error to report as well.
func (c *Container) Run(w Watch) (status int, err error) {
	signals, release := process.Signals()
	defer release()
	if c.claim, err = c.home.Claim(c.State); err != nil {
		return process.ExitOurs, err
	}
	defer func() { err = errors.Join(err, c.finish(status)) }()
	if err := c.prepare(); err != nil {
		return process.ExitOurs, err
	}
	var running *process.Running
	running, err = process.Start(c.Program, process.Hooks{
		Born:  c.born,
		Stops: w.Stops,
		Pause: func(r *process.Running, op int) error { return w.Pause(r, op) },
	})
	if err != nil {
		if running != nil && w.Failed != nil {
			w.Failed(running)
		}
		return process.ExitCode(err), err
	}
	defer running.Close()
	c.State.Started = time.Now()
	c.live.Started = c.State.Started
	kept := errors.Join(c.claim.note(c.live), c.keepSpec())
	if kept != nil {
		unix.Kill(running.PID, unix.SIGKILL) // nobody could look after it
	}
	if w.Started != nil {
		w.Started(running)
	}
	restore, err := c.connect(running)
	if err != nil {
		unix.Kill(running.PID, unix.SIGKILL)
	}
	status, waitErr := running.Wait(signals)
	for _, dir := range c.Plan.Group.Dirs() {
		killGroup(dir) // without a PID namespace PID 1's end is not everybody's
	}
	restore()
	if kept != nil {
		status = process.ExitOurs
	}
	undoErr := c.undo(running)
	if w.Ended != nil {
		w.Ended(running, status)
	}
	return status, errors.Join(kept, err, waitErr, undoErr)
}

// undo lets the group's last processes go, then undoes what the host's hand did.
func (c *Container) undo(running *process.Running) error {
	deadline := time.Now().Add(5 * time.Second)
	for _, dir := range c.Plan.Group.Dirs() {
		for populated(dir) && time.Now().Before(deadline) {
			killGroup(dir)
			time.Sleep(time.Millisecond)
		}
	}
	return running.Undo()
}

// populated tells if a process is left in the group.
func populated(dir string) bool {
	procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	return err == nil && len(procs) > 0
}

// connect joins the container's terminal with tutor's, with -t; restore is never nil.
func (c *Container) connect(running *process.Running) (restore func(), err error) {
	fd, there := running.Answer(c.Plan.Terminal.Master)
	if !there {
		return func() {}, nil
	}
	var in *os.File
	if c.Options.Interactive {
		in = os.Stdin
	}
	restore, err = terminal.Connect(os.NewFile(uintptr(fd), "master"), in, os.Stdout)
	if err != nil {
		return func() {}, err
	}
	return restore, nil
}

// born notes the PID before the child does anything, so that whoever clears after us finds it.
func (c *Container) born(pid int) error {
	c.live = Live{PID: pid, Born: born(pid)}
	return c.claim.note(c.live)
}

// finish keeps the stopped container, or with --rm removes it; one that never ran is always removed.
func (c *Container) finish(status int) error {
	if c.State.Remove || c.State.Started.IsZero() {
		err := os.RemoveAll(c.home.Dir(c.State.ID))
		c.claim.release()
		return err
	}
	c.State.Status, c.State.ExitCode, c.State.Finished = "exited", status, time.Now()
	err := c.home.save(c.State)
	c.claim.release()
	return err
}

// prepare writes what the Program's paths point to.
func (c *Container) prepare() error {
	dir := c.home.Dir(c.State.ID)
	if c.Options.bare() {
		return nil
	}
	for _, d := range []string{"upper", "work", "rootfs"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	for _, f := range c.files() {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// keepSpec writes config.json, for whoever wants to know later what has run. Nothing waits for it.
func (c *Container) keepSpec() error {
	return writeJSON(filepath.Join(c.home.Dir(c.State.ID), "config.json"), c.Plan.Spec)
}

// plan gathers what the Program depends on beside the spec.
func (c *Container) plan(spec *specs.Spec, image Image) (Plan, error) {
	o, id := c.Options, c.State.ID
	layout := HostLayout()
	p := Plan{
		Spec:        spec,
		Group:       cgroupsGroup(layout, id, o),
		Mems:        readTrimmed(filepath.Join(layout.V1["cpuset"], "cpuset.mems")),
		Terminal:    terminal.NewPair(o.Terminal, terminal.SizeOf(os.Stdout)),
		Interactive: o.Interactive,
		Shared:      sharedRoot(),
		Lab:         o.Lab,
		Without:     o.Without,
		Root: layers.Root{
			Base:   filepath.Join(c.home.Root, "layers"),
			Upper:  filepath.Join("..", "containers", id, "upper"),
			Work:   filepath.Join("..", "containers", id, "work"),
			Target: filepath.Join("..", "containers", id, "rootfs"),
		},
	}
	for _, dir := range image.Layers {
		p.Root.Layers = append(p.Root.Layers, filepath.Base(dir))
	}
	if err := c.binds(&p, image); err != nil {
		return p, err
	}
	if o.Terminal && o.Interactive && !terminal.Is(os.Stdin) && !o.bare() {
		return p, Hint(fmt.Errorf("the input device is not a TTY"), "leave -t out: -i alone passes the input on")
	}
	return p, nil
}
