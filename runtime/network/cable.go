package network

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// An Endpoint is where a container is plugged into a network.
type Endpoint struct {
	Net       Net
	Interface string         // its name inside: "eth0"
	Index     int            // its number inside: ours to choose
	Outside   string         // the name of the cable's other end, on the host
	MAC       []byte         // the address of the interface
	Addresses []netip.Prefix // its IP addresses
	Routes    []netip.Addr   // gateways of default routes that go by here
}

// A Wire is all that connects one container: what its Ops have in common.
type Wire struct {
	Endpoints []Endpoint
	LeftOut   string      // why there are none
	PID       *sys.Result // the container's first process
	own       *sys.Result // the host's network namespace, to come back to
	target    *sys.Result // the container's first process, held
}

// NewWire names what is not there yet. pid is what clone answers, or the PID of a container that runs.
func NewWire(pid *sys.Result, endpoints ...Endpoint) Wire {
	w := Wire{Endpoints: endpoints, PID: pid, own: &sys.Result{Name: "own-net"}, target: &sys.Result{Name: "pidfd"}}
	if len(endpoints) == 0 {
		w.LeftOut = "no network to be plugged into"
	}
	return w
}

func (w Wire) only(op program.Op) program.Op {
	if len(w.Endpoints) == 0 {
		return op.Leave(w.LeftOut)
	}
	return op
}

// Cable lays a cable from the bridge into the container: one veth device inside, its other end outside. Nobody takes
// it away: it goes when the container's network namespace goes, and the kernel sees to that in its own time. See Silence.
func Cable(w Wire) program.Op {
	nl := &sys.Result{Name: "netlink"}
	op := program.Op{
		Name: "cable",
		Lab:  6,
		By:   program.Host,
		Why:  "the container would have no way to anybody but itself",
		Man:  "veth(4)",
	}
	var asked [][]sys.Call
	var shell []string
	for _, e := range w.Endpoints {
		asked = append(asked, sys.Ask(nl, sys.NewVeth(e.Interface, e.Index, e.MAC, w.PID, e.Outside)), sys.Ask(nl, sys.Plug(e.Outside, e.Net.Index)))
		shell = append(shell, fmt.Sprintf("ip link add %s index %d address %s netns $PID type veth peer name %s", e.Interface, e.Index, macText(e.MAC), e.Outside),
			fmt.Sprintf("ip link set %s master %s up", e.Outside, e.Net.Bridge))
	}
	op.Shell = strings.Join(shell, " && ")
	op.Calls = conversation(nl, unix.NETLINK_ROUTE, asked...)
	return w.only(op)
}

// Hairpin lets what a container sends to its own published port come back by the cable that it left by. Only where
// br_netfilter has bridges ask the firewall is that needed: elsewhere the packet goes through the host's own routing.
func Hairpin(w Wire, published bool) program.Op {
	nl := &sys.Result{Name: "netlink"}
	op := program.Op{
		Name: "hairpin",
		Lab:  7,
		By:   program.Host,
		Why:  "the container would reach every published port of this machine but its own",
		Man:  "bridge(8)",
	}
	var asked [][]sys.Call
	var shell []string
	for _, e := range w.Endpoints {
		asked = append(asked, sys.Ask(nl, sys.Hairpin(e.Outside)))
		shell = append(shell, "ip link set "+e.Outside+" type bridge_slave hairpin on")
	}
	op.Shell = strings.Join(shell, " && ")
	op.Calls = conversation(nl, unix.NETLINK_ROUTE, asked...)
	if !published && len(w.Endpoints) > 0 {
		return op.Leave("no -p given")
	}
	return w.only(op)
}

// StepIn takes the host's hand into the container's network namespace: sockets that it makes there belong there. The way
// back is kept open to the end: when an entry before StepOut fails, what follows must not be done to the container's network.
func StepIn(w Wire) program.Op {
	op := program.Op{
		Name:  "step-in",
		Lab:   6,
		By:    program.Host,
		Why:   "what follows would be done to the host's own interfaces",
		Shell: "nsenter --target $PID --net …",
		Man:   "setns(2)",
		Calls: []sys.Call{
			sys.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, w.own),
			sys.PidfdOpen(w.PID, w.target),
			sys.Setns(w.target, unix.CLONE_NEWNET),
			sys.Close(w.target),
		},
		Undo: []sys.Call{sys.Setns(w.own, unix.CLONE_NEWNET), sys.Close(w.own)},
	}
	return w.only(op)
}

