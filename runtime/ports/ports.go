// Package ports is lab 7: who can reach a container.
package ports

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A Port is one port of a container that is published: what arrives at the host's goes to the container's.
type Port struct {
	Protocol  string     `json:"protocol"`     // "tcp", "udp" or "sctp"
	Container uint16     `json:"container"`    // the port inside
	Host      uint16     `json:"host"`         // the port outside; 0: one that is free
	To        uint16     `json:"to,omitempty"` // the last of a range to choose from; 0: Host it is
	IP        netip.Addr `json:"ip,omitzero"`  // the host's address; none: every one that it has
}

// String is the port as `docker port` and -p write it.
func (p Port) String() string {
	return fmt.Sprintf("%s->%d/%s", p.outside(p.IP), p.Container, p.Protocol)
}

func (p Port) outside(ip netip.Addr) netip.AddrPort {
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(ip, p.Host)
}

// A Publication is all ports of one container, and where it can be found.
type Publication struct {
	Table sys.Table
	Maps  Maps
	Ports []Port
	IPv4  netip.Addr // the container's; none: it has none
	IPv6  netip.Addr
	Held  []Held // sockets on the host, once Claim has run
}

// Maps are the names of the firewall's maps: by address, or for all.
type Maps struct{ One, All, One6, All6 string }

// Held is a socket that keeps a port of the host's for the container. What the firewall sends on never comes to it; what it
// cannot send on does: IPv6 to a container that has only IPv4.
type Held struct {
	At       netip.AddrPort
	Protocol string
	Port     uint16 // the container's
	Socket   *sys.Result
}

// New names the sockets that hold the ports. With ipv6 the host has that too.
func New(table sys.Table, maps Maps, list []Port, ipv6 bool) Publication {
	p := Publication{Table: table, Maps: maps, Ports: list}
	for _, one := range list {
		addresses := []netip.Addr{one.IP}
		if !one.IP.IsValid() {
			addresses = []netip.Addr{netip.IPv4Unspecified()}
			if ipv6 && one.Protocol == "tcp" {
				addresses = append(addresses, netip.IPv6Unspecified())
			}
		}
		for _, a := range addresses {
			if one.Protocol != "sctp" { // the kernel may have no such sockets, though its firewall knows the protocol
				p.Held = append(p.Held, Held{At: one.outside(a), Protocol: one.Protocol, Port: one.Container, Socket: &sys.Result{Name: "held"}})
			}
		}
	}
	return p
}

const without = "no -p given"

// Claim takes the host's ports before anything else is done: two programs at one port would each get what the other waits for.
func Claim(p Publication) program.Op {
	op := program.Op{
		Name: "claim",
		Lab:  7,
		By:   program.Host,
		Why:  "another program could have the port, or take it: connections would go astray in silence",
		Man:  "bind(2)",
	}
	var shell []string
	for _, h := range p.Held {
		kind := unix.SOCK_STREAM
		if h.Protocol == "udp" {
			kind = unix.SOCK_DGRAM
		}
		op.Calls = append(op.Calls, sys.InetSocket(h.At.Addr(), kind, h.Socket))
		if h.At.Addr().Is6() {
			op.Calls = append(op.Calls, sys.SetOption(h.Socket, unix.SOL_IPV6, unix.IPV6_V6ONLY))
		}
		if kind == unix.SOCK_STREAM { // connections that have ended keep the port for a minute, which is no reason to wait
			op.Calls = append(op.Calls, sys.SetOption(h.Socket, unix.SOL_SOCKET, unix.SO_REUSEADDR))
		}
		op.Calls = append(op.Calls, sys.Bind(h.Socket, h.At))
		if kind == unix.SOCK_STREAM {
			op.Calls = append(op.Calls, sys.Listen(h.Socket, 128))
		}
		shell = append(shell, fmt.Sprintf("ss -ln sport = :%d  # nobody yet", h.At.Port()))
	}
	op.Shell = strings.Join(shell, "; ")
	if len(p.Held) == 0 {
		return op.Leave(without)
	}
	return op
}

