package container

import (
	"errors"
	"net/netip"
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

func hasIPv6() bool {
	content := readTrimmed("/proc/sys/net/ipv6/conf/all/disable_ipv6")
	return content == "0"
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
