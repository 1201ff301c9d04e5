//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/image"
	"tutor/runtime/process"
)

// A caught is the signal that ended a context.
type caught unix.Signal

func (s caught) Error() string { return unix.Signal(s).String() }

// status is a shell's for a command that was ended by the signal.
func (s caught) status() int { return 128 + int(s) }

// interruptible is a context that Ctrl-C ends, or kill. What does not hear the first is killed by the second.
func interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	go func() {
		if s, is := (<-signals).(unix.Signal); is {
			signal.Stop(signals)
			cancel(caught(s))
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// interrupted says it in one word when it was a signal that ended a command, unless that has said so itself, and how to go on. An error
// of its own, or a status, stays.
func interrupted(ctx context.Context, command string, err error) error {
	var by caught
	if err == nil || !errors.As(context.Cause(ctx), &by) || errors.As(err, new(exit)) {
		return err
	}
	own := (*image.Error)(nil)
	said, canceled := errors.As(err, &own) && own.Msg == "interrupted", errors.Is(err, context.Canceled)
	if !said && !canceled && errors.As(err, new(failure)) {
		return err
	}
	if !said && canceled {
		err = fmt.Errorf("%s: interrupted", command)
	}
	return failure{err, by.status()}
}

// lookedOn is the end of a command that only looks on: to stop it is no failure, and nothing to speak of.
func lookedOn(ctx context.Context, err error) error {
	var by caught
	if errors.As(context.Cause(ctx), &by) {
		return exit(by.status())
	}
	return err
}

// reminder tells a person who has pressed Ctrl-C in vain why, if the command has not ended a moment later.
func (c *cli) reminder() (asked func(by os.Signal, times int), stop func()) {
	var reminded atomic.Pointer[time.Timer]
	asked = func(by os.Signal, times int) {
		if by == os.Interrupt && times == process.Patience-1 {
			reminded.Store(time.AfterFunc(500*time.Millisecond, func() {
				fmt.Fprintln(c.Err, "tutor: hint: PID 1 of a container hears only the signals that it handles (--init is the cure); Ctrl-C once more kills it")
			}))
		}
	}
	return asked, func() {
		if timer := reminded.Load(); timer != nil {
			timer.Stop()
		}
	}
}
