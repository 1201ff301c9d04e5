package dns

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"tutor/runtime/pace"
)

// What comes in may be anything. To what is no question there is no answer, not even a failure: the loop goes on.
func TestWhatIsNoQuestionIsDropped(t *testing.T) {
	t.Parallel()
	address := serve(t, &Server{})
	response := func(m *dnsmessage.Message) { m.Response = true }
	for _, packet := range [][]byte{nil, {1}, make([]byte, 11), question("web.", dnsmessage.TypeA, response)} {
		conn := dial(t, "udp", address)
		for _, p := range [][]byte{packet, question("web.", dnsmessage.TypeA)} {
			_, err := conn.Write(p)
			require.NoError(t, err)
		}
		buf := make([]byte, 512)
		n, err := conn.Read(buf)
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(buf[:n]))
		require.Equal(t, []string{"172.20.0.2"}, answers(m), "the first that is heard is the answer to the second")
		conn.Close()

		conn = dial(t, "tcp", address)
		require.NoError(t, writeMessage(conn, packet))
		_, err = conn.Read(buf)
		require.Error(t, err, "over TCP the connection is closed")
		conn.Close()
	}
}

func TestAQuestionThatCannotBeAnsweredIsToldWhy(t *testing.T) {
	t.Parallel()
	never := upstream(t, fine)
	address := serve(t, &Server{Upstream: []netip.AddrPort{never.AddrPort}})
	second := dnsmessage.Question{Name: dnsmessage.MustNewName("web."), Type: 1, Class: 1}
	whole := question("example.org.", dnsmessage.TypeA, edns(512))
	for _, c := range []struct {
		what   string
		packet []byte
		code   dnsmessage.RCode
	}{
		{"an update", question("web.", 1, func(m *dnsmessage.Message) { m.OpCode = 5 }), dnsmessage.RCodeNotImplemented},
		{"two questions", question("web.", 1, func(m *dnsmessage.Message) { m.Questions = append(m.Questions, second) }), dnsmessage.RCodeFormatError},
		{"none", question("web.", 1, func(m *dnsmessage.Message) { m.Questions = nil }), dnsmessage.RCodeFormatError},
		{"two OPTs", question("web.", 1, edns(512), edns(512)), dnsmessage.RCodeFormatError},
		{"cut in the OPT", whole[:len(whole)-4], dnsmessage.RCodeFormatError},
		{"cut in the name", whole[:20], dnsmessage.RCodeFormatError},
		{"a name that points at itself", append(append([]byte{}, whole[:12]...), 0xc0, 12, 0, 1, 0, 1), dnsmessage.RCodeFormatError},
		{"the whole zone", question("web.", dnsmessage.TypeAXFR), dnsmessage.RCodeRefused},
		{"what changed in it", question("web.", 251), dnsmessage.RCodeRefused},
		{"EDNS1", question("web.", 1, edns(512), func(m *dnsmessage.Message) { m.Additionals[0].Header.TTL |= 1 << 16 }), 16},
	} {
		for _, network := range []string{"udp", "tcp"} {
			reply, _ := ask(t, network, address, c.packet)
			code := reply.RCode
			if len(reply.Additionals) > 0 {
				code = reply.Additionals[0].Header.ExtendedRCode(code)
			}
			require.Equal(t, c.code, code, c.what)
			require.Empty(t, reply.Answers)
		}
	}
	require.Empty(t, never.heard())
}

// The resolver here answers nobody before all have asked. They ask one after the other, because the kernel's buffer of
// a socket holds some three hundred packets and drops the rest.
func TestAThousandWaitAtOneTime(t *testing.T) {
	quick(t)
	t.Parallel()
	const n = 1000
	var arrived atomic.Int32
	all := make(chan struct{})
	slow := upstream(t, func(_ *resolver, a asked) [][]byte {
		if arrived.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
		case <-t.Context().Done():
		}
		return [][]byte{a.reply()}
	})
	address := serve(t, &Server{Upstream: []netip.AddrPort{slow.AddrPort}})
	var conns []net.Conn
	for i := range int32(n) {
		conn := dial(t, "udp", address)
		defer conn.Close()
		conns = append(conns, conn)
		_, err := conn.Write(question("example.org.", dnsmessage.TypeA, func(m *dnsmessage.Message) { m.ID = uint16(i) }))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return arrived.Load() == i+1 }, pace.Times(2*time.Second), 10*time.Microsecond)
	}
	buf := make([]byte, 512)
	for i, conn := range conns {
		size, err := conn.Read(buf)
		require.NoError(t, err, "answer %d", i)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(buf[:size]))
		require.Equal(t, uint16(i), m.ID)
		require.Equal(t, []string{"192.0.2.1"}, answers(m))
	}
}

