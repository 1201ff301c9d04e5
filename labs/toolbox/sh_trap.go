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

// umask shows or sets the bits that new files do not get.
func (s *shell) umask(_ context.Context, hc interp.HandlerContext, args []string) error {
	if len(args) == 1 {
		mask := unix.Umask(0)
		unix.Umask(mask)
		fmt.Fprintf(hc.Stdout, "%04o\n", mask)
		return nil
	}
	mask, err := strconv.ParseUint(args[1], 8, 12)
	if err != nil {
		fmt.Fprintf(hc.Stderr, "sh: umask: %s: not an octal number\n", args[1])
		return exitStatus(2)
	}
	unix.Umask(int(mask))
	return nil
}

// limits are what ulimit can show and set, with the unit of each.
var limits = []struct {
	flag     byte
	resource int
	unit     uint64
	what     string
}{
	{'c', unix.RLIMIT_CORE, 512, "core file size (blocks)"},
	{'d', unix.RLIMIT_DATA, 1024, "data seg size (kB)"},
	{'f', unix.RLIMIT_FSIZE, 512, "file size (blocks)"},
	{'l', unix.RLIMIT_MEMLOCK, 1024, "locked memory (kB)"},
	{'n', unix.RLIMIT_NOFILE, 1, "open files"},
	{'s', unix.RLIMIT_STACK, 1024, "stack size (kB)"},
	{'t', unix.RLIMIT_CPU, 1, "cpu time (seconds)"},
	{'u', unix.RLIMIT_NPROC, 1, "processes"},
	{'v', unix.RLIMIT_AS, 1024, "virtual memory (kB)"},
}

func (s *shell) ulimit(_ context.Context, hc interp.HandlerContext, args []string) error {
	o, err := parse("HSacdflnstuv", args[1:])
	if err != nil {
		fmt.Fprintf(hc.Stderr, "sh: ulimit: %v\n", err)
		return exitStatus(2)
	}
	for _, l := range limits {
		if !o.has("a"+string(l.flag)) && !(l.flag == 'f' && len(o.given) == 0) {
			continue
		}
		var have unix.Rlimit
		unix.Getrlimit(l.resource, &have)
		if len(o.rest) == 0 {
			value := have.Cur
			if o.has("H") {
				value = have.Max
			}
			fmt.Fprintln(hc.Stdout, strings.TrimSpace(strings.Repeat(fmt.Sprintf("%-26s", l.what), boolInt(o.has("a")))+limitText(value, l.unit)))
			continue
		}
		value := uint64(unix.RLIM_INFINITY)
		if o.rest[0] != "unlimited" {
			n, err := strconv.ParseUint(o.rest[0], 10, 64)
			if err != nil {
				fmt.Fprintf(hc.Stderr, "sh: ulimit: %s: not a number\n", o.rest[0])
				return exitStatus(2)
			}
			value = n * l.unit
		}
		if !o.has("H") || o.has("S") {
			have.Cur = value
		}
		if !o.has("S") {
			have.Max = value
		}
		if err := unix.Setrlimit(l.resource, &have); err != nil {
			fmt.Fprintf(hc.Stderr, "sh: ulimit: %s\n", reason(err))
			return exitStatus(1)
		}
		return nil
	}
	return nil
}

func limitText(value, unit uint64) string {
	if value == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return strconv.FormatUint(value/unit, 10)
}
