package toolbox

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// testMain is test and [: 0 for true, 1 for false, 2 when the question makes no sense.
func testMain(t *tool) error {
	args := t.args
	if t.name == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			return usageError("a [ without its ]")
		}
		args = args[:len(args)-1]
	}
	q := &question{words: args}
	answer, err := q.either()
	if err == nil && len(q.words) > 0 {
		err = fmt.Errorf("%s: unexpected", q.words[0])
	}
	if err != nil {
		t.complain(err)
		return exitCode(2)
	}
	return exitCode(boolInt(!answer))
}

// A question is the rest of an expression that is being answered. An empty one is false.
type question struct{ words []string }

func (q *question) either() (bool, error) {
	if len(q.words) == 0 {
		return false, nil
	}
	answer, err := q.both()
	for err == nil && len(q.words) > 0 && q.words[0] == "-o" {
		q.words = q.words[1:]
		var right bool
		right, err = q.both()
		answer = answer || right
	}
	return answer, err
}

func (q *question) both() (bool, error) {
	answer, err := q.one()
	for err == nil && len(q.words) > 0 && q.words[0] == "-a" {
		q.words = q.words[1:]
		var right bool
		right, err = q.one()
		answer = answer && right
	}
	return answer, err
}

// one asks for a comparison first, as POSIX wants it: in `[ -f = x ]` the words are compared.
func (q *question) one() (bool, error) {
	w := q.words
	if len(w) == 0 {
		return false, fmt.Errorf("something is missing at the end")
	}
	if len(w) >= 3 {
		if answer, known, err := compare(w[0], w[1], w[2]); known {
			q.words = w[3:]
			return answer, err
		}
	}
	switch {
	case w[0] == "!" && len(w) > 1:
		q.words = w[1:]
		answer, err := q.one()
		return !answer, err
	case w[0] == "(" && len(w) > 1:
		q.words = w[1:]
		answer, err := q.either()
		if err == nil && (len(q.words) == 0 || q.words[0] != ")") {
			return false, fmt.Errorf("a ( without its )")
		}
		if err == nil {
			q.words = q.words[1:]
		}
		return answer, err
	case len(w) > 1 && len(w[0]) == 2 && w[0][0] == '-':
		q.words = w[2:]
		return ask(w[0], w[1])
	}
	q.words = w[1:]
	return w[0] != "", nil
}

// ask answers -f FILE, -z STRING and their kind.
func ask(op, word string) (bool, error) {
	switch op {
	case "-n":
		return word != "", nil
	case "-z":
		return word == "", nil
	case "-t":
		fd, err := strconv.Atoi(word)
		return err == nil && isTerminal(fd), nil
	case "-r", "-w", "-x":
		mode := map[string]uint32{"-r": unix.R_OK, "-w": unix.W_OK, "-x": unix.X_OK}[op]
		return unix.Faccessat(unix.AT_FDCWD, word, mode, unix.AT_EACCESS) == nil, nil
	}
	e, err := look(word, word, op != "-L" && op != "-h")
	if answer, known := e.is(op); known {
		return err == nil && answer, nil
	}
	return false, fmt.Errorf("%s: unknown test", op)
}

func (e entry) is(op string) (answer, known bool) {
	switch op {
	case "-e":
		return true, true
	case "-s":
		return e.Size > 0, true
	case "-u":
		return e.Mode&unix.S_ISUID != 0, true
	case "-g":
		return e.Mode&unix.S_ISGID != 0, true
	case "-k":
		return e.Mode&unix.S_ISVTX != 0, true
	case "-O":
		return int(e.Uid) == unix.Geteuid(), true
	case "-G":
		return int(e.Gid) == unix.Getegid(), true
	}
	letter, known := map[string]byte{"-f": '-', "-d": 'd', "-L": 'l', "-h": 'l', "-b": 'b', "-c": 'c', "-p": 'p', "-S": 's'}[op]
	return e.letter() == letter, known
}

// compare answers A = B, A -lt B, A -nt B and their kind.
func compare(a, op, b string) (answer, known bool, err error) {
	switch op {
	case "=", "==":
		return a == b, true, nil
	case "!=":
		return a != b, true, nil
	case "<":
		return a < b, true, nil
	case ">":
		return a > b, true, nil
	case "-nt", "-ot", "-ef":
		x, errX := look(a, a, true)
		y, errY := look(b, b, true)
		switch op {
		case "-nt":
			return errX == nil && (errY != nil || x.Mtim.Nano() > y.Mtim.Nano()), true, nil
		case "-ot":
			return errY == nil && (errX != nil || x.Mtim.Nano() < y.Mtim.Nano()), true, nil
		}
		return errX == nil && errY == nil && x.Dev == y.Dev && x.Ino == y.Ino, true, nil
	}
	holds, known := map[string]func(c int) bool{
		"-eq": func(c int) bool { return c == 0 }, "-ne": func(c int) bool { return c != 0 },
		"-lt": func(c int) bool { return c < 0 }, "-le": func(c int) bool { return c <= 0 },
		"-gt": func(c int) bool { return c > 0 }, "-ge": func(c int) bool { return c >= 0 },
	}[op]
	if !known {
		return false, false, nil
	}
	var n [2]int64
	for i, text := range []string{a, b} {
		if n[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return false, true, fmt.Errorf("%s: not a number", text)
		}
	}
	return holds(boolInt(n[0] > n[1]) - boolInt(n[0] < n[1])), true, nil
}
