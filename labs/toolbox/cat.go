package toolbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// cat writes as soon as it has read: what comes through a pipe must not wait for a full buffer.
func cat(t *tool) error {
	o, err := parse("nu", t.args)
	if err != nil {
		return err
	}
	number := 0
	t.each(o.rest, func(path string, r io.Reader) error {
		if !o.has("n") {
			_, err := io.Copy(os.Stdout, r)
			return err
		}
		return eachLine(r, func(line string, ended bool) bool {
			number++
			fmt.Fprintf(t.out, "%6d\t%s", number, line)
			if ended {
				t.println("")
			}
			return true
		})
	})
	return nil
}

func tee(t *tool) error {
	o, err := parse("ai", t.args)
	if err != nil {
		return err
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if o.has("a") {
		how = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	to := []io.Writer{os.Stdout}
	for _, path := range o.rest {
		f, err := os.OpenFile(path, how, 0o666)
		if err != nil {
			t.complain(err)
			continue
		}
		to = append(to, f)
	}
	_, err = io.Copy(io.MultiWriter(to...), os.Stdin)
	return err
}

func wc(t *tool) error {
	o, err := parse("lwc", t.args)
	if err != nil {
		return err
	}
	var rows [][3]int64
	var named []string
	t.each(o.rest, func(path string, r io.Reader) error {
		counts, err := count(r)
		rows, named = append(rows, counts), append(named, path)
		return err
	})
	if len(o.rest) > 1 {
		var total [3]int64
		for _, row := range rows {
			for i := range row {
				total[i] += row[i]
			}
		}
		rows, named = append(rows, total), append(named, "total")
	}
	width := wcWidth(o, rows)
	for i, row := range rows {
		var words []string
		for column, flag := range []string{"l", "w", "c"} {
			if o.has(flag) || !o.has("lwc") {
				words = append(words, fmt.Sprintf("%*d", width, row[column]))
			}
		}
		if len(o.rest) > 0 {
			words = append(words, named[i])
		}
		t.println(strings.Join(words, " "))
	}
	return nil
}

// count gives lines, words and bytes.
func count(r io.Reader) (n [3]int64, err error) {
	buf := make([]byte, 64<<10)
	inWord := false
	for {
		got, err := r.Read(buf)
		n[0] += int64(bytes.Count(buf[:got], []byte{'\n'}))
		n[2] += int64(got)
		for _, b := range buf[:got] {
			space := b == ' ' || b >= '\t' && b <= '\r'
			if !space && !inWord {
				n[1]++
			}
			inWord = !space
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// wcWidth is the width of coreutils' columns: the digits of the biggest number; 7 at least for a pipe, whose size
// nobody knows beforehand; 1 for a lone number.
func wcWidth(o options, rows [][3]int64) int {
	if len(o.given) == 1 && len(rows) == 1 {
		return 1
	}
	width := 1
	if len(o.rest) == 0 {
		width = 7
	}
	for _, path := range o.rest {
		if info, err := os.Stat(path); path == "-" || err == nil && !info.Mode().IsRegular() {
			width = 7
		}
	}
	for _, row := range rows {
		width = max(width, len(fmt.Sprint(row[2])))
	}
	return width
}

func cmpMain(t *tool) error {
	o, err := parse("s", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) != 2 {
		return usageError("two files, please")
	}
	var content [2][]byte
	for i, path := range o.rest {
		f, err := open(path)
		if err == nil {
			content[i], err = io.ReadAll(f)
		}
		if err != nil {
			t.complain(err)
			return exitCode(2)
		}
	}
	a, b := content[0], content[1]
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if !o.has("s") {
			t.printf("%s %s differ: char %d, line %d\n", o.rest[0], o.rest[1], i+1, 1+bytes.Count(a[:i], []byte{'\n'}))
		}
		return exitCode(1)
	}
	switch {
	case len(a) == len(b):
		return nil
	case o.has("s"):
	case len(a) < len(b):
		fmt.Fprintf(t.err, "cmp: EOF on %s\n", o.rest[0])
	default:
		fmt.Fprintf(t.err, "cmp: EOF on %s\n", o.rest[1])
	}
	return exitCode(1)
}

func clearScreen(t *tool) error {
	t.printf("\x1b[H\x1b[2J")
	return nil
}

// ttyMain names the terminal of standard input.
func ttyMain(t *tool) error {
	name, err := os.Readlink("/proc/self/fd/0")
	if !isTerminal(unix.Stdin) || err != nil {
		if len(t.args) == 0 {
			t.println("not a tty")
		}
		return exitCode(1)
	}
	if len(t.args) == 0 {
		t.println(name)
	}
	return nil
}
