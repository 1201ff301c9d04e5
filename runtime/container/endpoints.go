package container

import (
	"fmt"
	"net/netip"

	"tutor/runtime/network"
	"tutor/runtime/networks"
)

// wire puts the addresses into the Plan: each network a cable, the first that leads anywhere the way out, and in.
func (c *Container) wire(on []networks.Network, leases []networks.Lease) {
	ipv4, ipv6 := reachable(on, leases)
	var endpoints []network.Endpoint
	for i, l := range leases {
		e := endpoint(c.home.net(on[i]), l, i, on[i])
		e.Routes = ways(on[i], l, ipv4, ipv6)
		endpoints = append(endpoints, e)
	}
	c.leases = leases
	c.Plan.Wire = network.NewWire(c.Plan.Wire.PID, endpoints...)
	if !ipv4.IsValid() {
		c.live.Ports = nil // on internal networks alone, nobody outside is let in
	}
	if len(c.live.Ports) > 0 {
		c.Plan.Ports = c.home.publication(c.live.Ports, ipv4, ipv6)
	}
}

// reachable is where a container can be found from outside: its first addresses on networks that are not internal.
func reachable(on []networks.Network, leases []networks.Lease) (ipv4, ipv6 netip.Addr) {
	for i, l := range leases {
		if on[i].Internal {
			continue
		}
		if !ipv4.IsValid() {
			ipv4 = l.Address
		}
		if !ipv6.IsValid() {
			ipv6 = l.Address6
		}
	}
	return ipv4, ipv6
}

// ways are the gateways of the network that the container leaves by.
func ways(n networks.Network, l networks.Lease, ipv4, ipv6 netip.Addr) (out []netip.Addr) {
	if l.Address == ipv4 {
		out = append(out, n.Gateway)
	}
	if ipv6.IsValid() && l.Address6 == ipv6 {
		out = append(out, n.Gateway6)
	}
	return out
}

// on are the networks of the leases.
func (h Home) on(leases []networks.Lease) (on []networks.Network, err error) {
	on = make([]networks.Network, len(leases))
	for i, l := range leases {
		if on[i], err = h.Networks().Find(l.Network); err != nil {
			return on, err
		}
	}
	return on, nil
}

func endpoint(n network.Net, l networks.Lease, i int, on networks.Network) network.Endpoint {
	e := network.Endpoint{Net: n, Interface: l.Interface, Index: insideIndex + i, Outside: l.Outside, MAC: l.MAC,
		Addresses: []netip.Prefix{netip.PrefixFrom(l.Address, on.Subnet.Bits())}}
	if l.Address6.IsValid() {
		e.Addresses = append(e.Addresses, netip.PrefixFrom(l.Address6, on.Subnet6.Bits()))
	}
	return e
}

// insideIndex is the number of eth0: nobody's inside, where there may be tunl0 and its kin beside lo, and nobody's outside,
// where the kernel counts up from 1 and networks have 2²⁴ to 2²⁵ (see Network.Index). Before Linux 6.15 it looked for the
// number of a new link where it was asked for, and not where the link will be: one that is there already is EEXIST.
const insideIndex = 100_000_000

// outside is the name of the cable's end on the host: 15 characters is all that the kernel takes.
func outside(id string, i int) string { return fmt.Sprintf("veth%s%d", id[:8], i) }
