// Package dns is the name server that a container sees at 127.0.0.11. It knows the containers on the same networks
// by name; for every other name it asks the host's resolvers. There is one server for each container and no daemon
// behind it: the sockets, made inside the container's network namespace, are handed in.
//
// Everybody is a stranger here: the container, whose packets may be anything, and the resolvers, whose replies may
// be. So all that is kept for either has a bound, which stands in the table below.
package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	ttl         = 600              // seconds; Docker's
	largestUDP  = 4096             // bytes of a message over UDP, whatever the client offers: RFC 6891, section 6.2.5
	smallestUDP = 512              // what every client takes: RFC 1035, section 2.3.4
	largestTCP  = 1<<16 - 1        // the length before a message has two bytes
	inFlight    = 1024             // questions that wait for resolvers at one time; Docker's. Some 15 kB and a socket each
	clients     = 64               // TCP connections; one more is closed at once
	idle        = 10 * time.Second // a TCP client that neither asks nor reads
	patience    = 4 * time.Second  // for all resolvers together: glibc gives up on us after 5 (resolv.conf(5))
	resolvers   = 3                // how many are asked: MAXNS of resolv.conf(5)
)

// Server answers for one container. The functions are called from many goroutines.
type Server struct {
	// Addresses looks a name up, which comes in lower case and without the last dot. A name that is known but has
	// no addresses is still known: nobody else is asked, or the container would reach a stranger of that name.
	Addresses func(name string) (addresses []netip.Addr, known bool)
	// Names are those of an address, the one to be shown first.
	Names func(address netip.Addr) []string
	// Upstream are the host's resolvers, asked in this order from the namespace of this process; at most three.
	// Without any what is not known here fails (SERVFAIL, as in Docker).
	Upstream []netip.AddrPort
	// Alone tells if they may not be asked now: the container is on internal networks only. nil: they may.
	Alone func() bool
	// Qualified keeps names without a dot from the resolvers: what is asked for A or AAAA and not known here has no
	// answers, and the client goes on with its search list. Docker does so where ndots is set, and else sends
	// "localhost" and "intranet" on as it does all others.
	Qualified bool

	waiting atomic.Int32
	talking atomic.Int32
}

// ServeUDP answers until the socket is closed. Names known here are answered in the loop itself: they are there
// even while all questions that may wait for a silent resolver do so.
func (s *Server) ServeUDP(socket net.PacketConn) error {
	ctx, end := context.WithCancel(context.Background())
	var flights sync.WaitGroup
	defer flights.Wait()
	defer end()
	buf := make([]byte, largestUDP)
	for {
		n, client, err := socket.ReadFrom(buf)
		if err != nil {
			return closed(err)
		}
		q, ok := parse(buf[:n])
		if !ok {
			continue
		}
		limit := q.limit()
		reply := s.here(q, limit)
		if reply == nil && !s.enter() {
			reply = q.reply(dnsmessage.RCodeServerFailure, nil, limit)
		}
		if reply != nil {
			socket.WriteTo(reply, client) // a client that has gone is not our trouble
			continue
		}
		flights.Go(func() {
			defer s.leave()
			socket.WriteTo(s.forward(ctx, q, "udp", limit), client)
		})
	}
}

// enter takes one of the places for questions that wait, if there is one.
func (s *Server) enter() bool {
	if s.waiting.Add(1) <= inFlight {
		return true
	}
	s.leave()
	return false
}

func (s *Server) leave() { s.waiting.Add(-1) }

// closed makes nothing of the error that is the usual end.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
