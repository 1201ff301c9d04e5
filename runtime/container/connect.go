package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Networks is where the networks of this root are kept.
func (h Home) Networks() networks.Store {
	return networks.Store{Dir: filepath.Join(h.Root, "networks"), Run: filepath.Join(h.live(), "networks"), Tag: networks.Tag(h.Root)}
}

// Net is the network as the kernel has it.
func (h Home) net(n networks.Network) network.Net {
	store := h.Networks()
	return network.Net{Table: sys.Table(store.Table()), Bridge: store.Bridge(n), Index: n.Index(), MAC: n.MAC(), Gateways: n.Gateways(), Internal: n.Internal}
}

// A Made is told of every Program that was carried out beside the container's own, with what became of it.
type Made func(p program.Program, r *process.Running)

// carryOut runs a Program of the host's hand alone.
func carryOut(p program.Program, made Made) error {
	r, err := process.Start(p, process.Hooks{})
	if r == nil {
		return err
	}
	if made != nil {
		made(p, r)
	}
	r.Close()
	return err
}

// join finds or makes the networks that the container wishes to be on, takes an address of each, and puts all of it into the
// Plan. Without keep it only looks what would be: nothing is written, and nothing runs.
func (c *Container) join(ctx context.Context, keep bool, made Made) (err error) {
	o := c.Options
	if target, shares := o.sharesWith(); shares {
		return c.share(target, keep)
	}
	if !o.plugged() {
		return nil
	}
	store := c.home.Networks()
	if keep {
		lock, err := store.Lock(ctx)
		if err != nil {
			return Hint(err, "run as root, or set TUTOR_RUN to a directory that can be written")
		}
		defer lock.Close()
		defer func() {
			if err != nil {
				err = errors.Join(err, c.home.part(c.State.ID, made))
			}
		}()
	}
	if c.live.Ports, err = chosen(o.published(c.image.Config)); err != nil {
		return err
	}
	var leases []networks.Lease
	var on []networks.Network
	for i, w := range o.wishes() {
		n, err := c.home.joinable(w.Network, keep)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(on, func(other networks.Network) bool { return other.Name == n.Name }) {
			return Hint(fmt.Errorf("network %q is specified multiple times", n.Name), "one --network for each")
		}
		c.Options.callNetwork(i, n.Name)
		if o.refusesIPv6() {
			n.Subnet6 = netip.Prefix{}
		}
		lease := networks.Lease{Container: c.State.ID, Name: c.State.Name, Interface: fmt.Sprintf("eth%d", i), Outside: outside(c.State.ID, i)}
		if lease, err = store.Lend(n, w, lease, keep); err != nil {
			return hintFull(err)
		}
		leases, on = append(leases, lease), append(on, n)
	}
	c.Before = c.home.lacks(on, store.Idle())
	if keep {
		if err := errors.Join(c.home.up(on, c.State.ID, made), c.home.unplugged(leases, made)); err != nil {
			return err
		}
	}
	c.wire(on, leases)
	c.Program, err = c.Plan.Program()
	return err
}

