package container

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"tutor/runtime/ports"
	"tutor/runtime/sys"
)

// A Home is where containers are kept: Root is on disk and survives a restart of the machine, Run is not and
// does not. Two Homes with different roots never meet, even with one Run.
type Home struct {
	Root string // TUTOR_ROOT
	Run  string // TUTOR_RUN
}

// A State is what is known of a container on disk: state.json in its directory.
type State struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitempty"`
	Image    string    `json:"image,omitempty"`   // the name it was run by, which may mean another image by now
	ImageID  string    `json:"imageId,omitempty"` // the image itself: the digest of its config
	Command  []string  `json:"command"`
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Status   string    `json:"status"` // created or exited; that it runs is in Run, see Live
	ExitCode int       `json:"exitCode"`
	Error    string    `json:"error,omitempty"` // why the last start failed

	OOMKilled bool `json:"oomKilled,omitempty"` // a process of it was killed for want of memory

	Terminal    bool              `json:"terminal,omitempty"`    // -t
	Interactive bool              `json:"interactive,omitempty"` // -i
	Remove      bool              `json:"remove,omitempty"`      // --rm
	Restarted   time.Time         `json:"restarted,omitzero"`    // the life whose end is not the last: with --rm it stays then
	Network     string            `json:"network,omitempty"`     // how --network was given
	Networks    []string          `json:"networks,omitempty"`    // what it is plugged into, or "host", "none", "container:NAME"
	Labels      map[string]string `json:"labels,omitempty"`
	StopTimeout *int              `json:"stopTimeout,omitempty"` // seconds; nil: ten; below zero: no bound
	Layers      []string          `json:"layers,omitempty"`      // directories that its root is made of, topmost first
	Config      v1.Config         `json:"config,omitzero"`       // as the command line has changed the image's
	Volumes     []VolumeUse       `json:"volumes,omitempty"`
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
	PID     int          `json:"pid"`       // as the host sees it
	Born    uint64       `json:"startTime"` // of that PID, in clock ticks since boot (proc_pid_stat(5)): PIDs are used again
	Started time.Time    `json:"started,omitzero"`
	Monitor int          `json:"monitor,omitempty"` // the process that looks after it
	Ports   []ports.Port `json:"ports,omitempty"`   // published
	Stuck   bool         `json:"stuck,omitempty"`   // it has ended, and a process in its groups has not: only they are left
}

// note writes down what lives now.
func (c *Claim) note(l Live) error {
	content, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = c.file.WriteAt(append(content, '\n'), 0) // what of an older line is longer stays after it, and nobody reads that; a torn one is read as nothing
	return err
}

// A Claim is the lock that says that somebody looks after the container. The kernel releases it when its
// holder dies, however it dies: a live directory whose lock can be had is a container that nobody clears.
type Claim struct {
	home   Home
	id     string
	file   *os.File
	socket io.Closer // where people attach; nil: nowhere
}

// Claim takes the lock of a container that does not run; ErrRunning if it does.
func (h Home) Claim(id string) (c *Claim, err error) {
	err = h.changing(func() error {
		if _, err := h.Load(id); err != nil {
			return noSuch(id)
		}
		c, err = h.claim(id)
		return err
	})
	return c, err
}

func (h Home) claim(id string) (*Claim, error) {
	file, err := lockFile(filepath.Join(h.live(), id), unix.F_SETLK)
	if err != nil {
		return nil, ErrRunning
	}
	return &Claim{home: h, id: id, file: file}, nil
}

// Runs tells if somebody looks after the container now. A process must not ask for one that it looks after
// itself: closing the file would give the lock away (fcntl_locking(2)).
func (h Home) Runs(id string) bool {
	f, err := os.OpenFile(filepath.Join(h.live(), id), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	return unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK
}

// release gives the claim up; the container's directory stays. So does the claim's file where a group could not be removed: it is
// the next tutor's to clear.
func (c *Claim) release() {
	if c.socket != nil {
		os.Remove(filepath.Join(c.home.live(), socketName(c.id)))
		c.socket.Close()
	}
	if len(groupDirs(c.id)) == 0 {
		os.Remove(c.file.Name())
	} else {
		c.note(Live{Stuck: true})
	}
	c.file.Close()
}

// lockFile makes the file if need be and locks it: F_SETLKW waits, F_SETLK does not (fcntl_locking(2)). These
// locks belong to the process. One of flock(2) would be the child's too, and outlive a tutor that is killed.
func lockFile(path string, how int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if f, err = locked(f, how); !errors.Is(err, errReleased) {
			return f, err
		}
	}
}

// errReleased is for the lock of a file that its last holder has removed meanwhile: it keeps nobody out.
var errReleased = errors.New("it has just been given up")

func locked(f *os.File, how int) (*os.File, error) {
	err := unix.FcntlFlock(f.Fd(), how, &unix.Flock_t{Type: unix.F_WRLCK})
	if err == nil {
		ours, _ := f.Stat()
		if named, failed := os.Stat(f.Name()); failed != nil || !os.SameFile(ours, named) {
			err = errReleased
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// save writes state.json such that a reader sees the old one or the new one, never half of one.
func (h Home) save(s State) error { return writeJSON(h.statePath(s.ID), s) }

func (h Home) statePath(id string) string { return filepath.Join(h.Dir(id), "state.json") }

// saveEnd is save for a container that may itself have filled the disk, and must still be said to have ended: its old state is
// written over where it stands, for that has the room of a block, and no state needs more.
func (h Home) saveEnd(s State) error {
	err := h.save(s)
	if !sys.Full(err) {
		return err
	}
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(h.statePath(s.ID), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(append(content, '\n'), 0)
	if err == nil {
		err = file.Truncate(int64(len(content)) + 1)
	}
	return errors.Join(err, file.Close())
}

// writeJSON goes to the disk before it takes its name: after a power cut a file that was renamed first could be empty
// (ext4's delayed allocation). A file that says the same already stays.
func writeJSON(path string, value any) (err error) {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	content = append(content, '\n')
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		return os.Rename(path+".new", path)
	}
	os.Remove(path + ".new")
	return err
}

// Load reads a container's state.
func (h Home) Load(id string) (State, error) {
	var s State
	content, err := os.ReadFile(h.statePath(id))
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
		if s, err := h.Load(e.Name()); err == nil && !strings.HasPrefix(e.Name(), ".gone-") {
			states = append(states, s)
		}
	}
	return states, nil
}
