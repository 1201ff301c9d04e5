package grader

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A lan is the network that box finds in the sandbox: a bridge with the gateway's address, as the contract says. The host has
// another address in another network, and there lives a neighbour, who is in a network namespace of his own.
type lan struct {
	*Sandbox
	bridge        string
	subnet        netip.Prefix
	gateway       netip.Addr
	uplink        netip.Addr // where the neighbour finds the host
	neighbour     netip.Addr
	neighbourhood *os.File // his network namespace
	taken         map[netip.Addr]bool
}

// newLan makes it; close takes the neighbour away, and the sandbox's end the rest. What is there then is no trace of box's.
func (s *Sandbox) newLan() (*lan, error) {
	l := &lan{Sandbox: s, bridge: "br" + s.Word(), taken: map[netip.Addr]bool{}}
	bits := []int{20, 21, 22, 23, 25, 26}[s.IntN(6)] // not one that somebody would guess
	l.subnet = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(s.Between(20, 250)), byte(s.Between(20, 250)), byte(s.Between(1, 254))}), bits).Masked()
	l.gateway = l.address()
	beyond := [4]byte{198, 18, byte(s.Between(1, 254)), 0} // RFC 2544: nobody's
	beyond[3] = byte(s.Between(2, 120))
	l.uplink = netip.AddrFrom4(beyond)
	beyond[3] += byte(s.Between(1, 120))
	l.neighbour = netip.AddrFrom4(beyond)
	if err := l.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox's network: %w", err), l.close())
	}
	s.ran = append(s.ran, fmt.Sprintf("sudo sh -c 'ip link add %[1]s type bridge; ip address add %[2]s/%[3]d dev %[1]s; ip link set %[1]s up'", l.bridge, l.gateway, bits))
	var err error
	s.before, err = s.traces()
	return l, err
}

func (l *lan) close() error {
	if l.neighbourhood == nil {
		return nil
	}
	return l.neighbourhood.Close()
}

// address is one of the subnet that nobody has: neither the first nor the last, which means all.
func (l *lan) address() netip.Addr {
	for {
		four := l.subnet.Addr().As4()
		n := uint32(four[2])<<8 + uint32(four[3]) + uint32(l.Between(3, 1<<(32-l.subnet.Bits())-3))
		four[2], four[3] = byte(n>>8), byte(n)
		if a := netip.AddrFrom4(four); !l.taken[a] {
			l.taken[a] = true
			return a
		}
	}
}

// flags plug box in, at an address of its own.
func (l *lan) flags() (netip.Addr, []string) {
	ip := l.address()
	return ip, []string{"--net", l.bridge, "--ip", fmt.Sprintf("%s/%d", ip, l.subnet.Bits()), "--gateway", l.gateway.String()}
}

// build makes the neighbour's namespace, the bridge, and the cable between both hosts.
func (l *lan) build() error {
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is in another network now, and ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			l.neighbourhood, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		return err
	}
	if err := within(l.network(), unix.CLONE_NEWNET, l.buildHost); err != nil {
		return err
	}
	return within(l.beyond(), unix.CLONE_NEWNET, func() error {
		_, subnet, _ := net.ParseCIDR(l.subnet.String())
		return errors.Join(settle("uplink", l.neighbour, 24), netlink.RouteAdd(&netlink.Route{Dst: subnet, Gw: l.uplink.AsSlice()}))
	})
}

func (l *lan) buildHost() error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: l.bridge}}
	cable := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "uplink"}, PeerName: "uplink", PeerNamespace: netlink.NsFd(l.neighbourhood.Fd())}
	if err := errors.Join(netlink.LinkAdd(bridge), netlink.LinkAdd(cable)); err != nil {
		return err
	}
	return errors.Join(settle(l.bridge, l.gateway, l.subnet.Bits()), settle("uplink", l.uplink, 24),
		os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)) // of the network that this thread is in
}

// settle gives a link its address, and switches it on.
func settle(name string, ip netip.Addr, bits int) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(bits, 32)}}
	return errors.Join(netlink.AddrAdd(link, address), netlink.LinkSetUp(link))
}

// network and beyond are the host's network and the neighbour's, for within.
func (l *lan) network() string { return Process(l.PID).network() }
func (l *lan) beyond() string  { return fmt.Sprintf("/proc/self/fd/%d", l.neighbourhood.Fd()) }

// listens has somebody answer at an address of a network, always beginning with word, until the listener is closed.
func listens(network string, at netip.AddrPort, word string) (net.Listener, error) {
	var listener net.Listener
	err := within(network, unix.CLONE_NEWNET, func() (err error) {
		listener, err = net.Listen("tcp4", at.String())
		return err
	})
	if err == nil {
		go serveAll(listener, word)
	}
	return listener, err
}

// calls connects from a network. It gives up in time for another try: a call that comes before its way is there may hang.
func (s *Sandbox) calls(network string, to netip.AddrPort) (*net.TCPConn, error) {
	var conn net.Conn
	err := within(network, unix.CLONE_NEWNET, func() (err error) {
		conn, err = net.DialTimeout("tcp4", to.String(), s.patience/4)
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// reaches has somebody call from a network, and fails unless the one who answers is the right one. who and whom are for
// the failure's text.
func (s *Sandbox) reaches(network string, to netip.AddrPort, word, who, whom string, hints ...string) error {
	nonce, said := s.Word(), ""
	arrived := s.until(func() bool {
		conn, err := s.calls(network, to)
		if err != nil {
			said = err.Error()
			return false
		}
		defer conn.Close()
		answer, err := tellLine(conn, nonce, s.patience)
		if err != nil {
			said = fmt.Sprintf("connected, and after %s: %v", quote(answer), err)
			return false
		}
		said = answer
		return true
	})
	expected := who + " to reach " + whom + " at " + to.String()
	if !arrived {
		return wrong(expected, said, hints...)
	}
	return same(expected+", whose answer is", word+" "+nonce+"\n", said, hints...)
}
