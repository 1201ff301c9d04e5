package toolbox

import (
	"os"
	"strings"
)

// A finding is one file that find came upon, with what an expression may ask of it.
type finding struct {
	entry
	path  string
	prune bool // -prune was met: do not go in
}

// A predicate is one part of find's expression: a test, or an action that is true.
type predicate func(*finding) bool

// A finder is find at work.
type finder struct {
	*tool
	args               []string // the expression that is still to be read
	minDepth, maxDepth int
	acts               bool     // the expression has an action: no -print is added
	batches            []func() // -exec … + : run at the end
}

func find(t *tool) error {
	paths := t.args
	for i, arg := range t.args {
		if arg[:min(1, len(arg))] == "-" && len(arg) > 1 || arg == "(" || arg == "!" {
			paths = t.args[:i]
			break
		}
	}
	f := &finder{tool: t, args: t.args[len(paths):], maxDepth: -1}
	match, err := f.expression()
	if err != nil {
		return err
	}
	if len(f.args) > 0 {
		return usageError("what is " + f.args[0] + "?")
	}
	if !f.acts {
		test := match
		match = func(e *finding) bool {
			if test(e) {
				t.println(e.path)
			}
			return true
		}
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, path := range paths {
		f.visit(path, 0, match)
	}
	for _, run := range f.batches {
		run()
	}
	return nil
}

// visit looks at one file and, unless -prune said no, at what is in it. -delete wants the children first.
func (f *finder) visit(path string, depth int, match predicate) {
	e := &finding{path: path}
	var err error
	if e.entry, err = look(lastElement(path), path, false); err != nil {
		f.complain(err)
		return
	}
	childrenFirst := len(f.tool.args) > 0 && strings.Contains(" "+strings.Join(f.tool.args, " ")+" ", " -delete ")
	if depth >= f.minDepth && !childrenFirst {
		match(e)
	}
	if e.isDir() && !e.prune && (f.maxDepth < 0 || depth < f.maxDepth) {
		list, err := children(path)
		f.complain(err)
		for _, d := range list {
			f.visit(strings.TrimSuffix(path, "/")+"/"+d.Name(), depth+1, match)
		}
	}
	if depth >= f.minDepth && childrenFirst {
		match(e)
	}
}

// expression reads terms joined by -o; a missing expression is true.
func (f *finder) expression() (predicate, error) {
	left, err := f.conjunction()
	for err == nil && len(f.args) > 0 && (f.args[0] == "-o" || f.args[0] == "-or") {
		f.args = f.args[1:]
		var right predicate
		first := left
		right, err = f.conjunction()
		left = func(e *finding) bool { return first(e) || right(e) }
	}
	return left, err
}

func (f *finder) conjunction() (predicate, error) {
	left := func(*finding) bool { return true }
	for len(f.args) > 0 && f.args[0] != "-o" && f.args[0] != "-or" && f.args[0] != ")" {
		if f.args[0] == "-a" || f.args[0] == "-and" {
			f.args = f.args[1:]
			continue
		}
		first := left
		right, err := f.term()
		if err != nil {
			return nil, err
		}
		left = func(e *finding) bool { return first(e) && right(e) }
	}
	return left, nil
}

// word takes the next word off the expression.
func (f *finder) word(after string) (string, error) {
	if len(f.args) == 0 {
		return "", usageError(after + " needs a value")
	}
	word := f.args[0]
	f.args = f.args[1:]
	return word, nil
}

func (f *finder) term() (predicate, error) {
	name, _ := f.word("find")
	switch name {
	case "!", "-not":
		inner, err := f.term()
		return func(e *finding) bool { return !inner(e) }, err
	case "(":
		inner, err := f.expression()
		if err == nil && (len(f.args) == 0 || f.args[0] != ")") {
			return nil, usageError("a ( without its )")
		}
		if err == nil {
			f.args = f.args[1:]
		}
		return inner, err
	case "-print":
		f.acts = true
		return func(e *finding) bool { f.println(e.path); return true }, nil
	case "-print0":
		f.acts = true
		return func(e *finding) bool { f.printf("%s\x00", e.path); return true }, nil
	case "-prune":
		return func(e *finding) bool { e.prune = true; return true }, nil
	case "-empty":
		return func(e *finding) bool { return e.empty() }, nil
	case "-delete":
		f.acts = true
		return func(e *finding) bool {
			err := os.Remove(e.path)
			f.complain(err)
			return err == nil
		}, nil
	case "-exec":
		f.acts = true
		return f.exec()
	}
	return f.test(name)
}
