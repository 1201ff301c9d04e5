package toolbox

import (
	"fmt"
	"net"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func (n *network) link() error {
	switch n.word() {
	case "", "show", "list", "ls", "s":
		return n.show(false)
	case "set":
		return n.setLink()
	case "add", "a":
		return n.addLink()
	case "del", "delete":
		name := n.word()
		if name == "dev" {
			name = n.word()
		}
		l, err := device(name)
		if err != nil {
			return err
		}
		return answered(netlink.LinkDel(l))
	}
	return usageError("link show, set, add or del?")
}

func (n *network) setLink() error {
	name := n.word()
	if name == "dev" {
		name = n.word()
	}
	l, err := device(name)
	if err != nil {
		return err
	}
	if len(n.words) == 0 {
		return usageError("up or down?")
	}
	for len(n.words) > 0 && err == nil {
		switch what := n.word(); what {
		case "up":
			err = netlink.LinkSetUp(l)
		case "down":
			err = netlink.LinkSetDown(l)
		case "nomaster":
			err = netlink.LinkSetNoMaster(l)
		case "mtu", "name", "address", "master", "netns":
			err = setValue(l, what, n.word())
		default:
			return usageError("what is " + what + "?")
		}
	}
	if _, misused := err.(usageError); misused {
		return err
	}
	return answered(err)
}

func setValue(l netlink.Link, what, value string) error {
	switch what {
	case "name":
		return netlink.LinkSetName(l, value)
	case "master":
		bridge, err := device(value)
		if err != nil {
			return usageError(err.Error())
		}
		return netlink.LinkSetMaster(l, bridge)
	case "address":
		mac, err := net.ParseMAC(value)
		if err != nil {
			return usageError(err.Error())
		}
		return netlink.LinkSetHardwareAddr(l, mac)
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		return usageError(what + " takes a number")
	}
	if what == "mtu" {
		return netlink.LinkSetMTU(l, number)
	}
	return netlink.LinkSetNsPid(l, number)
}

// addLink makes a bridge, a dummy, or a pair of ends: add A type veth peer name B.
func (n *network) addLink() error {
	name := n.word()
	for name == "name" || name == "dev" {
		name = n.word()
	}
	if n.word() != "type" {
		return usageError("link add NAME type bridge|dummy|veth peer name PEER")
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	switch n.word() {
	case "bridge":
		return answered(netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	case "dummy":
		return answered(netlink.LinkAdd(&netlink.Dummy{LinkAttrs: attrs}))
	case "veth":
		peer := ""
		if n.word() == "peer" && n.word() == "name" {
			peer = n.word()
		}
		if peer == "" {
			return usageError("link add NAME type veth peer name PEER")
		}
		return answered(netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer}))
	}
	return usageError("a bridge, a dummy or a veth?")
}

// flagNames are the flags of an interface, in iproute2's order.
var flagNames = []struct {
	bit  uint32
	name string
}{
	{unix.IFF_LOOPBACK, "LOOPBACK"}, {unix.IFF_BROADCAST, "BROADCAST"}, {unix.IFF_POINTOPOINT, "POINTOPOINT"},
	{unix.IFF_MULTICAST, "MULTICAST"}, {unix.IFF_NOARP, "NOARP"}, {unix.IFF_PROMISC, "PROMISC"},
	{unix.IFF_UP, "UP"}, {unix.IFF_LOWER_UP, "LOWER_UP"},
}

func flagText(a *netlink.LinkAttrs) string {
	text := ""
	if a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_RUNNING == 0 {
		text = ",NO-CARRIER"
	}
	for _, f := range flagNames {
		if a.RawFlags&f.bit != 0 {
			text += "," + f.name
		}
	}
	return "<" + text[min(1, len(text)):] + ">"
}

// named is eth0@if7: the other end of a veth pair is interface 7 of some other namespace.
func named(a *netlink.LinkAttrs) string {
	if a.ParentIndex == 0 {
		return a.Name
	}
	if peer, err := netlink.LinkByIndex(a.ParentIndex); err == nil && a.NetNsID < 0 {
		return a.Name + "@" + peer.Attrs().Name
	}
	return fmt.Sprintf("%s@if%d", a.Name, a.ParentIndex)
}
