package container

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The log of a container is one file, a line for each line that the command wrote, in the form that Kubernetes
// gave the logs of its containers (CRI logging):
//
//	2026-01-31T12:00:00.000000000Z stdout F a whole line
//	2026-01-31T12:00:00.000000000Z stderr P a part of one: no newline followed, or not within 16 KiB
//
// So it is byte for byte what was written, and grep and tail can read it.

// pieceLimit is how long a piece of a line may be: what a command writes without a newline must not fill memory.
const pieceLimit = 16 << 10

// A logWriter writes the log. A disk that is full costs lines of the log, and never stops the container.
type logWriter struct {
	mutex sync.Mutex
	file  *os.File
	parts map[string][]byte // the beginning of a line, by stream
}

func (h Home) logPath(id string) string { return filepath.Join(h.Dir(id), "log") }

func openLog(path string) (*logWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	return &logWriter{file: f, parts: map[string][]byte{}}, err
}

func (l *logWriter) write(stream string, data []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var out bytes.Buffer
	now := time.Now().UTC().Format(logTime)
	part := append(l.parts[stream], data...)
	for len(part) > 0 {
		end := bytes.IndexByte(part[:min(len(part), pieceLimit)], '\n')
		if end < 0 && len(part) < pieceLimit {
			break
		}
		if end < 0 {
			fmt.Fprintf(&out, "%s %s P %s\n", now, stream, part[:pieceLimit])
			part = part[pieceLimit:]
			continue
		}
		fmt.Fprintf(&out, "%s %s F %s\n", now, stream, part[:end])
		part = part[end+1:]
	}
	l.parts[stream] = append([]byte(nil), part...)
	l.file.Write(out.Bytes())
}

// logTime has as many digits always, so that lines can be compared.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// close writes the lines that never ended.
func (l *logWriter) close() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, stream := range []string{"stdout", "stderr"} {
		if part := l.parts[stream]; len(part) > 0 {
			fmt.Fprintf(l.file, "%s %s P %s\n", time.Now().UTC().Format(logTime), stream, part)
		}
	}
	l.file.Close()
}

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
	f, err := os.Open(h.logPath(id))
	if os.IsNotExist(err) && !o.Follow {
		return nil // it never ran
	}
	for os.IsNotExist(err) {
		if !h.Runs(id) || pause(ctx) != nil {
			return nil
		}
		f, err = os.Open(h.logPath(id))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	start, err := tailOf(f, o.Tail)
	if err != nil {
		return err
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	r := &logReader{lines: bufio.NewReaderSize(f, 64<<10), options: o, out: out, errors: errors}
	for {
		runs := h.Runs(id) // before reading: what it writes last is read too
		if err := r.read(); err != nil {
			return err
		}
		if !o.Follow || !runs {
			return nil
		}
		if err := lookAgain(ctx); err != nil {
			return nil
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

// tailOf is where the last n lines begin.
func tailOf(f *os.File, n int) (int64, error) {
	if n < 0 {
		return 0, nil
	}
	var starts []int64 // of the last n+1 lines
	lines := bufio.NewReaderSize(f, 1<<20)
	at, fresh := int64(0), true
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		if fresh {
			starts = append(starts, at)
			if len(starts) > n {
				starts = starts[1:]
			}
		}
		fresh = isWhole(line)
		at += int64(len(line))
	}
	if len(starts) == 0 {
		return at, nil
	}
	return starts[0], nil
}

// isWhole tells a line from a piece of one.
func isWhole(line []byte) bool {
	fields := bytes.SplitN(line, []byte(" "), 4)
	return len(fields) == 4 && fields[2][0] == 'F'
}

// A logReader prints the lines of a log as they come.
type logReader struct {
	lines       *bufio.Reader
	half        []byte // a line that is being written
	options     LogOptions
	out, errors io.Writer
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
