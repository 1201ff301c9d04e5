package labs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Progress is how far a person has come, by the labs' names.
type Progress map[string]Place

// A Place is where a person has stopped in a lab.
type Place struct {
	Step  int  `json:"step"`           // the next one, from 0
	Of    int  `json:"of"`             // how many there were then
	Done  bool `json:"done,omitempty"` // at least once to the end
	Right int  `json:"right,omitempty"`
	Asked int  `json:"asked,omitempty"` // predictions

	Guessed []int `json:"guessed,omitempty"` // the steps whose predictions are counted: the first answer is

	Exercise Exercise `json:"exercise,omitzero"`
}

// An Exercise is how far somebody's own box has come.
type Exercise struct {
	Points  int  `json:"points"` // the most so far
	Of      int  `json:"of"`
	GivenUp bool `json:"given_up,omitempty"` // looked at the solution before it was passed
}

// Passed tells if box has once had all points.
func (e Exercise) Passed() bool { return e.Of > 0 && e.Points >= e.Of }

func (e Exercise) String() string {
	if e.Of == 0 {
		return ""
	}
	points := fmt.Sprintf("%d/%d", e.Points, e.Of)
	if e.GivenUp {
		return points + " given up"
	}
	return points
}

// A Notebook is the file that a person's progress is kept in, $XDG_STATE_HOME/tutor/progress.json. Under sudo it is
// that of whoever typed sudo: the person learns, not root, and `tutor lab` without sudo shows the same.
type Notebook struct {
	path     string
	uid, gid int // whose file it is; with whose rights it is read and written
}

// OpenNotebook finds the person's.
func OpenNotebook() Notebook {
	n := Notebook{uid: os.Geteuid(), gid: os.Getegid()}
	home := os.Getenv("HOME")
	if person, err := user.Lookup(os.Getenv("SUDO_USER")); err == nil && n.uid == 0 {
		home = person.HomeDir
		n.uid, _ = strconv.Atoi(person.Uid)
		n.gid, _ = strconv.Atoi(person.Gid)
	}
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		state = filepath.Join(home, ".local", "state")
	}
	n.path = filepath.Join(state, "tutor", "progress.json")
	return n
}

// Read is the progress so far; a file that is not there, or is torn, is a fresh start.
func (n Notebook) Read() Progress {
	p := Progress{}
	n.as(func() error {
		content, err := os.ReadFile(n.path)
		if err == nil {
			err = json.Unmarshal(content, &p)
		}
		return err
	})
	if p == nil {
		p = Progress{}
	}
	return p
}

// Note writes down how far the person is in one lab.
func (n Notebook) Note(lab string, place Place) error {
	p := n.Read()
	place.Done, place.Exercise = place.Done || p[lab].Done, p[lab].Exercise
	p[lab] = place
	return n.write(p)
}

// Graded writes down what box was given in a lab, if it is the most so far.
func (n Notebook) Graded(lab string, points, of int) error {
	p := n.Read()
	place := p[lab]
	if points <= place.Exercise.Points && of == place.Exercise.Of {
		return nil
	}
	place.Exercise.Points, place.Exercise.Of = max(points, place.Exercise.Points), of
	p[lab] = place
	return n.write(p)
}

// GiveUp writes down that the solution was looked at.
func (n Notebook) GiveUp(lab string, of int) error {
	p := n.Read()
	place := p[lab]
	place.Exercise.GivenUp, place.Exercise.Of = true, of
	p[lab] = place
	return n.write(p)
}

func (n Notebook) write(p Progress) error {
	content, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return n.as(func() error { return replace(n.path, append(content, '\n')) })
}

// replace writes a file so that whoever reads it finds the old content or the new.
func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".progress-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		if remove := os.Remove(file.Name()); !errors.Is(remove, fs.ErrNotExist) {
			err = errors.Join(err, remove)
		}
	}
	return err
}

// as does something with the person's rights to files (setfsuid(2)), on a thread that is thrown away after: root
// that follows a link in somebody's home would write wherever the link leads.
func (n Notebook) as(do func() error) error {
	if n.uid == os.Geteuid() {
		return do()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := errors.Join(unix.Setfsgid(n.gid), unix.Setfsuid(n.uid)); err != nil {
			done <- err
			return
		}
		done <- do()
	}()
	return <-done
}
