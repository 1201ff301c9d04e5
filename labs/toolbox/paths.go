package toolbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func basename(t *tool) error {
	if len(t.args) == 0 || len(t.args) > 2 {
		return usageError("a name, please")
	}
	name := lastElement(t.args[0])
	if len(t.args) == 2 && name != t.args[1] {
		name = strings.TrimSuffix(name, t.args[1])
	}
	t.println(name)
	return nil
}

func lastElement(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

func dirname(t *tool) error {
	if len(t.args) == 0 {
		return usageError("a name, please")
	}
	for _, path := range t.args {
		trimmed := strings.TrimRight(path, "/")
		i := strings.LastIndexByte(trimmed, '/')
		switch {
		case trimmed == "" && path != "", i == 0:
			t.println("/")
		case i < 0:
			t.println(".")
		default:
			t.println(strings.TrimRight(trimmed[:i], "/"))
		}
	}
	return nil
}

func readlink(t *tool) error {
	o, err := parse("fnem", t.args)
	if err != nil {
		return err
	}
	for _, path := range o.rest {
		target, err := os.Readlink(path)
		if o.has("fem") {
			target, err = resolve(path, !o.has("e"))
		}
		if err != nil {
			t.failed = true // coreutils says nothing here
			continue
		}
		if o.has("n") && len(o.rest) == 1 {
			t.printf("%s", target)
			continue
		}
		t.println(target)
	}
	return nil
}

// resolve follows every link of a path; the last element may be missing.
func resolve(path string, missing bool) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil || !missing {
		return real, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

func which(t *tool) error {
	o, err := parse("a", t.args)
	if err != nil {
		return err
	}
	for _, name := range o.rest {
		found := whichAll(name)
		if len(found) == 0 {
			t.failed = true
			continue
		}
		if !o.has("a") {
			found = found[:1]
		}
		t.println(strings.Join(found, "\n"))
	}
	return nil
}

func whichAll(name string) []string {
	if strings.Contains(name, "/") {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
		return nil
	}
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			found = append(found, path)
		}
	}
	return found
}

func pwd(t *tool) error {
	o, err := parse("LP", t.args)
	if err != nil {
		return err
	}
	dir, err := unix.Getwd()
	if err != nil {
		return err
	}
	if o.has("L") {
		dir, err = os.Getwd() // believes $PWD when it leads here
	}
	t.println(dir)
	return err
}
