package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/terminal"
)

// ExecOptions are what `tutor exec` was told; the container fills in what they leave open.
type ExecOptions struct {
	Command     []string
	Env         []string // KEY=VALUE
	User        string   // name|uid[:group|gid]
	Workdir     string
	Interactive bool
	Terminal    bool
	Detach      bool
	Keys        []byte // that leave the command and let it run, with a terminal
	Without     []string
}

// An Exec is one more command that is about to run in a container that runs.
type Exec struct {
	State   State
	Options ExecOptions
	Plan    ExecPlan
	Program program.Program
	home    Home
	inside  int
}

// NewExec makes the Program of a command in a running container; nothing runs yet.
func (h Home) NewExec(s State, o ExecOptions) (*Exec, error) {
	if o.Detach {
		o.Interactive, o.Terminal = false, false // nobody would hold the other ends
	}
	live, err := h.entrance(s)
	if err != nil {
		return nil, err
	}
	spec, err := h.spec(s.ID)
	if err != nil {
		return nil, err
	}
	own, root, err := h.look(s, live)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)
	e := &Exec{State: s, Options: o, home: h}
	e.Plan = ExecPlan{PID: live.PID, Own: own, Group: existingGroup(s.ID), Seccomp: spec.Linux.Seccomp, Interactive: o.Interactive, Pipes: process.NewPipes(),
		Terminal: terminal.NewPair(o.Terminal, terminal.SizeOf(os.Stdout)), Without: o.Without}
	r, err := h.recipe(s.ID)
	if err != nil {
		return nil, err
	}
	if e.Plan.Process, err = o.process(s, spec, usersBelow(root), r.Options.GroupAdd); err != nil {
		return nil, err
	}
	if err := CheckInput(o.Terminal && o.Interactive, "leave -t out: -i alone passes the input on"); err != nil {
		return nil, err
	}
	e.Program, err = e.Plan.Program()
	return e, err
}

// entrance is the container's first process, once its command runs: before that the container is half built, and
// who entered it would stand on the host. One that is just starting is waited for.
func (h Home) entrance(s State) (Live, error) {
	live, err := h.started(s)
	if err != nil {
		return live, err
	}
	if f, err := freezerOf(HostLayout(), s.ID); err == nil && f.frozen() {
		return live, Hint(fmt.Errorf("container %s %w, unpause the container before exec", s.ID, ErrPaused), "a commit pauses it too, for a moment")
	}
	return live, nil
}

// ErrPaused says that nothing can run in the container now.
var ErrPaused = errors.New("is paused")

// started waits until a container that has been born runs its command: before that it has not all of its namespaces.
func (h Home) started(s State) (Live, error) {
	live, runs := h.alive(s.ID)
	for deadline := time.Now().Add(startingTime); runs && live.Started.IsZero() && time.Now().Before(deadline); {
		pause(context.Background())
		live, runs = h.alive(s.ID)
	}
	if !runs || live.Started.IsZero() {
		return live, notRunning(s)
	}
	return live, nil
}

// startingTime is how long a container may take from its birth to its command.
const startingTime = 2 * time.Second

func notRunning(s State) error {
	return Hint(restsError(s.ID), "only a container that runs can be entered")
}

// same tells if the process that was found is still there: then its PID has not been another's in between.
func (h Home) same(s State, found Live) error {
	if live, runs := h.alive(s.ID); !runs || live.PID != found.PID || live.Born != found.Born {
		return notRunning(s)
	}
	return nil
}

// process is the command as OCI describes one: the container's own, where nothing else was asked for.
func (o ExecOptions) process(s State, spec *specs.Spec, users Users, groups []string) (*specs.Process, error) {
	p := *spec.Process
	p.Args, p.Terminal = o.Command, o.Terminal
	if o.Workdir != "" {
		p.Cwd = path.Clean("/" + o.Workdir)
	}
	if bare := spec.Root == nil || spec.Root.Path == "/"; bare { // labs 1 to 3 know no image, and no users
		p.Env = merge(p.Env, o.Env)
		return &p, nil
	}
	user, home, err := users.with(cmp.Or(o.User, s.Config.User), groups)
	if err != nil {
		return nil, err
	}
	p.User = user
	p.Env = Options{Terminal: o.Terminal, Env: o.Env}.env(s.Config.Env, spec.Hostname, home)
	return &p, nil
}

