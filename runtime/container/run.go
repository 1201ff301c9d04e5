package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
	"tutor/runtime/networks"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// A Container is one that is about to run: its options, and all that follows from them and from this host.
type Container struct {
	State   State
	Options Options
	Plan    Plan
	Program program.Program
	Before  program.Program // what its networks lack, until it starts
	image   Image
	home    Home
	claim   *Claim
	turn    *os.File // nobody else has its files mounted, or changes what it is to be: see mounted
	live    Live
	leases  []networks.Lease // where it is plugged in
	shared  State            // whose network it uses; no ID: nobody's
	beside  Live             // that container's process
	hub     *hub
	missing error // the source of a bind is not there: it cannot start, and can still be looked at
}

// An Image is what a container needs of its image: the config, and the unpacked layers, topmost first, as
// directories below the home's layers directory.
type Image struct {
	ID      string // "sha256:…", the digest of the config
	Config  v1.Config
	Layers  layers.Stack
	Toolbox string // for --init: the program that is PID 1 then, on the host
}

// New makes the Program of a container that is to be; nothing is written, and nothing runs.
func (h Home) New(o Options, image Image) (*Container, error) {
	if err := o.checkNetworks(); err != nil {
		return nil, err
	}
	config := o.Config(image.Config)
	c, err := h.make(State{ID: NewID(), Name: o.Name, Image: o.Image, ImageID: image.ID, Created: time.Now(), Status: "created",
		Remove: o.Remove || o.bare(), Labels: config.Labels, StopTimeout: o.StopTimeout, Network: o.Network, Networks: o.networkNames(),
		Terminal: o.Terminal, Interactive: o.Interactive, Config: config}, o, image)
	if err == nil {
		err = c.missing
	}
	if err == nil {
		err = c.join(context.Background(), false, nil)
	}
	if err == nil {
		c.State.Networks = c.Options.networkNames()
	}
	return c, err
}

func (h Home) make(state State, o Options, image Image) (*Container, error) {
	o, err := o.withVolumes(image)
	if err != nil {
		return nil, err
	}
	spec, err := h.bound(o).Spec(state.ID, image.Config, readHost(), func(path string) ([]byte, error) {
		return image.Layers.ReadFile(path, passwdLimit)
	})
	if err != nil {
		return nil, err
	}
	if err := ownPlaces(image.Layers); err != nil {
		return nil, err
	}
	state.Command, state.Volumes = spec.Process.Args, o.Volumes
	c := &Container{Options: o, home: h, State: state, image: image, hub: newHub()}
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
	Made    Made              // networks were made ready, or taken away
	Stops   func(op int) bool // before this Op everything stands still, for Pause
	Pause   func(r *process.Running, op int) error
	Started func(r *process.Running)             // the command runs
	Asked   func(by os.Signal, times int)        // somebody wants it to end; the third time it is killed
	Ended   func(r *process.Running, status int) // it has ended, and what the host's hand did is undone
	Failed  func(r *process.Running)             // it never came to run
}

// Run starts a container that exists, and that this process has the claim of, and looks after it to its end. The status is the exit code
// that it ended with, whether or not there is an error to report as well.
func (c *Container) Run(w Watch) (status int, err error) {
	signals, release := process.Signals()
	defer release()
	defer c.hub.tell() // also where nothing has started
	c.State.Started, c.State.OOMKilled = time.Time{}, false
	defer func() {
		c.hub.shut()
		err = errors.Join(err, c.finish(status, err, w.Made))
		c.hub.lastWords(signals) // whoever reads slowly keeps nobody from removing it
		if !c.State.Started.IsZero() {
			c.hub.farewell(status)
		}
	}()
	running, err := c.start(w)
	if running != nil {
		defer running.Close()
	}
	if err == nil {
		return c.attended(running, w, signals)
	}
	if running != nil && w.Failed != nil {
		w.Failed(running)
	}
	return process.ExitCode(err), err
}

// start carries out the Program, with all that it stands on; the Running is good for its Results also when there is an error.
func (c *Container) start(w Watch) (*process.Running, error) {
	if c.turn == nil {
		turn, err := c.home.turn(context.Background(), c.State.ID)
		if err != nil {
			return nil, err
		}
		c.turn = turn
	}
	defer c.turn.Close()
	if dirs := groupDirs(c.State.ID); len(dirs) > 0 {
		return nil, Hint(fmt.Errorf("a process of its last life does not end: %s is still there", dirs[0]),
			"who waits for a disk hears no kill (state D in ps): try again later, or run a new container")
	}
	if err := c.join(context.Background(), true, w.Made); err != nil {
		return nil, err
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	ends, err := c.streams()
	if err != nil {
		return nil, err
	}
	defer ends.close()
	return process.Start(c.Program, process.Hooks{
		Born:  c.born,
		Stops: w.Stops,
		Pause: func(r *process.Running, op int) error { return w.Pause(r, op) },
	})
}

// attended is the life of a container whose command runs, to its end.
func (c *Container) attended(running *process.Running, w Watch, signals <-chan os.Signal) (status int, err error) {
	kept := c.kept(running.PID)
	c.flow(running)
	defer c.attend(running)()
	if kept != nil {
		c.State.Started = time.Time{}
		unix.Kill(running.PID, unix.SIGKILL) // nobody could look after it
	} else {
		if w.Started != nil {
			w.Started(running)
		}
		c.hub.started() // last: who hears it goes his way
	}
	c.hub.tell()
	running.Asked = w.Asked
	status, waitErr := running.Wait(signals)
	c.State.OOMKilled = c.oomKilled()
	for _, dir := range c.Plan.Group.Dirs() {
		killGroup(dir) // without a PID namespace PID 1's end is not everybody's
	}
	c.ebb()
	undoErr := c.undo(running)
	if kept != nil {
		if w.Failed != nil {
			w.Failed(running)
		}
		return process.ExitOurs, errors.Join(kept, undoErr)
	}
	if w.Ended != nil {
		w.Ended(running, status)
	}
	return status, errors.Join(waitErr, undoErr)
}

// kept notes that the container runs, if it may.
func (c *Container) kept(pid int) error {
	c.State.Started = time.Now()
	c.live.Started = c.State.Started
	if !c.Options.bare() {
		if err := notTutor(pid); err != nil {
			return err
		}
	}
	return c.claim.note(c.live)
}

// undo lets the group's last processes go, then undoes what the host's hand did.
func (c *Container) undo(running *process.Running) error {
	deadline := time.Now().Add(dying)
	for _, dir := range c.Plan.Group.Dirs() {
		for populated(dir) && time.Now().Before(deadline) {
			killGroup(dir)
			time.Sleep(time.Millisecond)
		}
	}
	return errors.Join(running.Undo(), removeGroups(c.State.ID, dying)) // those that an update has made
}

// populated tells if a process is left in the group.
func populated(dir string) bool {
	procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	return err == nil && len(procs) > 0
}

// born notes the PID before the child does anything, so that whoever clears after us finds it.
func (c *Container) born(pid int) error {
	c.live.PID, c.live.Born, c.live.Monitor = pid, born(pid), os.Getpid()
	if err := c.claim.note(c.live); err != nil || c.shared.ID == "" {
		return err
	}
	return c.home.same(c.shared, c.beside)
}
