package container

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// What the networks have in the kernel: the firewall's table, and a bridge each. A tutor may be killed between any two
// steps, so what says that there is something comes before it, and goes after it: a lease before the table, a bridge
// that is on after all that belongs to it.

// up makes what is not there yet of the networks. own is the container that this very process looks after, if any.
func (h Home) up(on []networks.Network, own string, made Made) error {
	err := carryOut(program.Of(network.FindFirewall(sys.Table(h.Networks().Table()))), made)
	store := h.Networks()
	bare := errors.Is(err, unix.ENOENT) || slices.Contains(store.Begun(), networks.Renewing)
	list := h.lacks(on, bare)
	if bare { // new, or somebody has flushed it, or was killed before the ports of those who run were in it again
		err = h.renew(list, own, made)
	} else if err == nil && len(list) > 0 {
		err = carryOut(list, made)
	}
	return Hint(err, "tutor doctor says what the kernel lacks; --network none needs nothing of it")
}

// renew makes the firewall, and puts the ports of all who run into it.
func (h Home) renew(list program.Program, own string, made Made) error {
	store := h.Networks()
	if err := store.Begin(networks.Renewing); err != nil {
		return err
	}
	if err := carryOut(list, made); err != nil {
		return err
	}
	if err := h.republish(own, made); err != nil {
		return err
	}
	return store.Done(networks.Renewing)
}

// lacks is what is not there yet. Without firewall it is made, and told of the networks that are there.
func (h Home) lacks(on []networks.Network, bare bool) program.Program {
	list := forwarding(on)
	if bare {
		list = append(list, network.Firewall(sys.Table(h.Networks().Table())))
		all, _ := h.Networks().List()
		for _, n := range all {
			if _, isOn := link(h.Networks().Bridge(n)); isOn {
				list = append(list, network.Join(h.net(n)))
			}
		}
	}
	for _, n := range on {
		list = append(list, h.upOne(n)...)
	}
	return list
}

// forwarding switches on what the networks need to lead anywhere, if it is off.
func forwarding(on []networks.Network) (list program.Program) {
	for _, version := range []struct {
		path  string
		needs func(networks.Network) bool
	}{
		{"/proc/sys/net/ipv4/ip_forward", func(n networks.Network) bool { return !n.Internal }},
		{"/proc/sys/net/ipv6/conf/all/forwarding", func(n networks.Network) bool { return !n.Internal && n.Subnet6.IsValid() }},
	} {
		if slices.ContainsFunc(on, version.needs) && readTrimmed(version.path) != "1" {
			list = append(list, network.Forwarding(version.path))
		}
	}
	return list
}

// upOne is what the network lacks. A bridge that is there and off is one that was not finished, or that a person has
// switched off: what it has already is no error.
func (h Home) upOne(n networks.Network) (list program.Program) {
	kernel := h.net(n)
	there, on := link(kernel.Bridge)
	if on {
		return nil
	}
	return append(h.bridge(kernel, there), network.Join(kernel), network.On(kernel))
}

// bridge is a network's bridge with all that belongs to it, still off.
func (h Home) bridge(n network.Net, there bool) (list program.Program) {
	if !there {
		list = program.Of(network.Bridge(n))
	}
	return append(list, network.Gateway(n), network.Localnet(n), network.Deaf(n, knowsIPv6()))
}

// link tells if an interface is there, and on, in the network that tutor is in: /sys may be mounted for another one.
func link(name string) (there, on bool) {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return false, false
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, false
	}
	defer unix.Close(socket)
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err != nil {
		return false, false
	}
	return true, request.Uint16()&unix.IFF_UP != 0
}

// unfinished takes a container off a network again when the tutor that has plugged it in was killed before it could note so.
// One that still lives has the container's turn: it holds that from before the mark until after it.
func (h Home) unfinished(m networks.Mark) error {
	on, id, is := m.Plugged()
	if !is {
		return nil
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	turn, err := h.turn(over, id) // one look, and no waiting
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err == nil {
		defer turn.Close()
	}
	n, err := h.Networks().Find(on)
	if r, unknown := h.recipe(id); err == nil && (unknown != nil || !r.Options.on(n)) {
		err = h.off(id, n, nil)
	}
	if err != nil && !errors.Is(err, networks.ErrNotFound) {
		return err
	}
	return h.Networks().Done(m)
}

// mend gives back what containers have that are no more, and makes the firewall anew if somebody has flushed it while
// others run: their ports would be shut, and what keeps them apart would be open.
func (h Home) mend() error {
	store := h.Networks()
	if store.Idle() && len(store.Begun()) == 0 {
		return nil
	}
	lock, err := store.Lock(context.Background())
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, m := range store.Begun() {
		if err := h.unfinished(m); err != nil {
			return err
		}
	}
	for id := range store.Containers() {
		_, err := os.Stat(filepath.Join(h.live(), id))
		if errors.Is(err, fs.ErrNotExist) {
			err = h.part(id, nil)
		}
		if err != nil {
			return err
		}
	}
	if store.Idle() {
		return nil
	}
	return h.up(nil, "", nil)
}

// leave gives the container's addresses back. The last one takes the firewall's table with it, and the default network's
// bridge; networks that somebody has made stay.
func (h Home) leave(ctx context.Context, id string, made Made) error {
	store := h.Networks()
	if _, err := os.Stat(store.Run); err != nil {
		return nil // there was never a network
	}
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	return h.part(id, made)
}

// part is leave, under the lock.
func (h Home) part(id string, made Made) error {
	leases, err := h.Networks().Of(id)
	if err != nil {
		return err
	}
	return h.giveBack(leases, made)
}

// giveBack returns leases, and before the last of all takes away what the networks have in the kernel that nobody uses.
func (h Home) giveBack(leases []networks.Lease, made Made) (err error) {
	store := h.Networks()
	var silent program.Program
	for _, l := range leases {
		if there, _ := link(l.Outside); there {
			silent = append(silent, network.Silence(network.Endpoint{Outside: l.Outside}))
		}
	}
	if len(silent) > 0 {
		err = carryOut(silent, made)
	}
	left := -len(leases)
	for _, has := range store.Containers() {
		left += has
	}
	if len(leases) > 0 && left == 0 {
		err = errors.Join(err, h.down(made))
	}
	for _, l := range leases {
		err = errors.Join(err, store.Return(l))
	}
	return err
}

func (h Home) down(made Made) error {
	var list program.Program
	if n, err := h.Networks().Find(networks.Default); err == nil {
		if there, _ := link(h.Networks().Bridge(n)); there {
			list = append(list, network.RemoveBridge(h.net(n)))
		}
	}
	err := carryOut(append(list, network.RemoveFirewall(sys.Table(h.Networks().Table()))), made)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return h.Networks().Done(networks.Renewing)
}
