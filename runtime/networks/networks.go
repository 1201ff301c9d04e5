// Package networks keeps what networks there are (TUTOR_ROOT/networks), and who has which address of them
// (TUTOR_RUN, which a restart of the machine empties as it ends every container). What a network is to the kernel,
// package network says.
package networks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A Network is a bridge with its addresses.
type Network struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Created  time.Time         `json:"created"`
	Subnet   netip.Prefix      `json:"subnet"`
	Gateway  netip.Addr        `json:"gateway"`
	Subnet6  netip.Prefix      `json:"subnet6,omitzero"`
	Gateway6 netip.Addr        `json:"gateway6,omitzero"`
	Internal bool              `json:"internal,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// Default is the network that containers are on when nobody says otherwise.
const Default = "bridge"

// Predefined are the names that no network can be given.
var Predefined = []string{Default, "host", "none"}

// A Store is a directory of networks, NAME.json each, and one of leases. Who changes either holds a lock on Run
// (flock(2)), which ends with its holder.
type Store struct {
	Dir string // networks
	Run string // leases, a directory a network
	Tag string // what tells the interfaces of one TUTOR_ROOT from those of another; "": the usual root
}

// Table is the name of the firewall's table of this root.
func (s Store) Table() string { return s.tagged("tutor", "-") }

// Bridge is the name of the network's interface.
func (s Store) Bridge(n Network) string {
	if n.Name == Default {
		return s.tagged("tutor0", "-")
	}
	return "br-" + n.ID[:12]
}

func (s Store) tagged(name, between string) string {
	if s.Tag == "" {
		return name
	}
	return name + between + s.Tag
}

// ErrNotFound says that there is no such network.
var ErrNotFound = errors.New("not found")

// List is every network, by name; the default one only once it was used.
func (s Store) List() ([]Network, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Network
	for _, e := range entries {
		name, found := strings.CutSuffix(e.Name(), ".json")
		if !found {
			continue
		}
		n, err := s.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just been removed
		}
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func (s Store) read(name string) (n Network, err error) {
	content, err := os.ReadFile(filepath.Join(s.Dir, name+".json"))
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal(content, &n); err != nil {
		return n, fmt.Errorf("network %s: its file cannot be read: %w", name, err)
	}
	return n, nil
}

// Find looks a network up by its name, its ID, or the beginning of its ID if only one begins so.
func (s Store) Find(text string) (Network, error) {
	all, err := s.List()
	if err != nil {
		return Network{}, err
	}
	for _, n := range all {
		if n.Name == text || n.ID == text {
			return n, nil
		}
	}
	var found []Network
	for _, n := range all {
		if text != "" && strings.HasPrefix(n.ID, text) {
			found = append(found, n)
		}
	}
	if len(found) > 1 {
		return Network{}, fmt.Errorf("network %s is ambiguous (%d matches found on name)", text, len(found))
	}
	if len(found) == 0 {
		return Network{}, fmt.Errorf("network %s %w", text, ErrNotFound)
	}
	return found[0], nil
}

// ErrName says that no network can have that name.
var ErrName = errors.New("invalid network name")

var goodName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// Create adds a network whose fields are checked and filled in: see Draft. The caller holds the lock.
func (s Store) Create(n Network, taken []netip.Prefix) (Network, error) {
	if !goodName.MatchString(n.Name) || len(n.Name) > 64 {
		return n, fmt.Errorf("%w %q: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at most 64 of them", ErrName, n.Name)
	}
	all, err := s.List()
	if err != nil {
		return n, err
	}
	for _, other := range all {
		if other.Name == n.Name {
			return n, fmt.Errorf("network with name %s already exists", n.Name)
		}
		taken = append(taken, other.Subnet)
		if other.Subnet6.IsValid() {
			taken = append(taken, other.Subnet6)
		}
	}
	if n, err = n.Draft(taken); err != nil {
		return n, err
	}
	return n, s.write(n)
}

func (s Store) write(n Network) error {
	content, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.Dir, n.Name+".json")
	f, err := os.Create(filepath.Join(s.Dir, ".new")) // one at a time: the lock is held
	if err != nil {
		return err
	}
	_, err = f.Write(append(content, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// ErrInUse says that somebody is on the network.
var ErrInUse = errors.New("error while removing network")

// Free is an error if somebody is on the network.
func (s Store) Free(n Network) error {
	leases, err := s.Leases(n)
	if err == nil && len(leases) > 0 {
		err = fmt.Errorf("%w: network %s has active endpoints (name:%q id:%q)", ErrInUse, n.Name, leases[0].Name, leases[0].Container[:12])
	}
	return err
}

// Remove forgets a network. The caller holds the lock, and has seen that it is free.
func (s Store) Remove(n Network) error {
	os.Remove(filepath.Join(s.Run, n.ID))
	return os.Remove(filepath.Join(s.Dir, n.Name+".json"))
}

// Tag tells the interfaces of a root from those of another.
func Tag(root string) string {
	if root == "/var/lib/tutor" {
		return ""
	}
	sum := sha256.Sum256([]byte(root))
	return hex.EncodeToString(sum[:3])
}

// BuiltIn are the networks that are none: the host's own, and nothing.
func (s Store) BuiltIn() (all []Network) {
	for _, name := range []string{"host", "none"} {
		sum := sha256.Sum256([]byte(s.Dir + name))
		all = append(all, Network{ID: hex.EncodeToString(sum[:]), Name: name})
	}
	return all
}

// FindBuiltIn looks one of them up, by its name or its ID.
func (s Store) FindBuiltIn(text string) (Network, bool) {
	for _, n := range s.BuiltIn() {
		if n.Name == text || text != "" && strings.HasPrefix(n.ID, text) {
			return n, true
		}
	}
	return Network{}, false
}

// Driver is Docker's word for what kind of network it is.
func (n Network) Driver() string {
	switch n.Name {
	case "host":
		return "host"
	case "none":
		return "null"
	}
	return "bridge"
}
