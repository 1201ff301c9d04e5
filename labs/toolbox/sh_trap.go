package toolbox

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

// trap sets what a signal does: run a text, nothing (”), or what it did before (-). EXIT and ERR are the
// interpreter's own.
func (s *shell) trap(ctx context.Context, hc interp.HandlerContext, args []string) error {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		for sig, text := range s.traps {
			fmt.Fprintf(hc.Stdout, "trap -- %s %s\n", quote(text), signalName(sig))
		}
		return hc.Builtin(ctx, []string{"trap"})
	}
	text, names := args[0], args[1:]
	if _, err := strconv.Atoi(text); len(names) == 0 || err == nil {
		text, names = "-", args
	}
	for _, name := range names {
		if name == "EXIT" || name == "0" || name == "ERR" {
			own := []string{"trap", "--", rewriteText(text), strings.Replace(name, "0", "EXIT", 1)}
			if text == "-" {
				own = []string{"trap", own[3]}
			}
			if err := hc.Builtin(ctx, own); err != nil {
				return err
			}
			continue
		}
		sig, ok := signalNumber(name)
		if !ok {
			fmt.Fprintf(hc.Stderr, "sh: trap: %s: bad trap\n", name)
			return exitStatus(1)
		}
		s.setTrap(sig, text)
	}
	return nil
}

func (s *shell) setTrap(sig unix.Signal, text string) {
	delete(s.traps, sig)
	switch text {
	case "-":
		signal.Reset(sig)
		if os.Getpid() == 1 {
			shrugOff()
		}
		if s.interactive {
			s.hearCtrlC()
		}
	case "":
		signal.Ignore(sig) // children inherit that
	default:
		s.traps[sig] = text
		signal.Notify(s.caught, sig)
	}
}

func (s *shell) trapText(sig os.Signal) string {
	return rewriteText(s.traps[sig.(unix.Signal)])
}

// afterTraps runs the traps of signals that came while a child ran, and returns the child's exit code, unless a
// trap ended the shell.
func (s *shell) afterTraps(ctx context.Context, hc interp.HandlerContext, code int) error {
	for {
		select {
		case sig := <-s.caught:
			if err := hc.Builtin(ctx, []string{"eval", s.trapText(sig)}); err != nil {
				if _, plain := err.(interp.ExitStatus); !plain {
					return err
				}
			}
		default:
			return exitStatus(code)
		}
	}
}
