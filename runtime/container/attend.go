package container

import (
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"

	"tutor/runtime/dns"
	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/process"
	"tutor/runtime/sys"
)

// attend answers the container's questions for names, and carries over what comes to its published ports by a way that
// the firewall does not know. It returns what ends that.
func (c *Container) attend(running *process.Running) (end func()) {
	var open []io.Closer
	if server := c.nameServer(); server != nil {
		if socket, err := packets(running, c.Plan.UDP); err == nil {
			open = append(open, socket)
			go server.ServeUDP(socket)
		}
		if listener, err := listener(running, c.Plan.TCP); err == nil {
			open = append(open, listener)
			go server.ServeTCP(listener)
		}
	}
	for _, held := range c.Plan.Ports.Held {
		if held.Protocol != "tcp" || held.At.Addr().Is4() {
			continue // the firewall sends on what comes here: the socket is there so that nobody else has the port
		}
		if l, err := listener(running, held.Socket); err == nil {
			open = append(open, l)
			go relay(l, netip.AddrPortFrom(c.Plan.Ports.IPv4, held.Port))
		}
	}
	return func() {
		for _, o := range open {
			o.Close()
		}
	}
}

func listener(running *process.Running, of *sys.Result) (net.Listener, error) {
	file, err := socket(running, of)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the listener is a copy
	return net.FileListener(file)
}

func packets(running *process.Running, of *sys.Result) (net.PacketConn, error) {
	file, err := socket(running, of)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FilePacketConn(file)
}

func socket(running *process.Running, of *sys.Result) (*os.File, error) {
	fd, there := running.Answer(of)
	if !there {
		return nil, os.ErrNotExist
	}
	return os.NewFile(uintptr(fd), of.Name), nil
}

// relay copies data between whoever comes to the listener and the container. That is how IPv6 reaches a container that has only
// IPv4: the kernel cannot change the one into the other.
func relay(l net.Listener, to netip.AddrPort) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			inside, err := net.Dial("tcp", to.String())
			if err != nil {
				return
			}
			defer inside.Close()
			both := sync.WaitGroup{}
			both.Go(func() { pass(inside, from) })
			both.Go(func() { pass(from, inside) })
			both.Wait()
		}()
	}
}

// pass copies until the end, and passes the end on.
func pass(to, from net.Conn) {
	io.Copy(to, from)
	if half, can := to.(*net.TCPConn); can {
		half.CloseWrite()
	}
}

// nameServer knows the containers on the same networks, the default one aside, and asks the host's resolvers for all others.
func (c *Container) nameServer() *dns.Server {
	if !c.Options.plugged() {
		return nil
	}
	book := &networks.Book{Store: c.home.Networks(), Container: c.State.ID}
	server := &dns.Server{Addresses: book.Addresses, Names: book.Names}
	conf := c.resolvConf()
	server.Qualified = conf.Qualified()
	if !slices.ContainsFunc(c.Plan.Wire.Endpoints, func(e network.Endpoint) bool { return !e.Net.Internal }) {
		return server // nobody outside can be asked
	}
	server.Upstream = conf.Upstream()
	return server
}
