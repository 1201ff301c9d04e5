package networks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Lease is one container on one network: its addresses there, and its names. It is a file named after the address and the
// container, so that a look at the directory tells what is free.
type Lease struct {
	Network   string     `json:"network"` // its ID
	Container string     `json:"container"`
	Name      string     `json:"name"`              // the container's
	Aliases   []string   `json:"aliases,omitempty"` // other names on this network
	Address   netip.Addr `json:"address"`
	Address6  netip.Addr `json:"address6,omitzero"`
	MAC       []byte     `json:"mac"`
	Interface string     `json:"interface"` // its name inside
	Outside   string     `json:"outside"`   // that of the other end of the cable
}

// ID is the endpoint's: 64 hexadecimal digits, as Docker's are. They are the same for as long as the container is on the network.
func (l Lease) ID() string {
	sum := sha256.Sum256([]byte(l.Network + l.Container))
	return hex.EncodeToString(sum[:])
}

// A Wish is what a container asks for of a network.
type Wish struct {
	Network  string     `json:"network"` // name or ID
	Address  netip.Addr `json:"address,omitzero"`
	Address6 netip.Addr `json:"address6,omitzero"`
	MAC      []byte     `json:"mac,omitempty"`
	Aliases  []string   `json:"aliases,omitempty"`
}

// ErrFull and ErrFull6 say that the network has no address left.
var (
	ErrFull  = errors.New("no available IPv4 addresses on this network's address pools")
	ErrFull6 = errors.New("no available IPv6 addresses on this network's address pools")
)

func (s Store) leaseFile(l Lease) string {
	return filepath.Join(s.Run, l.Network, l.Address.String()+"_"+l.Container)
}

// Has says if the network has not the addresses that somebody wishes.
func (n Network) Has(w Wish) error {
	for _, one := range []struct {
		address netip.Addr
		subnet  netip.Prefix
	}{{w.Address, n.Subnet}, {w.Address6, n.Subnet6}} {
		if one.address.IsValid() && !one.subnet.Contains(one.address) {
			return fmt.Errorf("invalid config for network %s: no configured subnet contains IP address %s", n.Name, one.address)
		}
	}
	return nil
}

// Lend gives a container an address on the network: the one that it wishes, or the first that is free. The caller holds the
// lock; l has the container, its name and its interface. With keep it is written down.
func (s Store) Lend(n Network, w Wish, l Lease, keep bool) (Lease, error) {
	if err := n.Has(w); err != nil {
		return l, err
	}
	leases, err := s.Leases(n)
	if err != nil {
		return l, err
	}
	taken := map[netip.Addr]bool{n.Gateway: true, n.Gateway6: true, n.Subnet.Addr(): true, last(n.Subnet): true}
	for _, other := range leases {
		taken[other.Address], taken[other.Address6] = true, true
	}
	l.Network, l.Aliases, l.Address = n.ID, w.Aliases, w.Address
	if taken[l.Address] && l.Address.IsValid() || taken[w.Address6] && w.Address6.IsValid() {
		return l, fmt.Errorf("failed to set up container networking: Address already in use")
	}
	number := uint32(1)
	for ; !l.Address.IsValid(); number++ {
		a := at(n.Subnet, number)
		if !n.Subnet.Contains(a) || number >= 1<<(32-n.Subnet.Bits()) {
			return l, fmt.Errorf("%w: %s (%s)", ErrFull, n.Name, n.ID)
		}
		if !taken[a] {
			l.Address = a
		}
	}
	if l.Address6 = w.Address6; n.Subnet6.IsValid() && !l.Address6.IsValid() {
		if l.Address6 = firstFree(n.Subnet6, taken); !l.Address6.IsValid() {
			return l, fmt.Errorf("%w: %s (%s)", ErrFull6, n.Name, n.ID)
		}
	}
	if l.MAC = w.MAC; l.MAC == nil { // of the address, so that neighbours who remember are right
		l.MAC = append([]byte{0x02, 0x42}, l.Address.AsSlice()...)
	}
	if !keep {
		return l, nil
	}
	return l, s.keep(l)
}

// Rename gives a container its new name on every network that it is on. The caller holds the lock.
func (s Store) Rename(container, name string) error {
	leases, err := s.Of(container)
	for _, l := range leases {
		l.Name = name
		err = errors.Join(err, s.keep(l))
	}
	return err
}

func firstFree(p netip.Prefix, taken map[netip.Addr]bool) netip.Addr {
	for a := p.Addr().Next(); p.Contains(a); a = a.Next() {
		if !taken[a] {
			return a
		}
	}
	return netip.Addr{}
}

func (s Store) keep(l Lease) error {
	content, err := json.Marshal(l)
	if err != nil {
		return err
	}
	path := s.leaseFile(l)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unfinished := filepath.Join(s.Run, ".new") // one at a time: the lock is held
	if err := os.WriteFile(unfinished, content, 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// Leases are the containers on a network.
func (s Store) Leases(n Network) ([]Lease, error) {
	return s.matching(filepath.Join(s.Run, n.ID), "")
}

// Of are the networks that a container is on now, eth0's first.
func (s Store) Of(container string) ([]Lease, error) {
	dirs, err := os.ReadDir(s.Run)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Lease
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		leases, err := s.matching(filepath.Join(s.Run, d.Name()), "_"+container)
		if err != nil {
			return nil, err
		}
		all = append(all, leases...)
	}
	slices.SortFunc(all, func(a, b Lease) int { return cmp.Compare(a.Interface, b.Interface) })
	return all, nil
}

func (s Store) matching(dir, suffix string) ([]Lease, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Lease
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		var l Lease
		if err = errors.Join(err, json.Unmarshal(content, &l)); err != nil {
			return nil, fmt.Errorf("lease %s: %w", e.Name(), err)
		}
		all = append(all, l)
	}
	return all, nil
}

// Return gives an address back.
func (s Store) Return(l Lease) error {
	err := os.Remove(s.leaseFile(l))
	os.Remove(filepath.Join(s.Run, l.Network)) // if that was the last
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Containers are those that are on any network, with the number of leases that each has.
func (s Store) Containers() map[string]int {
	all := map[string]int{}
	dirs, _ := os.ReadDir(s.Run)
	for _, d := range dirs {
		leases, _ := os.ReadDir(filepath.Join(s.Run, d.Name())) // none: it is a file, or has just gone
		for _, l := range leases {
			if _, container, found := strings.Cut(l.Name(), "_"); found {
				all[container]++
			}
		}
	}
	return all
}

// Idle tells if nobody is on any network.
func (s Store) Idle() bool { return len(s.Containers()) == 0 }
