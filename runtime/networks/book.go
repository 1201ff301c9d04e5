package networks

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Book tells who is who on the networks that a container is on. On the default network nobody has a name, as in Docker.
type Book struct {
	Store     Store
	Container string // an ID

	mutex sync.Mutex
	pages map[string]page // by the directory of leases
}

// A page is what was read of one network.
type page struct {
	changed time.Time // of the directory, when it was read
	read    time.Time
	leases  []Lease
}

// settled is how long after a change the directory's time tells of the next one: file systems round it to a tick.
const settled = 50 * time.Millisecond

// Addresses are those of the containers that have the name: a container's own, the beginning of its ID, an alias; each also with the
// network's name behind it, web.lab.
func (b *Book) Addresses(name string) (addresses []netip.Addr, known bool) {
	for _, n := range b.networks() {
		plain := strings.TrimSuffix(name, "."+strings.ToLower(n.Name))
		for _, l := range b.leases(n) {
			if !l.called(name) && !l.called(plain) {
				continue
			}
			known = true
			addresses = append(addresses, l.Address)
			if l.Address6.IsValid() {
				addresses = append(addresses, l.Address6)
			}
		}
	}
	return addresses, known
}

// Names are those of the container that has the address: name.network, as Docker answers.
func (b *Book) Names(address netip.Addr) []string {
	for _, n := range b.networks() {
		for _, l := range b.leases(n) {
			if l.Address == address || l.Address6 == address {
				return []string{l.Name + "." + n.Name}
			}
		}
	}
	return nil
}

// called tells if the lease's container goes by the name, which is in lower case.
func (l Lease) called(name string) bool {
	same := func(s string) bool { return strings.EqualFold(s, name) }
	return same(l.Name) || same(l.Container[:12]) || slices.ContainsFunc(l.Aliases, same)
}

// networks are those that the container is on and that have names.
func (b *Book) networks() []Network {
	return slices.DeleteFunc(b.on(), func(n Network) bool { return n.Name == Default })
}

// Alone tells if the container is on no network that leads outside.
func (b *Book) Alone() bool {
	return !slices.ContainsFunc(b.on(), func(n Network) bool { return !n.Internal })
}

// on are the networks that the container is on. It may be plugged into another at any time.
func (b *Book) on() (on []Network) {
	all, _ := b.Store.List()
	for _, n := range all {
		if slices.ContainsFunc(b.leases(n), func(l Lease) bool { return l.Container == b.Container }) {
			on = append(on, n)
		}
	}
	return on
}

func (b *Book) leases(n Network) []Lease {
	dir := filepath.Join(b.Store.Run, n.ID)
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if p, read := b.pages[dir]; read && p.changed.Equal(info.ModTime()) && p.read.Sub(p.changed) > settled {
		return p.leases
	}
	p := page{changed: info.ModTime(), read: time.Now()}
	if p.leases, err = b.Store.Leases(n); err != nil {
		return nil
	}
	if b.pages == nil {
		b.pages = map[string]page{}
	}
	b.pages[dir] = p
	return p.leases
}
