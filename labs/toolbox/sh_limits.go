package toolbox

import (
	"bufio"
	"context"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

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

// ulimit shows or sets the limits of the process, which its children inherit (getrlimit(2)).
func (s *shell) ulimit(_ context.Context, hc interp.HandlerContext, args []string) error {
	t := &tool{name: "ulimit", args: args[1:], out: bufio.NewWriter(hc.Stdout), err: hc.Stderr}
	return exitStatus(t.finish(ulimit(t), "[-HSa] [-cdflnstuv [LIMIT]]"))
}

func ulimit(t *tool) error {
	o, err := parse("HSacdflnstuv", t.args)
	if err != nil {
		return err
	}
	for _, l := range limits {
		if !o.has("a"+string(l.flag)) && !(l.flag == 'f' && len(o.given) == 0) {
			continue
		}
		var have unix.Rlimit
		if err := unix.Getrlimit(l.resource, &have); err != nil {
			return err
		}
		if len(o.rest) > 0 {
			return setLimit(l.resource, l.unit, have, o)
		}
		value := have.Cur
		if o.has("H") {
			value = have.Max
		}
		if o.has("a") {
			t.printf("%-26s", l.what)
		}
		t.println(limitText(value, l.unit))
	}
	return nil
}

// setLimit sets the soft and the hard limit, or the one that -S or -H names.
func setLimit(resource int, unit uint64, limit unix.Rlimit, o options) error {
	value := uint64(unix.RLIM_INFINITY)
	if o.rest[0] != "unlimited" {
		n, err := strconv.ParseUint(o.rest[0], 10, 64)
		if err != nil {
			return usageError(o.rest[0] + ": not a number")
		}
		value = n * unit
	}
	if !o.has("H") || o.has("S") {
		limit.Cur = value
	}
	if !o.has("S") || o.has("H") {
		limit.Max = value
	}
	return unix.Setrlimit(resource, &limit)
}

func limitText(value, unit uint64) string {
	if value == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return strconv.FormatUint(value/unit, 10)
}
