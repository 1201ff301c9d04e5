package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/ports"
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
		n, err := c.home.network(w.Network, keep)
		if err != nil {
			return err
		}
		lease := networks.Lease{Container: c.State.ID, Name: c.State.Name, Interface: fmt.Sprintf("eth%d", i), Outside: outside(c.State.ID, i)}
		if lease, err = store.Lend(n, w, lease, keep); err != nil {
			return err
		}
		leases, on = append(leases, lease), append(on, n)
	}
	if keep {
		if err := c.home.up(on, made); err != nil {
			return err
		}
	}
	c.wire(on, leases)
	c.Program, err = c.Plan.Program()
	return err
}

// network finds a network. The default one is made when it is first used.
func (h Home) network(name string, keep bool) (networks.Network, error) {
	store := h.Networks()
	n, err := store.Find(name)
	if err == nil || name != networks.Default || !errors.Is(err, networks.ErrNotFound) {
		return n, hintNetwork(err)
	}
	n = networks.Network{Name: networks.Default}
	if !keep {
		return n.Draft(occupied())
	}
	return store.Create(n, occupied())
}

func hintNetwork(err error) error {
	if errors.Is(err, networks.ErrNotFound) {
		return Hint(err, "tutor network ls shows those that are there; tutor network create makes one")
	}
	return err
}

// occupied are the networks that this machine has a way to: those of its interfaces, and those of its routes.
func occupied() (taken []netip.Prefix) {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() {
			taken = append(taken, p.Masked())
		}
	}
	return append(taken, routes()...)
}

// wire puts the addresses into the Plan: each network a cable, the first that leads anywhere the way out.
func (c *Container) wire(on []networks.Network, leases []networks.Lease) {
	out4, out6 := false, false
	var endpoints []network.Endpoint
	publication := ports.Publication{}
	for i, l := range leases {
		e := endpoint(c.home.net(on[i]), l, i, on[i])
		if !on[i].Internal {
			if !out4 {
				e.Routes, out4 = append(e.Routes, on[i].Gateway), true
				publication.IPv4 = l.Address
			}
			if l.Address6.IsValid() && !out6 {
				e.Routes, out6 = append(e.Routes, on[i].Gateway6), true
				publication.IPv6 = l.Address6
			}
		}
		endpoints = append(endpoints, e)
	}
	c.leases = leases
	c.Plan.Wire = network.NewWire(c.Plan.Wire.PID, endpoints...)
	if len(c.live.Ports) > 0 && publication.IPv4.IsValid() {
		c.Plan.Ports = c.home.publication(c.live.Ports, publication.IPv4, publication.IPv6)
	}
}

func endpoint(n network.Net, l networks.Lease, i int, on networks.Network) network.Endpoint {
	e := network.Endpoint{Net: n, Interface: l.Interface, Index: insideIndex + i, Outside: l.Outside, MAC: l.MAC,
		Addresses: []netip.Prefix{netip.PrefixFrom(l.Address, on.Subnet.Bits())}}
	if l.Address6.IsValid() {
		e.Addresses = append(e.Addresses, netip.PrefixFrom(l.Address6, on.Subnet6.Bits()))
	}
	return e
}

// insideIndex is the number of eth0. A new namespace may have devices beside lo already: tunl0 and its kin, a dozen at most.
const insideIndex = 100

// outside is the name of the cable's end on the host: 15 characters is all that the kernel takes.
func outside(id string, i int) string { return fmt.Sprintf("veth%s%d", id[:8], i) }

// publication is the ports of a container as the firewall has them.
func (h Home) publication(list []ports.Port, ipv4, ipv6 netip.Addr) ports.Publication {
	p := ports.New(sys.Table(h.Networks().Table()), portMaps, list, hasIPv6())
	p.IPv4, p.IPv6 = ipv4, ipv6
	return p
}

// portMaps are the firewall's, which the published ports are put into.
var portMaps = ports.Maps{One: network.PortsOfOne, All: network.PortsOfAll, One6: network.PortsOfOne6, All6: network.PortsOfAll6}

func hasIPv6() bool {
	content := readTrimmed("/proc/sys/net/ipv6/conf/all/disable_ipv6")
	return content == "0"
}

