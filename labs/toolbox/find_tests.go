package toolbox

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

func (e *finding) empty() bool {
	if !e.isDir() {
		return e.letter() == '-' && e.Size == 0
	}
	list, err := children(e.path)
	return err == nil && len(list) == 0
}

// test reads the tests that take a value.
func (f *finder) test(name string) (predicate, error) {
	if !strings.Contains(" -name -iname -path -type -maxdepth -mindepth -newer -perm -size -user -links -inum ", " "+name+" ") {
		return nil, usageError("what is " + name + "?")
	}
	value, err := f.word(name)
	if err != nil {
		return nil, err
	}
	yes := func(*finding) bool { return true }
	switch name {
	case "-name", "-iname", "-path":
		return nameTest(name, value)
	case "-type":
		return func(e *finding) bool {
			return strings.Contains(strings.Replace(value, "f", "-", 1), string(e.letter()))
		}, nil
	case "-maxdepth":
		f.maxDepth, err = strconv.Atoi(value)
		return yes, err
	case "-mindepth":
		f.minDepth, err = strconv.Atoi(value)
		return yes, err
	case "-newer":
		other, err := look(value, value, true)
		return func(e *finding) bool { return e.Mtim.Nano() > other.Mtim.Nano() }, err
	case "-perm":
		return permTest(value)
	case "-size":
		return sizeTest(value)
	case "-links":
		return func(e *finding) bool { return fmt.Sprint(e.Nlink) == value }, nil
	case "-inum":
		return func(e *finding) bool { return fmt.Sprint(e.Ino) == value }, nil
	}
	uid, ok := users().id(value)
	if !ok {
		return nil, usageError(value + ": no such user")
	}
	return func(e *finding) bool { return int(e.Uid) == uid }, nil
}

// nameTest matches shell patterns. In -path a star also matches slashes, which filepath.Match never does: they
// are hidden from it.
func nameTest(test, value string) (predicate, error) {
	fold := func(s string) string { return s }
	if test == "-iname" {
		fold = strings.ToLower
	}
	if test == "-path" {
		fold = func(s string) string { return strings.ReplaceAll(s, "/", "\x01") }
	}
	value = fold(strings.ReplaceAll(value, "[!", "[^"))
	if _, err := filepath.Match(value, ""); err != nil {
		return nil, usageError(err.Error())
	}
	return func(e *finding) bool {
		subject := e.name
		if test == "-path" {
			subject = e.path
		}
		ok, _ := filepath.Match(value, fold(subject))
		return ok
	}, nil
}

// permTest reads 644 (exactly), -022 (all of these), /022 (any of these).
func permTest(value string) (predicate, error) {
	how := value[:min(1, len(value))]
	want, err := newMode(strings.TrimLeft(value, "-/"), 0, false)
	return func(e *finding) bool {
		have := e.Mode & 0o7777
		switch how {
		case "-":
			return have&want == want
		case "/":
			return have&want != 0
		}
		return have == want
	}, err
}

// sizeTest reads +10M (more than), -10k (less than), 3c (exactly), in units rounded up, as find does.
func sizeTest(value string) (predicate, error) {
	digits := strings.TrimRight(strings.TrimLeft(value, "+-"), "cwbkMG")
	unit, ok := map[string]int64{"c": 1, "w": 2, "": 512, "b": 512, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}[strings.TrimLeft(value, "+-")[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok {
		return nil, usageError("-size " + value + ": not a size")
	}
	return func(e *finding) bool {
		units := (e.Size + unit - 1) / unit
		switch value[0] {
		case '+':
			return units > n
		case '-':
			return units < n
		}
		return units == n
	}, nil
}
