package network

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Net is a network as the kernel has it: a bridge, with the gateway's addresses.
type Net struct {
	Table    sys.Table
	Bridge   string         // the interface's name
	Index    int            // its number: ours to choose, so that a plan can name it before it is there
	MAC      []byte         // its address
	Gateways []netip.Prefix // the bridge's addresses, each with the network's length
	Internal bool           // no way out
}

// Bridge makes the switch that the containers of a network are plugged into. It is off until all is ready: see On.
func Bridge(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	return program.Op{
		Name:  "bridge",
		Lab:   6,
		By:    program.Host,
		Why:   "containers need a switch to be plugged into",
		Shell: fmt.Sprintf("ip link add %s index %d address %s type bridge", n.Bridge, n.Index, macText(n.MAC)),
		Man:   "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, sys.Ask(nl, sys.NewBridge(n.Bridge, n.Index, n.MAC))),
		Undo:  RemoveBridge(n).Calls,
	}
}

// Gateway gives the host its addresses on the bridge. EEXIST: a tutor that was killed halfway has given it that one.
func Gateway(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	var asked [][]sys.Call
	var shell []string
	for _, g := range n.Gateways {
		ask := sys.Ask(nl, sys.NewAddress(n.Index, g))
		ask[1] = ask[1].Tolerate(unix.EEXIST)
		asked = append(asked, ask)
		shell = append(shell, fmt.Sprintf("ip addr add %s dev %s%s", g, n.Bridge, addressWords(g)))
	}
	return program.Op{
		Name:  "gateway",
		Lab:   6,
		By:    program.Host,
		Why:   "the host needs an address on the bridge: it is the containers' way out",
		Shell: strings.Join(shell, " && "),
		Man:   "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, asked...),
	}
}

// On switches the bridge on. That is the last thing: whoever finds it on takes all else for done.
func On(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	return program.Op{
		Name:  "bridge-on",
		Lab:   6,
		By:    program.Host,
		Why:   "a switch that is off passes nothing on; and who finds it on knows that it is ready",
		Shell: "ip link set " + n.Bridge + " up",
		Man:   "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, sys.Ask(nl, sys.SwitchOn(n.Index))),
	}
}

// RemoveBridge takes the switch away.
func RemoveBridge(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	ask := sys.Ask(nl, sys.DeleteLink(n.Bridge))
	ask[1] = ask[1].Tolerate(unix.ENODEV)
	return program.Op{Name: "remove-bridge", Lab: 6, By: program.Host, Why: "nobody is plugged in any more",
		Shell: "ip link delete " + n.Bridge, Man: "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, ask)}
}

// Localnet lets what comes from 127.0.0.1 be sent on over the bridge: that is how the host reaches a published port at
// its own loopback address. The firewall's first rule shuts the way back in that this would open.
func Localnet(n Net) program.Op {
	path := "/proc/sys/net/ipv4/conf/" + n.Bridge + "/route_localnet"
	return program.Op{
		Name:  "localnet",
		Lab:   7,
		By:    program.Host,
		Why:   "http://127.0.0.1:8080 on the host would not reach the container",
		Shell: "echo 1 > " + path,
		Man:   "ip-sysctl.rst",
		Calls: sys.WriteFile(path, "1"),
	}
}

// Deaf has the bridge believe no router: the host would take an address, and its way out, from a container that plays
// one (CVE-2020-13401). Where the kernel has no IPv6 there is nothing to believe.
func Deaf(n Net, ipv6 bool) program.Op {
	path := "/proc/sys/net/ipv6/conf/" + n.Bridge + "/accept_ra"
	op := program.Op{
		Name:  "deaf",
		Lab:   6,
		By:    program.Host,
		Why:   "a container could announce itself as the host's router, and read along",
		Shell: "echo 0 > " + path,
		Man:   "ip-sysctl.rst",
		Calls: sys.WriteFile(path, "0"),
	}
	if !ipv6 {
		return op.Leave("IPv6 is switched off here")
	}
	return op
}

// Forwarding makes the machine pass packets on between its interfaces; path is the switch, of one version of IP. Nobody
// switches it off again: by then others may rely on it.
func Forwarding(path string) program.Op {
	return program.Op{
		Name:  "forwarding",
		Lab:   6,
		By:    program.Host,
		Why:   "without it the host throws away what is not for itself: containers would reach the host, and nothing beyond",
		Shell: "echo 1 > " + path,
		Man:   "ip(7)",
		Calls: sys.WriteFile(path, "1"),
		Undo:  sys.WriteFile(path, "0"),
	}
}

// Join makes the network known to the firewall's rules.
func Join(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	op := program.Op{
		Name:  "join",
		Lab:   6,
		By:    program.Host,
		Why:   "the rules look into sets: who is not in them is somebody else's",
		Shell: "nft '" + membersText("add", n) + "'",
		Man:   "nft(8)",
		Calls: conversation(nl, unix.NETLINK_NETFILTER, sys.Ask(nl, sys.Batch(members(n, sys.Table.Add)...)...)),
	}
	op.Undo = Part(n).Calls
	return op
}

// Part takes it out again.
func Part(n Net) program.Op {
	nl := &sys.Result{Name: "netlink"}
	ask := sys.Ask(nl, sys.Batch(members(n, sys.Table.Remove)...)...)
	ask[1] = ask[1].Tolerate(unix.ENOENT)
	return program.Op{Name: "part", Lab: 6, By: program.Host, Why: "the rules shall not speak of a network that is gone",
		Shell: "nft '" + membersText("delete", n) + "'", Man: "nft(8)",
		Calls: conversation(nl, unix.NETLINK_NETFILTER, ask)}
}

func members(n Net, change func(t sys.Table, set string, elements ...sys.Element) sys.Message) []sys.Message {
	name := sys.InterfaceKey(n.Bridge)
	list := []sys.Message{
		change(n.Table, bridges, sys.Element{Key: name}),
		change(n.Table, same, sys.Element{Key: sys.Key(name, name)}),
	}
	if n.Internal {
		return append(list, change(n.Table, internal, sys.Element{Key: name}))
	}
	for _, g := range n.Gateways {
		set := inside4
		if g.Addr().Is6() {
			set = inside6
		}
		list = append(list, change(n.Table, set, Interval(g)...))
	}
	return list
}

func membersText(verb string, n Net) string {
	lines := []string{
		fmt.Sprintf("%s element inet %s %s { %q }", verb, n.Table, bridges, n.Bridge),
		fmt.Sprintf("%s element inet %s %s { %q . %q }", verb, n.Table, same, n.Bridge, n.Bridge),
	}
	if n.Internal {
		return strings.Join(append(lines, fmt.Sprintf("%s element inet %s %s { %q }", verb, n.Table, internal, n.Bridge)), "; ")
	}
	for _, g := range n.Gateways {
		set := inside4
		if g.Addr().Is6() {
			set = inside6
		}
		lines = append(lines, fmt.Sprintf("%s element inet %s %s { %s }", verb, n.Table, set, g.Masked()))
	}
	return strings.Join(lines, "; ")
}

func macText(mac []byte) string { return strings.ReplaceAll(fmt.Sprintf("% x", mac), " ", ":") }