// up makes what is not there yet of the networks: the firewall's table, and each network's bridge.
func (h Home) up(on []networks.Network, made Made) error {
	table := sys.Table(h.Networks().Table())
	err := carryOut(program.Of(network.FindFirewall(table)), made)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return Hint(err, "tutor doctor says what the kernel lacks; --network none needs nothing of it")
	}
	bare := err != nil
	if bare {
		all, err := h.Networks().List()
		if err != nil {
			return err
		}
		for _, n := range all { // the new table knows nobody
			if h.isUp(n) && !slices.ContainsFunc(on, func(o networks.Network) bool { return o.ID == n.ID }) {
				on = append(on, n)
			}
		}
	}
	var list program.Program
	if bare {
		list = append(list, network.Forwarding(forwarding4, readTrimmed(forwarding4) == "1"), network.Firewall(table))
	}
	for _, n := range on {
		list = append(list, h.upOne(n, bare)...)
	}
	if len(list) == 0 {
		return nil
	}
	return Hint(carryOut(list, made), "tutor doctor says what the kernel lacks; --network none needs nothing of it")
}

const (
	forwarding4 = "/proc/sys/net/ipv4/ip_forward"
	forwarding6 = "/proc/sys/net/ipv6/conf/all/forwarding"
)

func (h Home) upOne(n networks.Network, bare bool) (list program.Program) {
	kernel := h.net(n)
	if !h.isUp(n) {
		if n.Subnet6.IsValid() && !n.Internal {
			list = append(list, network.Forwarding(forwarding6, readTrimmed(forwarding6) == "1"))
		}
		return append(list, network.Bridge(kernel), network.Localnet(kernel), network.Join(kernel))
	}
	if bare {
		return append(list, network.Join(kernel))
	}
	return list
}

// isUp tells if the network's bridge is there. /proc/sys/net shows the links of whoever looks; /sys/class/net those of whoever
// has mounted /sys, which under `unshare --net` is the host.
func (h Home) isUp(n networks.Network) bool {
	_, err := os.Stat(filepath.Join("/proc/sys/net/ipv4/conf", h.Networks().Bridge(n)))
	return err == nil
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
	store := h.Networks()
	leases, err := store.Of(id)
	if err != nil || len(leases) == 0 {
		return err
	}
	for _, l := range leases {
		err = errors.Join(err, store.Return(l))
	}
	if !store.Idle() {
		return err
	}
	return errors.Join(err, h.down(made))
}

// down takes away what the networks have in the kernel that nobody uses.
func (h Home) down(made Made) error {
	list := program.Of(network.RemoveFirewall(sys.Table(h.Networks().Table())))
	if n, err := h.Networks().Find(networks.Default); err == nil && h.isUp(n) {
		list = append(list, network.RemoveBridge(h.net(n)))
	}
	err := carryOut(list, made)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// retract takes the ports of a container whose tutor was killed out of the firewall's maps.
// The firewall knows them by the address that they lead to; those that lead to another one are not there, which is no error.
func (h Home) retract(id string, published []ports.Port, only ...netip.Addr) error {
	leases, err := h.Networks().Of(id)
	if err != nil || len(published) == 0 {
		return err
	}
	for _, l := range leases {
		if len(only) > 0 && !slices.Contains(only, l.Address) {
			continue
		}
		gone := carryOut(program.Of(ports.Retract(h.publication(published, l.Address, l.Address6))), nil)
		if !errors.Is(gone, unix.ENOENT) { // the whole table is gone
			err = errors.Join(err, gone)
		}
	}
	return err
}

// share has the container use another's network namespace, and with it its name, its addresses and its ports.
func (c *Container) share(name string, keep bool) error {
	s, err := c.home.Find(name)
	if err != nil {
		return err
	}
	live, runs := c.home.alive(s.ID)
	if !runs && keep {
		return Hint(fmt.Errorf("cannot join network of a non running container: %s", s.ID), "tutor start "+s.Name)
	}
	for i, n := range c.Plan.Spec.Linux.Namespaces {
		if n.Type == "network" {
			c.Plan.Spec.Linux.Namespaces[i].Path = fmt.Sprintf("/proc/%d/ns/net", live.PID)
		}
	}
	c.shared = s.ID
	c.Program, err = c.Plan.Program()
	return err
}
