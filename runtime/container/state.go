package container

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// A Home is where containers are kept: Root is on disk and survives a restart of the machine, Run is not and
// does not. Two Homes with different roots never meet, even with one Run.
type Home struct {
	Root string // TUTOR_ROOT
	Run  string // TUTOR_RUN
}

// A State is what is known of a container on disk: state.json in its directory.
type State struct {
	ID       string            `json:"id"`
	Name     string            `json:"name,omitempty"`
	Image    string            `json:"image,omitempty"`
	Command  []string          `json:"command"`
	Created  time.Time         `json:"created"`
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	Status   string            `json:"status"` // created or exited; that it runs is in Run, see Live
	ExitCode int               `json:"exitCode"`
	Remove   bool              `json:"remove,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Layers   []string          `json:"layers,omitempty"` // directories that its root is made of, topmost first
}

// NewID is 64 random hexadecimal digits, as Docker's.
func NewID() string {
	id := make([]byte, 32)
	rand.Read(id) // never fails (crypto/rand)
	return hex.EncodeToString(id)
}

// Dir is the container's directory on disk.
func (h Home) Dir(id string) string { return filepath.Join(h.Root, "containers", id) }

// live is the directory of the locks of containers that run now, of this root only.
func (h Home) live() string {
	sum := sha256.Sum256([]byte(h.Root))
	return filepath.Join(h.Run, hex.EncodeToString(sum[:6]))
}

// A Live is what is known of a container only while it lives: the content of its lock file in Run, which does not
// survive a restart of the machine, as no process does.
type Live struct {
	PID     int       `json:"pid"`       // as the host sees it
	Born    uint64    `json:"startTime"` // of that PID, in clock ticks since boot (proc_pid_stat(5)): PIDs are used again
	Started time.Time `json:"started,omitzero"`
}

// note writes down what lives now.
func (c *Claim) note(l Live) error {
	content, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = c.file.WriteAt(append(content, '\n'), 0) // it only grows, and a torn line is read as nothing
	return err
}

// A Claim is the lock that says that somebody looks after the container. The kernel releases it when its
// holder dies, however it dies: a live directory whose lock can be had is a container that nobody clears.
type Claim struct {
	home Home
	id   string
	file *os.File
}

// Claim makes the container's directories and takes its lock. First it clears what dead owners have left.
func (h Home) Claim(state State) (*Claim, error) {
	if err := os.MkdirAll(filepath.Join(h.Root, "containers"), 0o700); err != nil {
		return nil, Hint(err, "run as root, or set TUTOR_ROOT to a directory that can be written")
	}
	if err := os.MkdirAll(h.live(), 0o700); err != nil {
		return nil, Hint(err, "run as root, or set TUTOR_RUN to a directory that can be written")
	}
	all, err := lockFile(filepath.Join(h.live(), "lock"), unix.F_SETLKW)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	if err := h.sweep(); err != nil {
		return nil, err
	}
	if err := h.nameIsFree(state.Name); err != nil {
		return nil, err
	}
	file, err := lockFile(filepath.Join(h.live(), state.ID), unix.F_SETLK)
	if err != nil {
		return nil, err
	}
	c := &Claim{home: h, id: state.ID, file: file}
	if err := os.Mkdir(h.Dir(state.ID), 0o710); err != nil {
		c.release()
		return nil, err
	}
	if err := h.save(state); err != nil {
		os.RemoveAll(h.Dir(state.ID))
		c.release()
		return nil, err
	}
	return c, nil
}

// release gives the claim up; the container's directory stays.
func (c *Claim) release() {
	os.Remove(c.file.Name())
	c.file.Close()
}

// lockFile makes the file if need be and locks it: F_SETLKW waits, F_SETLK does not (fcntl_locking(2)). These
// locks belong to the process. One of flock(2) would be the child's too, and outlive a tutor that is killed.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return locked(f, how)
}

func locked(f *os.File, how int) (*os.File, error) {
	if err := unix.FcntlFlock(f.Fd(), how, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// save writes state.json such that a reader sees the old one or the new one, never half of one.
func (h Home) save(s State) error {
	return writeJSON(filepath.Join(h.Dir(s.ID), "state.json"), s)
}

func writeJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(content, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Load reads a container's state.
func (h Home) Load(id string) (State, error) {
	var s State
	content, err := os.ReadFile(filepath.Join(h.Dir(id), "state.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(content, &s)
}

// List is every container of this root. A directory without a state is one that was never finished.
func (h Home) List() ([]State, error) {
	entries, err := os.ReadDir(filepath.Join(h.Root, "containers"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var states []State
	for _, e := range entries {
		if s, err := h.Load(e.Name()); err == nil {
			states = append(states, s)
		}
	}
	return states, nil
}

func (h Home) nameIsFree(name string) error {
	if name == "" {
		return nil
	}
	states, err := h.List()
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Name == name {
			return Hint(fmt.Errorf("Conflict. The container name %q is already in use by container %q", "/"+name, s.ID),
				"choose another --name, or remove the directory of that container: "+h.Dir(s.ID))
		}
	}
	return nil
}
