package container

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// LogOptions choose from a log.
type LogOptions struct {
	Follow     bool      // go on until the container ends
	Tail       int       // only so many lines, the last; below 0: all
	Since      time.Time // zero: from the beginning
	Until      time.Time // zero: to the end
	Timestamps bool
}

// Logs writes what the container wrote, its standard output to out and its errors to errors.
func (h Home) Logs(ctx context.Context, id string, o LogOptions, out, errors io.Writer) error {
	if !o.Until.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, o.Until)
		defer stop()
	}
	set, err := h.logSet(id)
	if err != nil {
		return err
	}
	files, err := set.open()
	for err == nil && len(files) == 0 && o.Follow && h.Runs(id) && pause(ctx) == nil {
		files, err = set.open()
	}
	defer files.close()
	if err != nil || len(files) == 0 {
		return err // it never ran
	}
	if files, err = files.tail(o.Tail); err != nil {
		return err
	}
	r := &logReader{options: o, out: out, errors: errors}
	for _, f := range files {
		if err := r.turnTo(f); err != nil {
			return err
		}
	}
	if !o.Follow {
		return nil
	}
	return h.follow(ctx, id, set, r)
}

// follow goes on with what is written from now on, in this file and those after it.
func (h Home) follow(ctx context.Context, id string, set logSet, r *logReader) error {
	var opened logFiles // here: the one that is read
	defer func() { opened.close() }()
	for {
		runs := h.Runs(id) // before reading: what it writes last is read too
		next, err := set.after(r.file)
		if err != nil {
			return err
		}
		if err := r.read(); err != nil { // it may have grown until there was a next one
			return err
		}
		if next == nil && (!runs || lookAgain(ctx) != nil) {
			return nil
		}
		if next == nil {
			continue
		}
		opened.close()
		opened = logFiles{next}
		if err := r.turnTo(next); err != nil {
			return err
		}
	}
}

func lookAgain(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// logPlaces: where a container's log goes is part of what it is made of.
var logPlaces = []place{{"create.json", []string{"options", "Log"}}}

// logSet finds the files of a container's log.
func (h Home) logSet(id string) (logSet, error) {
	var config LogConfig
	if err := h.kept(id, logPlaces, &config); err != nil {
		return logSet{}, err
	}
	if config.Driver == LogNone {
		return logSet{}, Hint(errors.New("configured logging driver does not support reading"), "the container was made with --log-driver none: nothing is kept of what it writes")
	}
	return logSet{h.logPath(id), max(config.Files, 1)}, nil
}

// A logReader prints the lines of a log as they come.
type logReader struct {
	file        *os.File
	lines       *bufio.Reader
	half        []byte // a line that is being written
	options     LogOptions
	out, errors io.Writer
}

// turnTo goes on with another file. A line that was not finished in the one before never will be.
func (r *logReader) turnTo(f *os.File) error {
	if len(r.half) > 0 {
		r.print(append(r.half, '\n'))
	}
	r.file, r.lines, r.half = f, bufio.NewReaderSize(f, 64<<10), nil
	return r.read()
}

func (r *logReader) read() error {
	for {
		line, err := r.lines.ReadBytes('\n')
		r.half = append(r.half, line...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, r.half = r.half, nil
		if err := r.print(line); err != nil {
			return err
		}
	}
}

func (r *logReader) print(line []byte) error {
	fields := bytes.SplitN(line[:len(line)-1], []byte(" "), 4)
	if len(fields) != 4 {
		return nil // not ours
	}
	when, err := time.Parse(logTime, string(fields[0]))
	if err != nil || when.Before(r.options.Since) || (!r.options.Until.IsZero() && when.After(r.options.Until)) {
		return nil
	}
	text := fields[3]
	if fields[2][0] == 'F' {
		text = append(text, '\n')
	}
	if r.options.Timestamps {
		text = append([]byte(when.UTC().Format(logTime)+" "), text...)
	}
	to := r.out
	if string(fields[1]) == "stderr" {
		to = r.errors
	}
	_, err = to.Write(text)
	return err
}
