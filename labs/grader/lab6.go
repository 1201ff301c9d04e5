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

var networkLooks = looks{
	"lab6.net":     onLan(ownNetwork),
	"lab6.lo":      onLan(loopbackUp),
	"lab6.veth":    onLan(cableToBridge),
	"lab6.address": onLan(ownAddress),
	"lab6.early":   onLan(networkEarly),
	"lab6.host":    onLan(talksToHost),
	"lab6.boxes":   onLan(talkToEachOther),
	"lab6.route":   onLan(reachesBeyond),
	"lab6.root":    onLan(networkInRoot),
	"lab6.left":    onLan(nothingLeft6),
	"lab6.killed":  onLan(killedOnLan),
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
