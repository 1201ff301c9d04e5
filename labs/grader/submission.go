package grader

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// buildTime is what a compiler has at least: on a busy machine, with packages that it has never seen.
const buildTime = 3 * time.Minute

// A BuildError is that there is no box, and what the compiler said, if there was one.
type BuildError struct{ Command, Output string }

func (e *BuildError) Error() string { return e.Command + " failed:\n" + strings.TrimSpace(e.Output) }

// Submit takes what a student hands in: an executable, or a folder with go.mod, Makefile or an executable "box".
func (b *Bench) Submit(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		b.name = typed(path)
		return b.take(path)
	}
	b.name = typed(filepath.Join(path, "box"))
	if there(path, "go.mod") {
		return b.goBuild(path)
	}
	if makefile(path) {
		return b.make(path)
	}
	if !there(path, "box") {
		return &BuildError{"looking for box", "there is no go.mod, no Makefile and no program called box"}
	}
	b.files, err = filepath.Abs(path) // a script may have files beside it
	return err
}

// Build is the shell line that makes box of what a student hands in, as the grader does in its sandbox; "" where it is there.
func Build(path string) string {
	switch {
	case there(path, "go.mod"):
		return "(cd " + shellWords([]string{path}) + " && go build -o box .)"
	case makefile(path):
		return "make -C " + shellWords([]string{path}) + " box"
	}
	return ""
}

// makefile tells if there is one, by any of the names that make looks for.
func makefile(dir string) bool {
	return there(dir, "GNUmakefile") || there(dir, "makefile") || there(dir, "Makefile")
}

func there(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// typed is how a program in the current directory is called.
func typed(path string) string {
	if strings.Contains(path, "/") {
		return path
	}
	return "./" + path
}

// take copies one executable to where the sandboxes look for it.
func (b *Bench) take(path string) error {
	b.files = filepath.Join(b.dir, "files")
	if err := os.MkdirAll(b.files, 0o755); err != nil {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(b.files, "box"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// bring copies a file that box may have made out of the sandbox. os.Root follows no link out of the folder.
func (s *Sandbox) bring(what, name string) (string, error) {
	root, err := os.OpenRoot(s.host(boxDir))
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", &BuildError{what, "there is no file " + name + " afterwards"}
	}
	from, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(filepath.Dir(s.dir), "made"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	return to.Name(), errors.Join(err, to.Close())
}
