package toolbox

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// open opens a file to read; "-" is standard input.
func open(path string) (*os.File, error) {
	if path == "-" {
		return os.Stdin, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, at(path, unix.EISDIR)
	}
	return f, nil
}

// each hands every named file to work, or standard input when none is named. A file that fails is complained of,
// and the next one has its turn.
func (t *tool) each(paths []string, work func(path string, r io.Reader) error) {
	if len(paths) == 0 {
		paths = []string{"-"}
	}
	for _, path := range paths {
		f, err := open(path)
		if err != nil {
			t.complain(err)
			continue
		}
		t.complain(work(path, f))
		if f != os.Stdin {
			f.Close()
		}
	}
}

// eachLine reads lines of any length (bufio.Scanner gives up at 64 KiB), without their newline; ended is false for
// a last line that has none. It stops when work returns false.
func eachLine(r io.Reader, work func(line string, ended bool) bool) error {
	in, ok := r.(*bufio.Reader)
	if !ok {
		in = bufio.NewReader(r)
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if line != "" {
			text, ended := strings.CutSuffix(line, "\n")
			if !work(text, ended) {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// lines reads all lines of the files at once: sort cannot say its first word before it has read the last.
func (t *tool) lines(paths []string) []string {
	var all []string
	t.each(paths, func(_ string, r io.Reader) error {
		return eachLine(r, func(line string, _ bool) bool {
			all = append(all, line)
			return true
		})
	})
	return all
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