// Address gives the interfaces inside their addresses and switches them on. With the address comes the route to
// everybody on the same network.
func Address(w Wire) program.Op {
	nl := &sys.Result{Name: "netlink"}
	op := program.Op{
		Name: "address",
		Lab:  6,
		By:   program.Host,
		Why:  "without an address nobody can be answered",
		Man:  "rtnetlink(7)",
	}
	var asked [][]sys.Call
	var shell []string
	for _, e := range w.Endpoints {
		for _, a := range e.Addresses {
			asked = append(asked, sys.Ask(nl, sys.NewAddress(e.Index, a)))
			shell = append(shell, fmt.Sprintf("nsenter --target $PID --net ip addr add %s dev %s%s", a, e.Interface, addressWords(a)))
		}
		asked = append(asked, sys.Ask(nl, sys.SwitchOn(e.Index)))
		shell = append(shell, "nsenter --target $PID --net ip link set "+e.Interface+" up")
	}
	op.Shell = strings.Join(shell, " && ")
	op.Calls = conversation(nl, unix.NETLINK_ROUTE, asked...)
	return w.only(op)
}

func addressWords(a netip.Prefix) string {
	if a.Addr().Is6() {
		return " nodad"
	}
	return " broadcast +"
}

// Route tells the container whom to give what is for nobody nearby. EEXIST: it knows somebody already.
func Route(w Wire) program.Op {
	nl := &sys.Result{Name: "netlink"}
	op := program.Op{
		Name: "route",
		Lab:  6,
		By:   program.Host,
		Why:  "the container would reach its neighbours, and nobody else",
		Man:  "rtnetlink(7)",
	}
	var asked [][]sys.Call
	var shell []string
	for _, e := range w.Endpoints {
		for _, gateway := range e.Routes {
			ask := sys.Ask(nl, sys.DefaultRoute(gateway))
			ask[1] = ask[1].Tolerate(unix.EEXIST)
			asked = append(asked, ask)
			shell = append(shell, fmt.Sprintf("nsenter --target $PID --net ip route add default via %s", gateway))
		}
	}
	op.Shell = strings.Join(shell, " && ")
	op.Calls = conversation(nl, unix.NETLINK_ROUTE, asked...)
	if len(asked) == 0 && len(w.Endpoints) > 0 {
		return op.Leave("the network is internal: there is no way out")
	}
	return w.only(op)
}

// Names opens the sockets at which the container's questions for names are answered. They are made in the container's network
// and stay in tutor's hand: no process inside, and no daemon outside.
func Names(w Wire, udp, tcp *sys.Result) program.Op {
	at := netip.MustParseAddrPort(NameServer + ":53")
	op := program.Op{
		Name:  "names",
		Lab:   6,
		By:    program.Host,
		Why:   "containers would have to know one another by number",
		Shell: "nsenter --target $PID --net dnsmasq --listen-address=" + NameServer,
		Man:   "resolv.conf(5)",
		Calls: []sys.Call{
			sys.InetSocket(at.Addr(), unix.SOCK_DGRAM, udp), sys.Bind(udp, at),
			sys.InetSocket(at.Addr(), unix.SOCK_STREAM, tcp), sys.SetOption(tcp, unix.SOL_SOCKET, unix.SO_REUSEADDR), sys.Bind(tcp, at), sys.Listen(tcp, 128),
		},
	}
	return w.only(op)
}

// NameServer is where a container asks for names: an address of its own loopback, as in Docker.
const NameServer = "127.0.0.11"

// StepOut brings the host's hand back.
func StepOut(w Wire) program.Op {
	op := program.Op{
		Name:  "step-out",
		Lab:   6,
		By:    program.Host,
		Why:   "what follows would be done to the container's interfaces",
		Shell: "exit",
		Man:   "setns(2)",
		Calls: []sys.Call{sys.Setns(w.own, unix.CLONE_NEWNET)},
	}
	return w.only(op)
}

// Silence switches the outer end of a cable off when its container has gone. The network namespace may live on for a
// minute, while the kernel waits for answers to the last packets of a connection; meanwhile it would answer for an address
// that is somebody else's by then. To take the cable away would do too, and take a hundred times as long.
func Silence(e Endpoint) program.Op {
	nl := &sys.Result{Name: "netlink"}
	ask := sys.Ask(nl, sys.SwitchOff(e.Outside))
	ask[1] = ask[1].Tolerate(unix.ENODEV)
	return program.Op{Name: "silence", Lab: 6, By: program.Host, Why: "the kernel may take its time, and a dead container's network would answer for a new one's address",
		Shell: "ip link set " + e.Outside + " down", Man: "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, ask)}
}

// Unplug takes a cable away while the container runs.
func Unplug(e Endpoint) program.Op {
	nl := &sys.Result{Name: "netlink"}
	ask := sys.Ask(nl, sys.DeleteLink(e.Outside))
	ask[1] = ask[1].Tolerate(unix.ENODEV)
	return program.Op{Name: "unplug", Lab: 6, By: program.Host, Why: "the container shall be on this network no longer",
		Shell: "ip link delete " + e.Outside, Man: "rtnetlink(7)",
		Calls: conversation(nl, unix.NETLINK_ROUTE, ask)}
}