// Run starts the command and, unless it is detached, waits for its end. The status is the exit code that tutor shall
// end with, whether or not there is an error to report as well.
func (e *Exec) Run(w Watch) (status int, err error) {
	signals, release := process.Signals()
	defer release()
	streams, err := e.open()
	if err != nil {
		return process.ExitOurs, err
	}
	running, err := e.start(w)
	streams.given()
	if running != nil {
		defer running.Close()
	}
	if err != nil {
		if running != nil && w.Failed != nil {
			w.Failed(running)
		}
		return process.ExitCode(err), e.reason(err)
	}
	if err := notTutor(running.PID); err != nil {
		unix.Kill(running.PID, unix.SIGKILL)
		_, waitErr := running.Wait(nil)
		if w.Failed != nil {
			w.Failed(running)
		}
		return process.ExitOurs, errors.Join(err, waitErr, running.Undo())
	}
	if w.Started != nil {
		w.Started(running)
	}
	if e.Options.Detach {
		return 0, nil
	}
	session, err := e.connect(running, streams)
	if err != nil {
		unix.Kill(running.PID, unix.SIGKILL)
	}
	var waitErr error
	ended := make(chan struct{})
	go func() {
		status, waitErr = running.Wait(signals)
		close(ended)
	}()
	select {
	case <-session.left:
		if err := session.leave(); err != nil {
			return process.ExitOurs, err
		}
		return 1, ErrLeft
	case <-ended:
	}
	session.restore()
	undoErr := running.Undo()
	if w.Ended != nil {
		w.Ended(running, status)
	}
	return status, errors.Join(err, waitErr, undoErr)
}

// start carries out the Program; the Running is good for its Results also when there is an error.
func (e *Exec) start(w Watch) (running *process.Running, err error) {
	err = e.home.whole(e.State, unix.ESRCH, func() error {
		if running != nil {
			running.Close()
		}
		running, err = process.Start(e.Program, process.Hooks{
			Born:  e.born,
			Stops: w.Stops,
			Pause: func(r *process.Running, op int) error { return w.Pause(r, op) },
		})
		return err
	})
	return running, err
}

// born runs between the child's birth and its first call. The descriptor of the container's first process was opened
// before that: if the process is still the one that was meant, so is the descriptor.
func (e *Exec) born(pid int) error {
	e.inside = insidePID(pid)
	live, runs := e.home.alive(e.State.ID)
	if !runs || live.PID != e.Plan.PID {
		return notRunning(e.State)
	}
	return nil
}

// Inside is the command's PID as the container sees it; 0 before its birth.
func (e *Exec) Inside() int { return e.inside }

// reason says that the container has ended, where that is why the command did not come to run.
func (e *Exec) reason(err error) error {
	if failedAtExec(err) {
		return err
	}
	var call *process.Error
	for deadline := time.Now().Add(changing); ; time.Sleep(time.Millisecond) {
		if _, runs := e.home.alive(e.State.ID); !runs {
			return notRunning(e.State)
		}
		// Was it killed? When a first process ends the kernel first kills all others in there, and then lets it go; who wants to
		// be born in there meanwhile is told ENOMEM (pid_namespaces(7)).
		if errors.As(err, &call) && !errors.Is(err, unix.ENOMEM) || time.Now().After(deadline) {
			return err
		}
	}
}

// failedAtExec tells if all was well but the command itself.
func failedAtExec(err error) bool {
	var failed *process.Error
	return errors.As(err, &failed) && failed.Result.Call.Number == unix.SYS_EXECVE
}
