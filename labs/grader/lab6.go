package grader

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

var networkChecks = []Check{
	{ID: "lab6.net", Title: "COMMAND has a network of its own", Points: 3, Man: "network_namespaces(7)", Read: "By hand", Run: onLan(ownNetwork),
		Hints: []string{"readlink /proc/PID/ns/net must differ from the host's", "CLONE_NEWNET, as in lab 2", "Cloneflags |= syscall.CLONE_NEWNET"}},
	{ID: "lab6.lo", Title: "its loopback is up", Points: 1, Needs: []string{"lab6.net"}, Man: "network_namespaces(7)", Read: "By hand", Run: onLan(loopbackUp),
		Hints: []string{"who talks to 127.0.0.1 inside gets: network is unreachable", "a new network namespace has a loopback, and it is down", "ip link set lo up"}},
	{ID: "lab6.veth", Title: "a veth pair leads from there to the bridge", Points: 3, Needs: []string{"lab6.net"}, Man: "veth(4)", Read: "By hand", Run: onLan(cableToBridge),
		Hints: []string{"a cable has two ends: one inside, one in the bridge", "ip link add eth0 type veth peer name NAME netns …; then NAME gets a master", "both ends must be switched on: ip link set NAME master BRIDGE up"}},
	{ID: "lab6.address", Title: "COMMAND has ADDR/PREFIX, and no other address", Points: 2, Needs: []string{"lab6.veth"}, Man: "ip-address(8)", Read: "By hand", Run: onLan(ownAddress),
		Hints: []string{"the prefix belongs to it: it says who is a neighbour, to be reached without the gateway", "ip address add ADDR/PREFIX dev eth0", ""}},
	{ID: "lab6.early", Title: "it is all there before COMMAND is", Points: 1, Needs: []string{"lab6.address"}, Man: "network_namespaces(7)", Read: "Build it", Run: onLan(networkEarly),
		Hints: []string{"a server that binds its address in its first millisecond must find it", "whoever plugs the cable in from outside must have the child wait: a pipe is enough", ""}},
	{ID: "lab6.host", Title: "COMMAND reaches the host at GATEWAY, and the host COMMAND", Points: 2, Needs: []string{"lab6.early"}, Man: "ip-link(8)", Read: "By hand", Run: onLan(talksToHost),
		Hints: []string{"ping GATEWAY from inside; then look on which side the packets end", "ip neighbour, on both sides, tells who has answered", ""}},
	{ID: "lab6.boxes", Title: "two boxes reach each other", Points: 3, Needs: []string{"lab6.host"}, Man: "bridge(8)", Read: "By hand", Run: onLan(talkToEachOther),
		Hints: []string{"the host has both cables at once: their names must differ, and so must the ends' hardware addresses", "start two by hand, and compare: ip link; bridge link", ""}},
	{ID: "lab6.route", Title: "what is further away goes by GATEWAY", Points: 2, Needs: []string{"lab6.host"}, Man: "ip-route(8)", Read: "By hand", Run: onLan(reachesBeyond),
		Hints: []string{"without a route the answer is: network is unreachable", "ip route inside should begin with default via GATEWAY", "ip route add default via GATEWAY, after the address"}},
	{ID: "lab6.root", Title: "a root of layers has a network as well", Points: 1, Needs: []string{"lab6.early"}, Man: "pivot_root(2)", Read: "Run it", Run: onLan(networkInRoot),
		Hints: []string{"in the new root there is no ip to run, and no host's /proc", "do it before the pivot, or from outside", ""}},
	{ID: "lab6.left", Title: "nothing stays: no link, no rule, no name of a namespace", Points: 1, Needs: []string{"lab6.veth"}, Man: "network_namespaces(7)", Read: "By hand", Run: onLan(nothingLeft6),
		Hints: []string{"a network namespace goes with its last process, and takes its links along; the other end of a veth goes too", "a name in /run/netns is a mount, and keeps it alive", "ip link, ip netns, nft list ruleset: look at each when box has ended"}},
	{ID: "lab6.killed", Title: "box killed by SIGKILL at any step of its start: the next box finds nothing in its way", Points: 1, Needs: []string{"lab6.left", "lab6.boxes"}, Man: "veth(4)", Read: "By hand", Run: onLan(killedOnLan),
		Hints: []string{"which of your steps leaves something if it is the last one?", "make the cable with one end inside already, ip link add … netns …: then it ends with the namespace", "or give links names that tell whose they are, and have the next box remove those of the dead"}},
}

// onLan is a check in a sandbox that has a network.
func onLan(run func(*lan) error) func(*Sandbox) error {
	return func(s *Sandbox) error {
		l, err := s.newLan()
		if err != nil {
			return err
		}
		return errors.Join(run(l), l.close())
	}
}

// plugged starts a box on the bridge and waits for its COMMAND.
func (l *lan) plugged(words ...string) (netip.Addr, Process, error) {
	ip, flags := l.flags()
	_, command, err := l.Holds(with(flags, words...)...)
	return ip, command, err
}

