package grader

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// A toolchain is the host's Go: what a sandbox is lent to compile a student's program.
type toolchain struct{ command, root, cache string }

// goSettings make a build ask no network and no settings of anybody's; cgo would run programs that the source names.
var goSettings = []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOENV=off", "GOPROXY=off", "GOTOOLCHAIN=local", "GOOS=linux"}

// common are the packages that a box is made of. They are compiled once, on the host: what a sandbox compiles is gone
// with it.
var common = strings.Fields(`archive/tar bufio bytes compress/gzip context crypto/sha256 encoding/binary encoding/hex encoding/json errors flag fmt io
	io/fs log maps math/rand net os os/exec os/signal os/user path path/filepath regexp runtime slices sort strconv strings sync syscall time unsafe`)

// findGo finds it, once.
var findGo = sync.OnceValues(func() (toolchain, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		command = "/usr/local/go/bin/go" // sudo has a PATH of its own
	}
	settings := append(os.Environ(), goSettings...)
	if os.Getenv("HOME") == "" && os.Getenv("GOCACHE") == "" {
		settings = append(settings, "GOCACHE=/var/cache/tutor-go-build")
	}
	ask := exec.Command(command, "env", "GOROOT", "GOCACHE")
	ask.Dir, ask.Env = "/", settings
	out, err := ask.Output()
	if err != nil {
		return toolchain{}, fmt.Errorf("this machine has no Go: %w", err)
	}
	root, cache, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	compile := exec.Command(command, append([]string{"build", "-trimpath"}, common...)...)
	compile.Dir, compile.Env = "/", settings
	if said, err := compile.CombinedOutput(); err != nil {
		return toolchain{}, fmt.Errorf("go build: %w: %s", err, said)
	}
	return toolchain{filepath.Join(root, "bin", "go"), root, cache}, nil
})

// goBuild compiles a module in a sandbox, with nothing but the toolchain. Nothing of the student's would run outside
// either; but there "#include" of an assembly file, or a replaced module, reads what is not the student's, and a source
// that takes the compiler hours takes the machine.
func (b *Bench) goBuild(dir string) error {
	tools, err := findGo()
	if err != nil {
		return err
	}
	c := command{args: []string{tools.command, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", boxDir + "/" + built, "."},
		env: append([]string{"GOCACHE=" + tools.cache, "GOPATH=/tmp/go"}, goSettings...), dir: boxDir}
	return b.build(dir, "go build in "+dir, c, built, tools.root, tools.cache)
}

// built is what the compiler makes.
const built = ".built-by-tutor"

// make runs in a sandbox: a Makefile is a program of the student's. Of what it makes box is kept, over the folder as it was: a script
// may have files beside it.
func (b *Bench) make(dir string) error {
	err := b.build(dir, "make box", command{args: []string{"make", "-C", boxDir, "box"}, dir: boxDir}, "box")
	if err == nil {
		b.beside, err = filepath.Abs(dir)
	}
	return err
}

// build runs a compiler in a copy of a folder, and takes the program out of it.
func (b *Bench) build(dir, what string, c command, result string, lent ...string) error {
	var err error
	if b.files, err = filepath.Abs(dir); err != nil {
		return err
	}
	b.lent = lent
	s, err := b.newSandbox(newRandom(b.Seed, "build"))
	b.lent = nil
	if err != nil {
		return err
	}
	program, err := s.build(what, c, result)
	if closed := s.close(); closed != nil || err != nil {
		return errors.Join(err, closed)
	}
	return b.take(program)
}

func (s *Sandbox) build(what string, c command, result string) (string, error) {
	compiler, err := s.launch(c)
	if err != nil {
		return "", err
	}
	s.patience = max(10*s.patience, buildTime)
	if err := compiler.Wait(); err != nil {
		return "", &BuildError{what, fmt.Sprintf("it still runs after %v", s.patience)}
	}
	if compiler.Code() != "0" {
		return "", &BuildError{what, compiler.Stdout.String() + compiler.Stderr.String()}
	}
	return s.bring(what, result)
}
