package container

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"tutor/runtime/dns"
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
			go relay(l, func() netip.AddrPort {
				now, _, _ := c.home.found(c.State.ID) // it may be on other networks than at its start
				return netip.AddrPortFrom(now, held.Port)
			})
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
// IPv4: the kernel cannot change the one into the other. It carries so many connections at once and no more; others wait.
func relay(l net.Listener, to func() netip.AddrPort) {
	places := make(chan struct{}, 1000)
	for {
		places <- struct{}{}
		from, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptor is left, perhaps: others will end
			<-places
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go func() {
			defer func() { <-places }()
			defer from.Close()
			inside, err := net.DialTimeout("tcp", to().String(), 10*time.Second)
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
	conf := c.resolvConf()
	return &dns.Server{Addresses: book.Addresses, Names: book.Names, Alone: book.Alone, Qualified: conf.Qualified(), Upstream: conf.Upstream()}
}
