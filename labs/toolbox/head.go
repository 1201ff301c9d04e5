package toolbox

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// oldStyle turns `head -5` into `head -n5`, as everyone still types it.
func oldStyle(args []string) []string {
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0][1] >= '0' && args[0][1] <= '9' {
		return append([]string{"-n" + args[0][1:]}, args[1:]...)
	}
	return args
}

// amount reads what -n or -c was given: whether bytes are counted, the sign, and the number.
func amount(o options) (bytes bool, sign byte, n int64, err error) {
	text := o.value('n', "10")
	if o.has("c") {
		bytes, text = true, o.value('c', "")
	}
	if text != "" && (text[0] == '+' || text[0] == '-') {
		sign, text = text[0], text[1:]
	}
	if n, err = strconv.ParseInt(text, 10, 64); err != nil {
		n, err = size(text)
	}
	return bytes, sign, n, err
}

// title prints the "==> file <==" between several files.
func (t *tool) title(o options, path string, first *bool) {
	if len(o.rest) < 2 || o.has("q") {
		return
	}
	if !*first {
		t.println("")
	}
	*first = false
	t.println("==> " + strings.Replace(path, "-", "standard input", boolInt(path == "-")) + " <==")
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func head(t *tool) error {
	o, err := parse("n:c:q", oldStyle(t.args))
	if err != nil {
		return err
	}
	bytes, sign, n, err := amount(o)
	if err != nil {
		return err
	}
	first := true
	t.each(o.rest, func(path string, r io.Reader) error {
		t.title(o, path, &first)
		if sign == '-' {
			return allBut(t.out, r, bytes, n)
		}
		if bytes {
			_, err := io.CopyN(t.out, r, n)
			if err == io.EOF {
				err = nil
			}
			return err
		}
		return firstLines(t, r, n)
	})
	return nil
}

func firstLines(t *tool, r io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	return eachLine(r, func(line string, ended bool) bool {
		t.out.WriteString(line)
		if ended {
			t.println("")
		}
		n--
		return n > 0
	})
}

// allBut is head -n -N: everything but the end.
func allBut(w io.Writer, r io.Reader, bytes bool, n int64) error {
	all, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, err = w.Write(all[:len(all)-len(lastOf(all, bytes, n))])
	return err
}

// lastOf is the last n bytes or lines of all.
func lastOf(all []byte, bytes bool, n int64) []byte {
	if bytes {
		return all[max(0, int64(len(all))-n):]
	}
	if n == 0 {
		return nil
	}
	for i := len(all) - 2; i >= 0; i-- {
		if all[i] == '\n' {
			if n--; n == 0 {
				return all[i+1:]
			}
		}
	}
	return all
}

func tail(t *tool) error {
	o, err := parse("n:c:fFq", oldStyle(t.args))
	if err != nil {
		return err
	}
	bytes, sign, n, err := amount(o)
	if err != nil {
		return err
	}
	first := true
	t.each(o.rest, func(path string, r io.Reader) error {
		t.title(o, path, &first)
		if sign == '+' {
			return fromOn(t.out, r, bytes, n)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		t.out.Write(lastOf(all, bytes, n))
		return nil
	})
	t.out.Flush()
	if o.has("fF") && len(o.rest) > 0 {
		return follow(o.rest[len(o.rest)-1])
	}
	return nil
}

// fromOn is tail -n +N: everything from line N on.
func fromOn(w io.Writer, r io.Reader, bytes bool, n int64) error {
	in := bufio.NewReader(r)
	for ; n > 1; n-- {
		var err error
		if bytes {
			_, err = in.ReadByte()
		} else {
			_, err = in.ReadString('\n')
		}
		if err != nil {
			return nil
		}
	}
	_, err := io.Copy(w, in)
	return err
}

// follow prints what is appended to a file. It looks twice a second: inotify would not see what another machine
// wrote, and this is short. A file that shrank was truncated and is read from its start.
func follow(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for {
		if info, err := f.Stat(); err == nil && info.Size() < at {
			at, _ = f.Seek(0, io.SeekStart)
		}
		n, err := io.Copy(os.Stdout, f)
		if err != nil {
			return err
		}
		at += n
		time.Sleep(500 * time.Millisecond)
	}
}
