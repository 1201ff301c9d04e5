package network

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// The firewall is one table of our own. Its chains and rules are made once, and never change while there is a network:
// a network is a member of some sets, a published port an element of a map. So starting a container changes one
// element, and no rule of another program is ever touched.

// The sets and maps that the rules look into.
const (
	bridges  = "bridges"  // interfaces of our networks
	same     = "same"     // each of them with itself: what stays within a network
	internal = "internal" // those of networks that have no way out
	inside4  = "inside4"  // addresses of networks that have one
	inside6  = "inside6"
)

// The maps of published ports: by address, protocol and port of this machine, or for every address of it.
const (
	PortsOfOne  = "ports"
	PortsOfAll  = "ports-any"
	PortsOfOne6 = "ports6"
	PortsOfAll6 = "ports6-any"
)

var sets = []sys.Set{
	{Name: bridges, Key: []sys.SetType{sys.Interface}},
	{Name: same, Key: []sys.SetType{sys.Interface, sys.Interface}},
	{Name: internal, Key: []sys.SetType{sys.Interface}},
	{Name: inside4, Key: []sys.SetType{sys.IPv4}, Interval: true},
	{Name: inside6, Key: []sys.SetType{sys.IPv6}, Interval: true},
	{Name: PortsOfOne, Key: []sys.SetType{sys.IPv4, sys.Protocol, sys.Service}, Data: []sys.SetType{sys.IPv4, sys.Service}},
	{Name: PortsOfAll, Key: []sys.SetType{sys.Protocol, sys.Service}, Data: []sys.SetType{sys.IPv4, sys.Service}},
	{Name: PortsOfOne6, Key: []sys.SetType{sys.IPv6, sys.Protocol, sys.Service}, Data: []sys.SetType{sys.IPv6, sys.Service}},
	{Name: PortsOfAll6, Key: []sys.SetType{sys.Protocol, sys.Service}, Data: []sys.SetType{sys.IPv6, sys.Service}},
}

// Priorities of nft(8).
const (
	raw    = -300
	dstnat = -100
	filter = 0
	srcnat = 100
)

var chains = []sys.Chain{
	{Name: "guard", Type: "filter", Hook: unix.NF_INET_PRE_ROUTING, Priority: raw},
	{Name: "arriving", Type: "nat", Hook: unix.NF_INET_PRE_ROUTING, Priority: dstnat},
	{Name: "local", Type: "nat", Hook: unix.NF_INET_LOCAL_OUT, Priority: dstnat},
	{Name: "passing", Type: "filter", Hook: unix.NF_INET_FORWARD, Priority: filter},
	{Name: "leaving", Type: "nat", Hook: unix.NF_INET_POST_ROUTING, Priority: srcnat},
}

// A rule, in its chain, and what goes wrong without it.
type rule struct {
	chain string
	words []sys.Word
	why   string
}

func rules() []rule {
	return []rule{
		{"guard", []sys.Word{sys.From(bridges), sys.ToLoopback(), sys.Drop()}, "route_localnet would let a container reach what listens on the host's 127.0.0.1 (CVE-2020-8558)"},
		{"arriving", []sys.Word{sys.ToLoopback(), sys.Return()}, "a neighbour could send to 127.0.0.1 by wire, and reach what is published there alone"},
		{"arriving", []sys.Word{sys.Local(), sys.Redirect(sys.IPv4, PortsOfOne, true)}, "-p IP:…"},
		{"arriving", []sys.Word{sys.Local(), sys.Redirect(sys.IPv4, PortsOfAll, false)}, "-p without an address"},
		{"arriving", []sys.Word{sys.Local(), sys.Redirect(sys.IPv6, PortsOfOne6, true)}, "the same for IPv6"},
		{"arriving", []sys.Word{sys.Local(), sys.Redirect(sys.IPv6, PortsOfAll6, false)}, "the same for IPv6"},
		{"local", []sys.Word{sys.Local(), sys.Redirect(sys.IPv4, PortsOfOne, true)}, "what the host itself sends does not arrive, it leaves"},
		{"local", []sys.Word{sys.Local(), sys.Redirect(sys.IPv4, PortsOfAll, false)}, "what the host itself sends does not arrive, it leaves"},
		{"passing", []sys.Word{sys.Between(same), sys.Accept()}, "with br_netfilter even what stays on one bridge comes by here"},
		{"passing", []sys.Word{sys.From(internal), sys.Drop()}, "--internal has no way out, not even to a port that another container publishes"},
		{"passing", []sys.Word{sys.To(internal), sys.Drop()}, "nor in"},
		{"passing", []sys.Word{sys.Redirected(), sys.Accept()}, "a published port is meant to be reached"},
		{"passing", []sys.Word{sys.From(bridges), sys.To(bridges), sys.Drop()}, "two networks do not see each other"},
		{"passing", []sys.Word{sys.To(bridges), sys.Established(), sys.Accept()}, "answers come back"},
		{"passing", []sys.Word{sys.To(bridges), sys.Drop()}, "whoever routes to us could reach what is not published"},
		{"leaving", []sys.Word{sys.Source(sys.IPv4, inside4), sys.NotTo(bridges), sys.Masquerade()}, "nobody outside knows the way back to a container's address"},
		{"leaving", []sys.Word{sys.Source(sys.IPv6, inside6), sys.NotTo(bridges), sys.Masquerade()}, "the same for IPv6"},
		{"leaving", []sys.Word{sys.SourceLoopback(), sys.To(bridges), sys.Masquerade()}, "an answer to 127.0.0.1 would stay in the container"},
		{"leaving", []sys.Word{sys.Source(sys.IPv4, inside4), sys.Redirected(), sys.Masquerade()}, "a neighbour on the same bridge would answer directly, from an address that was not asked"},
		{"leaving", []sys.Word{sys.Source(sys.IPv6, inside6), sys.Redirected(), sys.Masquerade()}, "the same for IPv6"},
	}
}