// quick skips a test on a machine on which a thousand questions take longer than any of them may wait.
func quick(t *testing.T) {
	t.Helper()
	if pace.Times(time.Second) > 4*time.Second {
		t.Skip("this machine is too slow: emulated, or much too busy")
	}
}

// A container that asks more than may wait hears at once that it will not be served; what is known here is answered
// all the same, and so are all when the wait is over. Closing the sockets does not wait for the silent resolver (serve).
func TestMoreQuestionsThanMayWaitFail(t *testing.T) {
	quick(t)
	t.Parallel()
	quiet := upstream(t, silent)
	s := &Server{Upstream: []netip.AddrPort{quiet.AddrPort}}
	address := serve(t, s)
	conn := dial(t, "udp", address)
	defer conn.Close()
	for i := int32(1); i <= inFlight; i++ {
		_, err := conn.Write(question("example.org.", dnsmessage.TypeA))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return s.waiting.Load() == i }, pace.Times(2*time.Second), 10*time.Microsecond)
	}
	begin := time.Now()
	reply, _ := ask(t, "udp", address, question("example.org.", dnsmessage.TypeA))
	require.Equal(t, dnsmessage.RCodeServerFailure, reply.RCode)
	reply, _ = ask(t, "udp", address, question("web.", dnsmessage.TypeA))
	require.Equal(t, []string{"172.20.0.2"}, answers(reply))
	require.Less(t, time.Since(begin), pace.Times(time.Second))
	require.Equal(t, int32(inFlight), s.waiting.Load(), "who was turned away has left no trace")
}

func TestATCPClientTooManyIsClosed(t *testing.T) {
	t.Parallel()
	s := &Server{}
	address := serve(t, s)
	var all []net.Conn
	for i := range int32(clients) {
		all = append(all, dial(t, "tcp", address))
		require.Eventually(t, func() bool { return s.talking.Load() == i+1 }, pace.Times(time.Second), 100*time.Microsecond)
	}
	many := dial(t, "tcp", address)
	_, err := many.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	all[0].Close()
	require.Eventually(t, func() bool { return s.talking.Load() < clients }, pace.Times(time.Second), 100*time.Microsecond)
	reply, _ := ask(t, "tcp", address, question("web.", dnsmessage.TypeA))
	require.Equal(t, []string{"172.20.0.2"}, answers(reply))
	for _, c := range append(all, many) {
		c.Close()
	}
}

// Two questions on one connection, as glibc's use-vc asks for A and AAAA; and one byte at a time.
func TestATCPClientMayAskAgain(t *testing.T) {
	t.Parallel()
	conn := dial(t, "tcp", serve(t, &Server{}))
	defer conn.Close()
	four, six := question("web.", dnsmessage.TypeA), question("web.", dnsmessage.TypeAAAA)
	stream := append([]byte{0, byte(len(four))}, four...)
	stream = append(append(stream, 0, byte(len(six))), six...)
	for i := range stream {
		_, err := conn.Write(stream[i : i+1])
		require.NoError(t, err)
	}
	for _, want := range []string{"172.20.0.2", "fd00::2"} {
		raw, err := readMessage(conn, 1<<16)
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(raw))
		require.Equal(t, []string{want}, answers(m))
	}
}

// In a bubble of its own time: ten seconds are none.
func TestATCPClientThatStandsStillIsCutOff(t *testing.T) {
	for what, client := range map[string]func(net.Conn){
		"says nothing":        func(net.Conn) {},
		"says half a message": func(c net.Conn) { c.Write([]byte{0, 9, 1, 2}) },
		"does not read":       func(c net.Conn) { writeMessage(c, question("web.", dnsmessage.TypeA)) },
		"promises too much":   func(c net.Conn) { c.Write([]byte{0x10, 1, 0}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			s := Server{Addresses: neighbours, Names: names}
			go client(theirs)
			begin := time.Now()
			s.talk(context.Background(), ours)
			require.LessOrEqual(t, time.Since(begin), 2*idle, what)
			theirs.Close()
		})
	}
}
