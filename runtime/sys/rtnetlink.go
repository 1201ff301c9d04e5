package sys

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// What rtnetlink(7) is asked for: interfaces, addresses, routes. Each function is one message; Ask sends it.

const (
	askFor  = unix.NLM_F_REQUEST | unix.NLM_F_ACK
	askMake = askFor | unix.NLM_F_CREATE | unix.NLM_F_EXCL // EEXIST if it is there
)

func route(name string, kind, flags uint16, fixed []byte, attributes ...Attribute) Message {
	return Message{Name: name, Protocol: "rtnetlink", Type: kind, Flags: flags, Fixed: fixed, Attributes: attributes}
}

// linkHead is struct ifinfomsg: which interface, by number, and whether it shall be up. Number 0: by name, or any.
func linkHead(index int, up bool) []byte {
	on := uint32(0)
	if up {
		on = unix.IFF_UP
	}
	return halves(unix.AF_UNSPEC, uint32(index), on, on)
}

// NewBridge makes a switch in software, off, with a number and an address of our choice. Without an address of its own
// it would take that of its first port, and change it when that goes.
func NewBridge(name string, index int, mac []byte) Message {
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askMake, linkHead(index, false),
		Text("IFLA_IFNAME", unix.IFLA_IFNAME, name),
		Address("IFLA_ADDRESS", unix.IFLA_ADDRESS, mac),
		Nested("IFLA_LINKINFO", unix.IFLA_LINKINFO, Text("IFLA_INFO_KIND", unix.IFLA_INFO_KIND, "bridge")))
}

// NewVeth makes a cable with two ends, veth(4): inside in the network namespace of the process pid, with that number
// and address; outside here.
func NewVeth(inside string, index int, mac []byte, pid *Result, outside string) Message {
	peer := Headed("VETH_INFO_PEER", vethInfoPeer, linkHead(0, false), Text("IFLA_IFNAME", unix.IFLA_IFNAME, outside))
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askMake, linkHead(index, false),
		Text("IFLA_IFNAME", unix.IFLA_IFNAME, inside),
		Address("IFLA_ADDRESS", unix.IFLA_ADDRESS, mac),
		Answered("IFLA_NET_NS_PID", unix.IFLA_NET_NS_PID, pid),
		Nested("IFLA_LINKINFO", unix.IFLA_LINKINFO,
			Text("IFLA_INFO_KIND", unix.IFLA_INFO_KIND, "veth"),
			Nested("IFLA_INFO_DATA", unix.IFLA_INFO_DATA, peer)))
}

const vethInfoPeer = 1 // linux/veth.h

// Plug connects an interface with a bridge, by the bridge's number, and switches it on.
func Plug(name string, bridge int) Message {
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askFor, linkHead(0, true),
		Text("IFLA_IFNAME", unix.IFLA_IFNAME, name),
		Number("IFLA_MASTER", unix.IFLA_MASTER, uint32(bridge)))
}

// Hairpin lets a bridge send back by a port what came in by it.
func Hairpin(name string) Message {
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askFor, linkHead(0, false),
		Text("IFLA_IFNAME", unix.IFLA_IFNAME, name),
		Nested("IFLA_LINKINFO", unix.IFLA_LINKINFO,
			Text("IFLA_INFO_SLAVE_KIND", unix.IFLA_INFO_SLAVE_KIND, "bridge"),
			Nested("IFLA_INFO_SLAVE_DATA", unix.IFLA_INFO_SLAVE_DATA, Number8("IFLA_BRPORT_MODE", unix.IFLA_BRPORT_MODE, 1))))
}

// SwitchOn switches an interface on, by its number.
func SwitchOn(index int) Message {
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askFor, linkHead(index, true))
}

// SwitchOff switches an interface off, by its name.
func SwitchOff(name string) Message {
	return route("RTM_NEWLINK", unix.RTM_NEWLINK, askFor, halves(unix.AF_UNSPEC, 0, 0, unix.IFF_UP), Text("IFLA_IFNAME", unix.IFLA_IFNAME, name))
}

// DeleteLink removes an interface; of a veth, both ends.
func DeleteLink(name string) Message {
	return route("RTM_DELLINK", unix.RTM_DELLINK, askFor, linkHead(0, false), Text("IFLA_IFNAME", unix.IFLA_IFNAME, name))
}

// NewAddress gives an interface an address, and with its prefix a route to its neighbours. For IPv6 without asking
// around whether somebody has it (IFA_F_NODAD): our own list knows, and asking takes a second.
func NewAddress(index int, address netip.Prefix) Message {
	flags := byte(0)
	if address.Addr().Is6() {
		flags = unix.IFA_F_NODAD
	}
	head := append([]byte{family(address.Addr()), byte(address.Bits()), flags, unix.RT_SCOPE_UNIVERSE}, halves(uint32(index))...)
	m := route("RTM_NEWADDR", unix.RTM_NEWADDR, askMake, head,
		Address("IFA_LOCAL", unix.IFA_LOCAL, address.Addr().AsSlice()),
		Address("IFA_ADDRESS", unix.IFA_ADDRESS, address.Addr().AsSlice()))
	if address.Addr().Is4() {
		m.Attributes = append(m.Attributes, Address("IFA_BROADCAST", unix.IFA_BROADCAST, broadcast(address)))
	}
	return m
}

// DefaultRoute sends everything that no other route is for to the gateway.
func DefaultRoute(gateway netip.Addr) Message {
	// struct rtmsg: family, lengths of destination and source, type of service, table, protocol, scope, type, flags
	head := []byte{family(gateway), 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0}
	return route("RTM_NEWROUTE", unix.RTM_NEWROUTE, askMake, head, Address("RTA_GATEWAY", unix.RTA_GATEWAY, gateway.AsSlice()))
}

func family(a netip.Addr) byte {
	if a.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// broadcast is the last address of the network: all ones after the prefix.
func broadcast(p netip.Prefix) []byte {
	address := binary.BigEndian.Uint32(p.Addr().AsSlice())
	return binary.BigEndian.AppendUint32(nil, address|uint32(uint64(1)<<(32-p.Bits())-1))
}