// Publish puts the ports into the firewall's maps. From then on the kernel itself carries every packet over; no program
// copies data.
func Publish(p Publication) program.Op {
	nl, back := &sys.Result{Name: "netlink"}, &sys.Result{Name: "netlink"}
	op := program.Op{
		Name: "publish",
		Lab:  7,
		By:   program.Host,
		Why:  "nobody outside knows the container's address, or the way to it: the host's port stands for it",
		Man:  "nft(8)",
	}
	add, remove, shell := p.elements()
	if len(add) == 0 {
		return op.Leave(without)
	}
	arrived, led, forget := p.remembered()
	op.Shell = strings.Join(append(shell, forget...), " && ")
	op.Calls = conversation(nl, append(sys.Ask(nl, sys.Batch(add...)...), oneByOne(nl, arrived)...))
	ask := sys.Ask(back, sys.Batch(remove...)...)
	ask[1] = ask[1].Tolerate(unix.ENOENT)
	op.Undo = conversation(back, append(ask, oneByOne(back, led)...))
	return op
}

// Retract takes the ports of a container whose tutor was killed out of the maps.
func Retract(p Publication) program.Op {
	op := Publish(p)
	op.Name, op.Why, op.Shell = "retract", "the ports would lead to an address that is nobody's, or somebody else's", strings.ReplaceAll(op.Shell, "add element", "delete element")
	op.Calls, op.Undo = op.Undo, nil
	return op
}

// remembered is what the kernel is to forget, a message each: it would lead whoever sends UDP without a pause to where his first
// packet went, which came before the port was published, or to a container that is no more.
func (p Publication) remembered() (arrived, led []sys.Message, shell []string) {
	for _, port := range p.Ports {
		for _, to := range []netip.Addr{p.IPv4, p.IPv6} {
			if port.Protocol != "udp" || !port.leads(to) {
				continue
			}
			arrived = append(arrived, sys.ForgetArrived(to.Is6(), unix.IPPROTO_UDP, port.Host))
			led = append(led, sys.ForgetLed(netip.AddrPortFrom(to, port.Container), unix.IPPROTO_UDP))
			shell = append(shell, fmt.Sprintf("conntrack -D -p udp --orig-port-dst %d", port.Host))
		}
	}
	return arrived, led, shell
}

// leads tells if the port can lead to this address of the container.
func (p Port) leads(to netip.Addr) bool {
	return to.IsValid() && (!p.IP.IsValid() || p.IP.Is4() == to.Is4())
}

// oneByOne asks to forget; a kernel that cannot, remembers (EINVAL).
func oneByOne(nl *sys.Result, messages []sys.Message) (calls []sys.Call) {
	for _, m := range messages {
		ask := sys.Ask(nl, m)
		ask[1] = ask[1].Tolerate(unix.EINVAL)
		calls = append(calls, ask...)
	}
	return calls
}

func conversation(nl *sys.Result, calls []sys.Call) []sys.Call {
	return append(append([]sys.Call{sys.Netlink(unix.NETLINK_NETFILTER, nl)}, calls...), sys.Close(nl))
}

// elements are the ports as elements of the maps, one message a port; removal needs the keys alone.
func (p Publication) elements() (add, remove []sys.Message, shell []string) {
	for _, port := range p.Ports {
		for _, to := range []netip.Addr{p.IPv4, p.IPv6} {
			if !port.leads(to) {
				continue
			}
			name, key, text := p.element(port, to)
			value := sys.Key(to.AsSlice(), sys.PortKey(port.Container))
			add = append(add, p.Table.Add(name, sys.Element{Key: key, Data: value}))
			remove = append(remove, p.Table.Remove(name, sys.Element{Key: key, Data: value}))
			shell = append(shell, fmt.Sprintf("nft add element inet %s %s '{ %s : %s . %d }'", p.Table, name, text, to, port.Container))
		}
	}
	return add, remove, shell
}

// element is the map that a port belongs into, and its key there.
func (p Publication) element(port Port, to netip.Addr) (name string, key []byte, text string) {
	protocol, number := protocols[port.Protocol], sys.PortKey(port.Host)
	text = fmt.Sprintf("%s . %d", port.Protocol, port.Host)
	if port.IP.IsValid() && !port.IP.IsUnspecified() {
		name = p.Maps.One
		if to.Is6() {
			name = p.Maps.One6
		}
		return name, sys.Key(port.IP.AsSlice(), []byte{protocol}, number), port.IP.String() + " . " + text
	}
	name = p.Maps.All
	if to.Is6() {
		name = p.Maps.All6
	}
	return name, sys.Key([]byte{protocol}, number), text
}

var protocols = map[string]byte{"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "sctp": unix.IPPROTO_SCTP}
