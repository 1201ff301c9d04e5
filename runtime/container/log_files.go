package container

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

// A logSet is the files of a log, which their writer renames while others read.
type logSet struct {
	path  string
	count int
}

// logFiles are open, the oldest first. An open file stays what it is, whatever its name has become.
type logFiles []*os.File

func (f logFiles) close() {
	for _, file := range f {
		file.Close()
	}
}

// open opens all of them. It goes the way on which the files are renamed, from new to old, so that one that is renamed
// meanwhile is met twice, and never missed.
func (s logSet) open() (files logFiles, err error) {
	for i := range s.count {
		f, err := os.Open(logFile(s.path, i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			files.close()
			return nil, err
		}
		if files.index(f) >= 0 {
			f.Close()
			continue
		}
		files = append(files, f)
	}
	slices.Reverse(files)
	return files, nil
}

// index finds the same file, under whatever name; -1: it is not among them.
func (f logFiles) index(file *os.File) int {
	info, err := file.Stat()
	return slices.IndexFunc(f, func(other *os.File) bool {
		its, otherErr := other.Stat()
		return err == nil && otherErr == nil && os.SameFile(info, its)
	})
}

// after is the file that was begun when this one was full; nil: it is the newest. Of a reader that is too slow the next
// ones may be gone; it goes on with what there is.
func (s logSet) after(file *os.File) (*os.File, error) {
	if info, err := os.Stat(s.path); err == nil && same(info, file) {
		return nil, nil
	}
	files, err := s.open()
	if err != nil {
		return nil, err
	}
	next := files.index(file) + 1
	if next == len(files) {
		files.close()
		return nil, nil
	}
	found := files[next]
	slices.Delete(files, next, next+1).close()
	return found, nil
}

func same(info fs.FileInfo, file *os.File) bool {
	its, err := file.Stat()
	return err == nil && os.SameFile(info, its)
}

// tail leaves the last n lines, by going to where they begin; below 0 all of them. The files before are not needed.
func (f logFiles) tail(n int) (logFiles, error) {
	if n < 0 {
		return f, nil
	}
	for i := len(f) - 1; i >= 0; i-- {
		start, lines, err := tailOf(f[i], n)
		if err != nil {
			return nil, err
		}
		if _, err := f[i].Seek(start, io.SeekStart); err != nil {
			return nil, err
		}
		if n -= lines; n <= 0 {
			return f[i:], nil
		}
	}
	return f, nil
}

// tailOf is where the last n lines begin, and how many there are.
func tailOf(f *os.File, n int) (at int64, count int, err error) {
	var starts []int64 // of the last n lines
	lines := bufio.NewReaderSize(f, 1<<20)
	for fresh := true; ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
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
		return at, 0, nil
	}
	return starts[0], len(starts), nil
}

// isWhole tells a line from a piece of one.
func isWhole(line []byte) bool {
	fields := bytes.SplitN(line, []byte(" "), 4)
	return len(fields) == 4 && fields[2][0] == 'F'
}
