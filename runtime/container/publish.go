package container

import (
	"errors"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/ports"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// publication is the ports of a container as the firewall has them.
func (h Home) publication(list []ports.Port, ipv4, ipv6 netip.Addr) ports.Publication {
	p := ports.New(sys.Table(h.Networks().Table()), portMaps, list, hasIPv6())
	p.IPv4, p.IPv6 = ipv4, ipv6
	return p
}

// portMaps are the firewall's, which the published ports are put into.
var portMaps = ports.Maps{One: network.PortsOfOne, All: network.PortsOfAll, One6: network.PortsOfOne6, All6: network.PortsOfAll6}

// hasIPv6 tells if this machine has addresses of IPv6, so that somebody may come by one.
func hasIPv6() bool {
	return readTrimmed("/proc/sys/net/ipv6/conf/all/disable_ipv6") == "0"
}

// knowsIPv6 tells if the kernel has IPv6, whether or not it is switched off.
func knowsIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// republish puts the ports of all containers that run into a firewall that was made anew. own has none there yet; and to
// read its file would end our claim to it: such a lock goes when its holder closes the file, by whatever handle.
func (h Home) republish(own string, made Made) error {
	for id := range h.Networks().Containers() {
		if id == own {
			continue
		}
		if live, runs := h.alive(id); runs {
			if err := h.publish(id, live.Ports, made); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish leads the ports of a container that runs to where it can be reached now. EEXIST: they lead to another address
// of it already.
func (h Home) publish(id string, published []ports.Port, made Made) error {
	ipv4, ipv6, err := h.found(id)
	if err != nil {
		return err
	}
	return h.oneByOne(ports.Publish, published, ipv4, ipv6, unix.EEXIST, made)
}

// oneByOne does something to each element of the maps: in one batch the first that the kernel refuses would take the others along.
func (h Home) oneByOne(do func(ports.Publication) program.Op, published []ports.Port, ipv4, ipv6 netip.Addr, fine unix.Errno, made Made) (err error) {
	for i := range published {
		for _, to := range [][2]netip.Addr{{ipv4, {}}, {{}, ipv6}} {
			op := do(h.publication(published[i:i+1], to[0], to[1]))
			if !op.Runs() {
				continue
			}
			if failed := carryOut(program.Of(op), made); !errors.Is(failed, fine) {
				err = errors.Join(err, failed)
			}
		}
	}
	return err
}

// found is where a container can be reached from outside now.
func (h Home) found(id string) (ipv4, ipv6 netip.Addr, err error) {
	leases, err := h.Networks().Of(id)
	if err != nil {
		return ipv4, ipv6, err
	}
	on, err := h.on(leases)
	ipv4, ipv6 = reachable(on, leases)
	return ipv4, ipv6, err
}

// retract takes the ports of a container out of the firewall's maps, whose tutor was killed, or which has other networks than at its start.
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
		err = errors.Join(err, h.oneByOne(ports.Retract, published, l.Address, l.Address6, unix.ENOENT, nil)) // ENOENT: the whole table is gone
	}
	return err
}