func ownNetwork(l *lan) error {
	_, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	if host := Process(l.PID).NS("net"); command.NS("net") == host {
		return wrong("another net namespace than the host's, "+host, "the same")
	}
	return nil
}

func loopbackUp(l *lan) error {
	_, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	links, err := command.links()
	if err != nil {
		return err
	}
	for _, link := range links {
		if link.Attrs().Name == "lo" && link.Attrs().Flags&net.FlagUp == 0 {
			return wrong("lo to be up inside", "it is down")
		}
	}
	return nil
}

// cableToBridge follows the cable: each end of a veth knows the index of the other one.
func cableToBridge(l *lan) error {
	_, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	seen := ""
	if l.until(func() bool {
		seen, err = l.cable(command)
		return err != nil || seen == ""
	}) {
		return err
	}
	return wrong("a veth pair with one end inside and the other in "+l.bridge, seen)
}

func ownAddress(l *lan) error {
	ip, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	return l.has(ip, command)
}

// has fails unless the process has this address.
func (l *lan) has(ip netip.Addr, command Process) error {
	wanted := netip.PrefixFrom(ip, l.subnet.Bits()).String()
	var got string
	var err error
	l.until(func() bool {
		var all []string
		all, err = command.addresses()
		got = strings.Join(all, ", ")
		return err != nil || got != ""
	})
	if err != nil {
		return err
	}
	return same("COMMAND's address to be", wanted, got)
}

func networkEarly(l *lan) error {
	gate := newGate(func(p Process) string {
		all, _ := p.addresses()
		return strings.Join(all, ", ")
	}, 0, l.host(ToolDir+"/tutor"))
	if gate == nil {
		return nil
	}
	defer gate.Close()
	ip, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	if said, _ := gate.Said(command); !strings.Contains(said, ip.String()) {
		return wrong("COMMAND's network to have "+ip.String()+" when execve begins", "addresses: "+said)
	}
	return nil
}

// port is one that no program takes by itself.
func (s *Sandbox) port() uint16 { return uint16(s.Between(11000, 29999)) }

func talksToHost(l *lan) error {
	port, word := l.port(), l.Word()
	ip, command, err := l.plugged("serve", fmt.Sprint(port), word)
	if err != nil {
		return err
	}
	at := netip.AddrPortFrom(l.gateway, l.port())
	host := l.Word()
	listener, err := listens(l.network(), at, host)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := l.reaches(command.network(), at, host, "COMMAND", "the host"); err != nil {
		return err
	}
	return l.reaches(l.network(), netip.AddrPortFrom(ip, port), word, "the host", "COMMAND")
}

func talkToEachOther(l *lan) error {
	port, words := l.port(), []string{l.Word(), l.Word()}
	var ips [2]netip.Addr
	var commands [2]Process
	for i := range ips {
		var err error
		if ips[i], commands[i], err = l.plugged("serve", fmt.Sprint(port), words[i]); err != nil {
			return err
		}
	}
	for i := range ips {
		if err := l.reaches(commands[i].network(), netip.AddrPortFrom(ips[1-i], port), words[1-i], "one box", "the other"); err != nil {
			return err
		}
	}
	return nil
}

// reachesBeyond asks for the way, and then goes it.
func reachesBeyond(l *lan) error {
	_, command, err := l.plugged("hold")
	if err != nil {
		return err
	}
	wanted, routes := "default via "+l.gateway.String(), []string{}
	if !l.until(func() bool {
		routes, err = command.routes()
		return err != nil || slices.Contains(routes, wanted)
	}) {
		return wrong("a route inside: "+wanted, "routes: "+strings.Join(routes, ", "))
	}
	if err != nil {
		return err
	}
	at, word := netip.AddrPortFrom(l.neighbour, l.port()), l.Word()
	listener, err := listens(l.beyond(), at, word)
	if err != nil {
		return err
	}
	defer listener.Close()
	return l.reaches(command.network(), at, word, "COMMAND", "a host beyond the host")
}

func networkInRoot(l *lan) error {
	if err := errors.Join(l.base(twoLayers[0], treeFiles{}), l.plant(twoLayers[1], treeFiles{"other/": ""})); err != nil {
		return err
	}
	ip, flags := l.flags()
	args := layered(twoLayers, "hold")
	_, command, err := l.Holds(append(append([]string{"run"}, flags...), args[1:]...)...)
	if err != nil {
		return err
	}
	return l.has(ip, command)
}

func nothingLeft6(l *lan) error {
	_, flags := l.flags()
	box, err := l.Ends("", with(flags, "say", l.Word())...)
	if err != nil {
		return err
	}
	return cmp.Or(l.clean(), box.Ran())
}

func killedOnLan(l *lan) error {
	args := func(words ...string) []string {
		_, flags := l.flags()
		return with(flags, words...)
	}
	if err := l.killedMidStart(func() []string { return args("hold") }); err != nil {
		return err
	}
	return l.nextFindsNothing(args("exit", "0"))
}
