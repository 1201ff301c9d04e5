package container

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The log of a container is a file, a line for each line that the command wrote, in the form that Kubernetes gave
// the logs of its containers (CRI logging):
//
//	2026-01-31T12:00:00.000000000Z stdout F a whole line
//	2026-01-31T12:00:00.000000000Z stderr P a part of one: no newline followed, or not within 16 KiB
//
// So it is byte for byte what was written, and grep and tail can read it. With a bound on its size it is several
// files: log has the newest lines, log.1 those before, log.2 the ones before these.

// A LogConfig is where the log goes, and how large it may become.
type LogConfig struct {
	Driver string `json:",omitempty"` // "" and json-file: into files; none: nowhere
	Size   int64  `json:",omitempty"` // bytes a file; 0: no bound
	Files  int    `json:",omitempty"` // how many there may be; 0: one
}

// The drivers, by Docker's names.
const (
	LogFile = "json-file"
	LogNone = "none"
)

// pieceLimit is how long a piece of a line may be: what a command writes without a newline must not fill memory.
const pieceLimit = 16 << 10

// A logWriter writes the log. A disk that is full costs lines of the log, and never stops the container.
type logWriter struct {
	mutex  sync.Mutex
	path   string
	config LogConfig
	file   *os.File
	size   int64
	torn   bool              // the file ends within a line
	parts  map[string][]byte // the beginning of a line, by stream
}

func (h Home) logPath(id string) string { return filepath.Join(h.Dir(id), "log") }

// openLog goes on with the log that is there. Whoever wrote it before may have been killed within a line.
func openLog(path string, config LogConfig) (*logWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	l := &logWriter{path: path, config: config, file: f, parts: map[string][]byte{}}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	last := []byte{'\n'}
	if l.size = info.Size(); l.size > 0 {
		_, err = f.ReadAt(last, l.size-1)
	}
	l.torn = last[0] != '\n'
	return l, err
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
	l.put(out.Bytes())
}

// put writes whole lines, each into one file: what does not fit goes into the next.
func (l *logWriter) put(lines []byte) {
	if l.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	for len(lines) > 0 {
		n := l.room(lines)
		if n == 0 && l.rotate() {
			continue
		}
		if n == 0 {
			n = len(lines) // better too large a file than no log
		}
		written, err := l.file.Write(lines[:n])
		l.size += int64(written)
		if l.torn = err != nil && (l.torn || written > 0); err != nil {
			return
		}
		lines = lines[n:]
	}
}

// room is how much of the lines this file can take: whole ones, and one at least if it is empty.
func (l *logWriter) room(lines []byte) int {
	left := l.config.Size - l.size
	if l.config.Size == 0 || int64(len(lines)) <= left {
		return len(lines)
	}
	n := bytes.LastIndexByte(lines[:max(left, 0)], '\n') + 1
	if n == 0 && l.size == 0 {
		return bytes.IndexByte(lines, '\n') + 1
	}
	return n
}

// rotate gives each file the next number, and drops the last. The new one is made first: if the disk is full for that,
// all stays as it is. Killed in between, a number is missing, which no reader minds, and nothing is there twice.
func (l *logWriter) rotate() bool {
	fresh, err := os.OpenFile(l.path+".new", os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_RDWR, 0o640)
	if err != nil {
		return false
	}
	for i := l.config.Files - 1; i > 0; i-- {
		os.Rename(logFile(l.path, i-1), logFile(l.path, i))
	}
	if os.Rename(l.path+".new", l.path) != nil {
		fresh.Close()
		return false
	}
	l.file.Close()
	l.file, l.size, l.torn = fresh, 0, false
	return true
}

// logFile is the name of the file that is i files old.
func logFile(path string, i int) string {
	if i == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, i)
}

// logTime has as many digits always, so that lines can be compared.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// close writes the lines that never ended.
func (l *logWriter) close() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, stream := range []string{"stdout", "stderr"} {
		if part := l.parts[stream]; len(part) > 0 {
			l.put(fmt.Appendf(nil, "%s %s P %s\n", time.Now().UTC().Format(logTime), stream, part))
		}
	}
	l.file.Close()
}
