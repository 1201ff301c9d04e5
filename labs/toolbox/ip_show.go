package toolbox

import (
	"fmt"
	"math"
	"net"
	"strings"

	"tutor/runtime/dump"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// show prints the links, with their addresses or without.
func (n *network) show(addresses bool) error {
	about, v, err := n.pairs("dev")
	if err != nil {
		return err
	}
	links, err := dump.Links()
	if err != nil {
		return answered(err)
	}
	if name := about + v["dev"]; name != "" && name != "up" {
		l, err := device(name)
		if err != nil {
			return err
		}
		links = []netlink.Link{l}
	}
	for _, l := range links {
		var list []netlink.Addr
		if addresses {
			if list, err = dump.Addresses(l, n.family); err != nil {
				return answered(err)
			}
		}
		if addresses && n.family != netlink.FAMILY_ALL && len(list) == 0 {
			continue
		}
		if n.brief {
			n.briefly(l.Attrs(), list, addresses)
			continue
		}
		n.fully(l, list)
	}
	return nil
}

func (n *network) briefly(a *netlink.LinkAttrs, list []netlink.Addr, addresses bool) {
	words := a.HardwareAddr.String() + " " + flagText(a)
	if addresses {
		words = ""
		for _, address := range list {
			words += address.IPNet.String() + " "
		}
	}
	n.printf("%-16s %-14s %s\n", named(a), strings.ToUpper(a.OperState.String()), words)
}

func (n *network) fully(l netlink.Link, list []netlink.Addr) {
	a := l.Attrs()
	discipline := "noqueue"
	if a.RawFlags&unix.IFF_UP == 0 {
		discipline = "noop"
	}
	if disciplines, err := netlink.QdiscList(l); err == nil && len(disciplines) > 0 {
		discipline = disciplines[0].Type()
	}
	n.printf("%d: %s: %s mtu %d qdisc %s", a.Index, named(a), flagText(a), a.MTU, discipline)
	if a.MasterIndex != 0 {
		if master, err := netlink.LinkByIndex(a.MasterIndex); err == nil {
			n.printf(" master %s", master.Attrs().Name)
		}
	}
	n.printf(" state %s", strings.ToUpper(a.OperState.String()))
	if a.TxQLen > 0 {
		n.printf(" qlen %d", a.TxQLen)
	}
	n.println("")
	if n.family == netlink.FAMILY_ALL {
		n.hardware(a)
	}
	for _, address := range list {
		n.line(address)
	}
}

func (n *network) hardware(a *netlink.LinkAttrs) {
	broadcast := "ff:ff:ff:ff:ff:ff"
	kind := map[string]string{"loopback": "loopback", "ether": "ether"}[a.EncapType]
	if kind == "loopback" {
		broadcast = "00:00:00:00:00:00"
	}
	if kind == "" {
		kind = a.EncapType
	}
	mac := a.HardwareAddr.String()
	if mac == "" {
		mac = "00:00:00:00:00:00"
	}
	n.printf("    link/%s %s brd %s", kind, mac, broadcast)
	if a.ParentIndex != 0 && a.NetNsID >= 0 {
		n.printf(" link-netnsid %d", a.NetNsID)
	}
	n.println("")
}

func (n *network) line(a netlink.Addr) {
	family := "inet"
	if a.IP.To4() == nil {
		family = "inet6"
	}
	n.printf("    %s %s", family, a.IPNet)
	if a.Broadcast != nil {
		n.printf(" brd %s", a.Broadcast)
	}
	n.printf(" scope %s", scopeName(a.Scope))
	for _, f := range addressFlags {
		if a.Flags&f.bit != 0 == (f.bit != unix.IFA_F_PERMANENT) {
			n.printf(" %s", f.word)
		}
	}
	if a.Label != "" {
		n.printf(" %s", a.Label)
	}
	n.printf("\n       valid_lft %s preferred_lft %s\n", lifetime(a, a.ValidLft), lifetime(a, a.PreferedLft))
}

// addressFlags are iproute2's words for an address's flags (rtnetlink(7)), in its order. What is not permanent is dynamic.
var addressFlags = []struct {
	bit  int
	word string
}{
	{unix.IFA_F_SECONDARY, "secondary"}, {unix.IFA_F_NODAD, "nodad"}, {unix.IFA_F_DADFAILED, "dadfailed"}, {unix.IFA_F_DEPRECATED, "deprecated"},
	{unix.IFA_F_TENTATIVE, "tentative"}, {unix.IFA_F_PERMANENT, "dynamic"}, {unix.IFA_F_MANAGETEMPADDR, "mngtmpaddr"},
	{unix.IFA_F_NOPREFIXROUTE, "noprefixroute"},
}

func lifetime(a netlink.Addr, seconds int) string {
	if a.ValidLft == 0 || uint32(seconds) == math.MaxUint32 {
		return "forever"
	}
	return fmt.Sprintf("%dsec", seconds)
}

func scopeName(scope int) string {
	name, ok := map[int]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}[scope]
	if !ok {
		return fmt.Sprint(scope)
	}
	return name
}

// showRoutes prints the main table: where packets go.
func (n *network) showRoutes() error {
	about, v, err := n.pairs("dev")
	if err != nil {
		return err
	}
	family := n.family
	if family == netlink.FAMILY_ALL {
		family = netlink.FAMILY_V4
	}
	routes, err := dump.Routes(family)
	if err != nil {
		return answered(err)
	}
	for _, r := range routes {
		to := "default"
		if r.Dst != nil && !isDefault(r.Dst) {
			to = r.Dst.String()
		}
		if about != "" && about != to {
			continue
		}
		dev := ""
		if l, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
			dev = l.Attrs().Name
		}
		if v["dev"] != "" && v["dev"] != dev {
			continue
		}
		n.println(to + routeText(r, dev))
	}
	return nil
}

func isDefault(n *net.IPNet) bool {
	ones, _ := n.Mask.Size()
	return ones == 0 && n.IP.IsUnspecified()
}

func routeText(r netlink.Route, dev string) string {
	text := ""
	if r.Gw != nil {
		text += " via " + r.Gw.String()
	}
	if dev != "" {
		text += " dev " + dev
	}
	if name := r.Protocol.String(); r.Protocol > unix.RTPROT_BOOT {
		text += " proto " + name
	}
	if r.Protocol == unix.RTPROT_KERNEL {
		text += " proto kernel"
	}
	if r.Scope != netlink.SCOPE_UNIVERSE {
		text += " scope " + scopeName(int(r.Scope))
	}
	if r.Src != nil {
		text += " src " + r.Src.String()
	}
	if r.Priority != 0 {
		text += fmt.Sprintf(" metric %d", r.Priority)
	}
	if r.Flags&unix.RTNH_F_LINKDOWN != 0 {
		text += " linkdown"
	}
	return text
}
