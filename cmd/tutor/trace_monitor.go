//go:build linux

package main

import (
	"cmp"
	"os"
	"strconv"

	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// What starts in the background is started by its monitor, and traced there: the monitor gets the file, or this
// process's standard error, and how to write. It lets go of it as soon as the command runs; what is undone at the
// container's end nobody waits for.

// handOver is what a monitor needs for the trace; nil: none is wanted.
func (f *explainFlags) handOver(s sink) *container.Trace {
	if f.form == "" {
		return nil
	}
	return &container.Trace{To: cmp.Or(s.file, os.Stderr),
		Words: []string{f.form, f.to, strconv.FormatBool(coloured(os.Stderr)), os.Getenv(markVariable)}}
}

// seen is the other end of it, in the monitor: what it was given after the container's ID. nil: nobody looks.
func seen(words []string) func(*container.Container) container.Watch {
	if len(words) != 4 {
		return nil
	}
	form, to, colour, mark := words[0], words[1], words[2] == "true", words[3]
	file := os.NewFile(container.TraceFile, "trace")
	s := into(file, mark)
	if to == "" {
		s.style = styled(file, colour)
	}
	return func(ctr *container.Container) container.Watch {
		watch := (&tracer{sink: s, subject: startOf(ctr), form: form}).watch()
		made, started, runs := watch.Made, watch.Started, false
		watch.Started = func(r *process.Running) {
			started(r)
			file.Close()
			runs = true
		}
		watch.Made = func(p program.Program, r *process.Running) {
			if !runs {
				made(p, r)
			}
		}
		watch.Ended = nil
		return watch
	}
}