// unplugged takes away the cables of the container's last life that the kernel has not come to yet: they have the names that
// those of this life get.
func (h Home) unplugged(leases []networks.Lease, made Made) error {
	var list program.Program
	for _, l := range leases {
		if there, _ := link(l.Outside); there {
			list = append(list, network.Unplug(network.Endpoint{Outside: l.Outside}))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return carryOut(list, made)
}

// network finds a network. The default one is made when it is first asked for.
func (h Home) network(name string) (networks.Network, error) {
	n, err := h.Networks().Find(name)
	if name == networks.Default && errors.Is(err, networks.ErrNotFound) {
		return h.newDefault(true)
	}
	return n, hintNetwork(err)
}

// joinable is network for a container that comes. Another network of this machine may have taken the addresses while nobody was
// there, and packets would go astray: the default network looks for others; who has chosen them himself must choose anew.
func (h Home) joinable(name string, keep bool) (networks.Network, error) {
	n, err := h.Networks().Find(name)
	if name == networks.Default && errors.Is(err, networks.ErrNotFound) {
		return h.newDefault(keep)
	}
	lost := err == nil && h.lost(n)
	if lost && n.Name == networks.Default {
		if keep {
			err = h.Networks().Remove(n)
		}
		if err == nil {
			n, err = h.newDefault(keep)
		}
		return n, err
	}
	if lost {
		err = Hint(fmt.Errorf("network %s: by now this machine finds the addresses %s elsewhere", n.Name, n.Subnet),
			fmt.Sprintf("ip route shows where; tutor network rm %s, and create it with another --subnet", n.Name))
	}
	return n, hintNetwork(err)
}

// newDefault is the default network; without keep only what it would be.
func (h Home) newDefault(keep bool) (networks.Network, error) {
	n := networks.Network{Name: networks.Default}
	if !keep {
		n, err := n.Draft(occupied())
		return n, hintTaken(err)
	}
	n, err := h.Networks().Create(n, occupied())
	return n, hintTaken(err)
}

// lost tells if a network that is down has addresses that this machine finds elsewhere by now.
func (h Home) lost(n networks.Network) bool {
	if there, _ := link(h.Networks().Bridge(n)); there {
		return false
	}
	return slices.ContainsFunc(occupied(), n.Subnet.Overlaps)
}

func hintNetwork(err error) error {
	if errors.Is(err, networks.ErrNotFound) {
		return Hint(err, "tutor network ls shows those that are there; tutor network create makes one")
	}
	return err
}

func hintFull(err error) error {
	switch {
	case errors.Is(err, networks.ErrFull):
		return Hint(err, "tutor network inspect shows who has them; a larger network: tutor network create --subnet 10.5.0.0/16 NAME")
	case errors.Is(err, networks.ErrFull6):
		return Hint(err, "tutor network inspect shows who has them; a larger network: tutor network create --ipv6 --subnet fd77::/64 NAME")
	}
	return err
}

// hintTaken says what else could be asked for.
func hintTaken(err error) error {
	switch {
	case errors.Is(err, networks.ErrOverlaps):
		return Hint(err, "ip address and tutor network inspect show who has them; another --subnet")
	case errors.Is(err, networks.ErrSmall):
		return Hint(err, "four addresses are the least: --subnet 10.5.0.0/30, and with IPv6 --subnet fd77::/126")
	case errors.Is(err, networks.ErrReserved):
		return Hint(err, "addresses for networks of one's own are in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and fd00::/8")
	case errors.Is(err, networks.ErrNoPool):
		return Hint(err, "ip route shows what this machine finds elsewhere; tutor network create --subnet 10.5.0.0/16 NAME chooses")
	}
	return err
}

// occupied are the networks that this machine has a way to: those of its interfaces, and those of its routes.
func occupied() []netip.Prefix { return append(addressed(), routes()...) }

// addressed are the networks that this machine itself is on.
func addressed() (taken []netip.Prefix) {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() {
			taken = append(taken, p.Masked())
		}
	}
	return taken
}

// share has the container use another's network namespace, and with it its name, its addresses and its ports.
func (c *Container) share(name string, keep bool) error {
	s, err := c.home.Find(name)
	if err != nil {
		return err
	}
	live, _ := c.home.alive(s.ID)
	if keep {
		if live, err = c.home.started(s); err != nil {
			return Hint(fmt.Errorf("cannot join network of a non running container: %s", s.ID), "tutor start "+s.Name)
		}
	}
	for i, n := range c.Plan.Spec.Linux.Namespaces {
		if n.Type == "network" {
			c.Plan.Spec.Linux.Namespaces[i].Path = fmt.Sprintf("/proc/%d/ns/net", live.PID)
		}
	}
	c.shared, c.beside = s, live
	c.Program, err = c.Plan.Program()
	return err
}
