package labs

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// perform runs the step and shows what came of it.
func (s *Session) perform(step Step) error {
	s.built = -1
	over := s.wait()
	d, err := s.stoppable(step)
	over()
	s.keys.unpress() // keys of somebody who could not wait answer no question that he has not read
	if errors.Is(err, ErrStopped) {
		s.print(s.page().outcomes(d.outcomes) + "Stopped. r runs the step again, from a clean start.\n")
		delete(s.done, s.at)
		return nil
	}
	if err != nil {
		return err
	}
	s.built = s.at + 1
	s.done[s.at] = d
	return s.read(s.after(step, d, s.guessed))
}

// wait says, where a step takes longer than a moment, that it runs: what its commands print is shown when it is judged. over
// takes the words away. While the person goes through a container's start entry by entry the terminal is not ours.
func (s *Session) wait() (over func()) {
	if s.Stepping || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-ended:
		case <-time.After(time.Second):
			s.print(s.Ink.quiet("It runs. Ctrl-C stops it."))
			<-ended
			s.print("\r\x1b[K")
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}

// rebuild makes the room what it is when the steps before this one have run; false: the person has stopped it.
func (s *Session) rebuild() bool {
	if err := s.Room.Restore(); err != nil {
		s.print(s.Ink.bad(err.Error()) + "\n")
		return false
	}
	explain, stepping := s.Explain, s.Stepping
	s.Explain, s.Stepping = false, false
	defer func() { s.Explain, s.Stepping = explain, stepping }()
	if s.at > 0 {
		s.print("The steps before this one run again, so that all is as it was: ")
	}
	s.built = 0
	for n, step := range s.Lesson.Steps[:s.at] {
		if len(step.Commands) > 0 && step.skipped() == "" {
			if _, err := s.stoppable(step); err != nil {
				s.built = -1
				s.print(" " + err.Error() + "\n")
				return false
			}
			s.print(".")
		}
		s.built = n + 1
	}
	s.print("\n")
	return true
}

// stoppable runs a step's commands until they end, or until Ctrl-C. A second Ctrl-C is the person leaving.
func (s *Session) stoppable(step Step) (deed, error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended, gone := make(chan struct{}), make(chan bool, 1)
	go func() {
		leaves := false
		for stops := 0; ; {
			select {
			case sig := <-s.keys.signals:
				if sig == unix.SIGINT {
					stops++
				}
				leaves = leaves || stops > 1 || sig == unix.SIGTERM || sig == unix.SIGHUP || sig == unix.SIGQUIT
				if sig == unix.SIGINT || leaves {
					cancel()
				}
				if sig == unix.SIGCONT {
					s.keys.take() // the shell in which we were stopped has had the terminal
				}
			case <-ended:
				gone <- leaves
				return
			}
		}
	}()
	d, err := s.run(ctx, step)
	if errors.Is(err, ErrStopped) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // Ctrl-C has ended the shell, and is still on its way to us: the next question is not to get it
		}
	}
	if ctx.Err() != nil && err == nil {
		err = ErrStopped
	}
	close(ended)
	cancel()
	if <-gone {
		err = errLeft
	}
	return d, err
}