// Firewall makes the table with its chains and rules. One that is there is replaced, in the same breath: somebody has
// flushed it.
func Firewall(t sys.Table) program.Op {
	nl := &sys.Result{Name: "netlink"}
	messages := []sys.Message{t.New(), t.Delete(), t.New()}
	for _, s := range sets {
		messages = append(messages, t.Set(s))
	}
	for _, c := range chains {
		messages = append(messages, t.Chain(c))
	}
	for _, r := range rules() {
		messages = append(messages, t.Rule(r.chain, r.words))
	}
	return program.Op{
		Name:  "firewall",
		Lab:   6,
		By:    program.Host,
		Why:   "packets of one network would reach the other, none from outside would be sent on, and answers would not find back",
		Shell: "nft '" + firewallText(t) + "'",
		Man:   "nft(8)",
		Calls: conversation(nl, unix.NETLINK_NETFILTER, sys.Ask(nl, sys.Batch(messages...)...)),
	}
}

// conversation is a netlink socket, what is said over it, and its end.
func conversation(nl *sys.Result, protocol int, calls ...[]sys.Call) []sys.Call {
	all := []sys.Call{sys.Netlink(protocol, nl)}
	for _, c := range calls {
		all = append(all, c...)
	}
	return append(all, sys.Close(nl))
}

// firewallText is the table as nft(8) reads it.
func firewallText(t sys.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "table inet %s; delete table inet %s; table inet %s {\n", t, t, t)
	for _, s := range sets {
		b.WriteString(setText(s))
	}
	for _, c := range chains {
		fmt.Fprintf(&b, "  chain %s {\n    type %s hook %s priority %d;\n", c.Name, c.Type, hooks[c.Hook], c.Priority)
		for _, r := range rules() {
			if r.chain == c.Name {
				fmt.Fprintf(&b, "    %s;\n", sys.RuleText(r.words))
			}
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}")
	return b.String()
}

var hooks = map[uint32]string{unix.NF_INET_PRE_ROUTING: "prerouting", unix.NF_INET_LOCAL_OUT: "output",
	unix.NF_INET_FORWARD: "forward", unix.NF_INET_POST_ROUTING: "postrouting"}

func setText(s sys.Set) string {
	kind, of := "set", typeText(s.Key)
	if s.Data != nil {
		kind, of = "map", of+" : "+typeText(s.Data)
	}
	if s.Interval {
		of += "; flags interval"
	}
	return fmt.Sprintf("  %s %s { type %s; }\n", kind, s.Name, of)
}

func typeText(types []sys.SetType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return strings.Join(names, " . ")
}

// FindFirewall asks whether the rules are there; ENOENT if not. To look for the table alone would not do: whoever
// flushes it takes the rules, and leaves the table.
func FindFirewall(t sys.Table) program.Op {
	nl := &sys.Result{Name: "netlink"}
	return program.Op{Name: "find-firewall", Lab: 6, By: program.Host, Why: "the rules are made once, for all containers",
		Shell: "nft list chain inet " + string(t) + " leaving", Man: "nft(8)",
		Calls: conversation(nl, unix.NETLINK_NETFILTER, sys.Ask(nl, t.Rules("leaving")))}
}

// RemoveFirewall takes the table away, and with it every rule of ours.
func RemoveFirewall(t sys.Table) program.Op {
	nl := &sys.Result{Name: "netlink"}
	return program.Op{Name: "remove-firewall", Lab: 6, By: program.Host, Why: "the last container has gone: no rule of ours shall stay behind",
		Shell: "nft delete table inet " + string(t), Man: "nft(8)",
		Calls: conversation(nl, unix.NETLINK_NETFILTER, sys.Ask(nl, sys.Batch(t.Delete())...))}
}

// Interval is a network as two elements of a set: where it begins, and where it does not go on.
func Interval(p netip.Prefix) []sys.Element {
	start := p.Masked().Addr()
	end := start.AsSlice()
	for bit := p.Bits() - 1; bit >= 0; bit-- { // plus one, at the last bit of the prefix
		mask := byte(0x80 >> (bit % 8))
		end[bit/8] ^= mask
		if end[bit/8]&mask != 0 {
			break
		}
	}
	return []sys.Element{{Key: start.AsSlice()}, {Key: end, End: true}}
}
