package grader

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A BuildError is what the compiler said.
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
	if there(path, "Makefile") {
		return b.make(path)
	}
	if !there(path, "box") {
		return fmt.Errorf("%s: no go.mod, no Makefile and no program called box", path)
	}
	b.files, err = filepath.Abs(path) // a script may have files beside it
	return err
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

// goBuild compiles a module with nothing but the toolchain. It asks no network and no version control, whose settings
// in the student's folder could run programs; cgo could as well, and is off. Nothing of the student's runs here.
func (b *Bench) goBuild(dir string) error {
	tool, err := exec.LookPath("go")
	if err != nil {
		tool = "/usr/local/go/bin/go" // sudo has a PATH of its own
	}
	b.files = filepath.Join(b.dir, "files")
	if err := os.MkdirAll(b.files, 0o755); err != nil {
		return err
	}
	build := exec.Command(tool, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(b.files, "box"), ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOENV=off", "GOPROXY=off", "GOTOOLCHAIN=local", "GOOS=linux")
	if os.Getenv("HOME") == "" && os.Getenv("GOCACHE") == "" {
		build.Env = append(build.Env, "GOCACHE=/var/cache/tutor-go-build")
	}
	out, err := build.CombinedOutput()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return &BuildError{"go build in " + dir, string(out)}
	}
	return err
}

// make runs in a sandbox: a Makefile is a program of the student's.
func (b *Bench) make(dir string) error {
	var err error
	if b.files, err = filepath.Abs(dir); err != nil {
		return err
	}
	s, err := b.newSandbox(newRandom(b.Seed, "make"))
	if err != nil {
		return err
	}
	built, err := s.make()
	if closed := s.close(); closed != nil || err != nil {
		return errors.Join(err, closed)
	}
	return b.take(built)
}

// make builds in a copy of the folder, and brings the program out.
func (s *Sandbox) make() (string, error) {
	box, err := s.launch(command{args: []string{"make", "-C", boxDir, "box"}, dir: boxDir})
	if err != nil {
		return "", err
	}
	s.patience *= 10
	if err := box.Wait(); err != nil || box.Code() != "0" {
		return "", &BuildError{"make box", box.Stdout.String() + box.Stderr.String()}
	}
	return s.bring("box")
}

// bring copies a file that box may have made out of the sandbox. os.Root follows no link out of the folder.
func (s *Sandbox) bring(name string) (string, error) {
	root, err := os.OpenRoot(s.host(boxDir))
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", &BuildError{"make box", "there is no file " + name + " afterwards"}
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
