package dns

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"tutor/runtime/pace"
)

// neighbours are the containers of these tests. Everybody has an address of each family but "four" and "six"; "crowd"
// is an alias of a hundred, "asleep" is known and has none.
func neighbours(name string) (all []netip.Addr, known bool) {
	four, six := netip.MustParseAddr("172.20.0.2"), netip.MustParseAddr("fd00::2")
	switch name {
	case "web", "web.net":
		return []netip.Addr{four, six}, true
	case "four":
		return []netip.Addr{four}, true
	case "six":
		return []netip.Addr{six}, true
	case "asleep":
		return nil, true
	case "crowd":
		for i := range 100 {
			all = append(all, netip.AddrFrom4([4]byte{172, 20, 1, byte(i)}))
		}
		return all, true
	}
	return nil, false
}

func names(a netip.Addr) []string {
	switch a.String() {
	case "172.20.0.2", "fd00::2":
		return []string{"web.net", "web"}
	}
	return nil
}

// serve runs a server on loopback, the same port for UDP and TCP, and stops it in the end, whatever it waits for.
func serve(t testing.TB, s *Server) (address string) {
	t.Helper()
	if s.Addresses == nil {
		s.Addresses, s.Names = neighbours, names
	}
	packets, listener := sockets(t)
	ends := make(chan error, 2)
	go func() { ends <- s.ServeUDP(packets) }()
	go func() { ends <- s.ServeTCP(listener) }()
	t.Cleanup(func() {
		packets.Close()
		listener.Close()
		for range 2 {
			select {
			case err := <-ends:
				require.NoError(t, err, "a closed socket is the usual end")
			case <-time.After(pace.Times(3 * time.Second)):
				require.Fail(t, "the server goes on although its sockets are closed")
			}
		}
	})
	return packets.LocalAddr().String()
}

func sockets(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 { // the port may be another's over TCP
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		if listener, err := net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, listener
		}
		packets.Close()
	}
	require.Fail(t, "no port is free for both UDP and TCP")
	return nil, nil
}

// resolver is an upstream on loopback. What it answers is for each test to say: any number of packets, in order.
type resolver struct {
	netip.AddrPort
	packets net.PacketConn
	mutex   sync.Mutex
	asked   []asked
}

type asked struct {
	network string
	from    string
	dnsmessage.Message
}

func upstream(t testing.TB, answer func(r *resolver, a asked) [][]byte) *resolver {
	t.Helper()
	packets, listener := sockets(t)
	r := &resolver{AddrPort: netip.MustParseAddrPort(packets.LocalAddr().String()), packets: packets}
	var open sync.WaitGroup
	t.Cleanup(func() {
		packets.Close()
		listener.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			buf := make([]byte, 1<<16)
			n, from, err := packets.ReadFrom(buf)
			if err != nil {
				return
			}
			open.Go(func() {
				for _, reply := range answer(r, r.hear(t, "udp", from, buf[:n])) {
					packets.WriteTo(reply, from)
				}
			})
		}
	})
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				for packet, err := readMessage(conn, 1<<16); err == nil; packet, err = readMessage(conn, 1<<16) {
					for _, reply := range answer(r, r.hear(t, "tcp", conn.RemoteAddr(), packet)) {
						writeMessage(conn, reply)
					}
				}
			})
		}
	})
	return r
}

func (r *resolver) hear(t testing.TB, network string, from net.Addr, packet []byte) asked {
	a := asked{network: network, from: from.String()}
	if err := a.Unpack(packet); err != nil {
		t.Errorf("a resolver was sent what is no message: %v", err)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.asked = append(r.asked, a)
	return a
}

func (r *resolver) heard() []asked {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.asked
}

// reply is a resolver's usual answer: one address.
func (a asked) reply(change ...func(*dnsmessage.Message)) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: a.ID, Response: true, RecursionAvailable: true}, Questions: a.Questions}
	if q := a.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{record(q, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})}
	}
	for _, c := range change {
		c(&m)
	}
	packet, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packet
}

func fine(_ *resolver, a asked) [][]byte { return [][]byte{a.reply()} }

func silent(*resolver, asked) [][]byte { return nil }

// failing answers with a failure.
func failing(code dnsmessage.RCode) func(*resolver, asked) [][]byte {
	return func(_ *resolver, a asked) [][]byte {
		return [][]byte{a.reply(func(m *dnsmessage.Message) { m.RCode, m.Answers = code, nil })}
	}
}

func question(name string, kind dnsmessage.Type, change ...func(*dnsmessage.Message)) []byte {
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
	for _, c := range change {
		c(&m)
	}
	packet, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packet
}

func edns(size int, options ...dnsmessage.Option) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) {
		opt := dnsmessage.Resource{Body: &dnsmessage.OPTResource{Options: options}}
		opt.Header.SetEDNS0(size, 0, true)
		m.Additionals = append(m.Additionals, opt)
	}
}

// ask sends one packet and reads one reply, which must be one to the question.
func ask(t testing.TB, network, address string, packet []byte) (reply dnsmessage.Message, size int) {
	t.Helper()
	conn := dial(t, network, address)
	defer conn.Close()
	send, receive := clientSide(conn, network)
	require.NoError(t, send(packet))
	raw, err := receive()
	require.NoError(t, err, "no reply")
	require.NoError(t, reply.Unpack(raw))
	require.True(t, reply.Response)
	require.Equal(t, packet[:2], raw[:2], "the reply's ID")
	return reply, len(raw)
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(pace.Times(6*time.Second))))
	return conn
}

func clientSide(conn net.Conn, network string) (func([]byte) error, func() ([]byte, error)) {
	if network == "tcp" {
		return overTCP(conn)
	}
	return overUDP(conn)
}

// answers are the addresses and names in a reply, as text.
func answers(m dnsmessage.Message) (all []string) {
	for _, a := range m.Answers {
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			all = append(all, netip.AddrFrom4(body.A).String())
		case *dnsmessage.AAAAResource:
			all = append(all, netip.AddrFrom16(body.AAAA).String())
		case *dnsmessage.PTRResource:
			all = append(all, body.PTR.String())
		}
	}
	return all
}
