package dns

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"tutor/runtime/pace"
)

func TestTheNextResolverIsAskedWhenOneIsOfNoUse(t *testing.T) {
	t.Parallel()
	packets, listener := sockets(t)
	closed := netip.MustParseAddrPort(packets.LocalAddr().String())
	packets.Close()
	listener.Close()
	for _, c := range []struct {
		what    string
		network string
		useless netip.AddrPort
	}{
		{"nobody is there", "udp", closed},
		{"nobody is there", "tcp", closed},
		{"it fails", "udp", upstream(t, failing(dnsmessage.RCodeServerFailure)).AddrPort},
		{"it fails", "tcp", upstream(t, failing(dnsmessage.RCodeServerFailure)).AddrPort},
		{"it refuses", "udp", upstream(t, failing(dnsmessage.RCodeRefused)).AddrPort},
		{"it says nothing", "udp", upstream(t, silent).AddrPort},
		{"it says nothing", "tcp", upstream(t, silent).AddrPort},
	} {
		t.Run(c.what+" "+c.network, func(t *testing.T) {
			t.Parallel()
			good, never := upstream(t, fine), upstream(t, fine)
			address := serve(t, &Server{Upstream: []netip.AddrPort{c.useless, good.AddrPort, never.AddrPort}})
			reply, _ := ask(t, c.network, address, question("example.org.", dnsmessage.TypeA))
			require.Equal(t, []string{"192.0.2.1"}, answers(reply))
			require.Len(t, good.heard(), 1)
			require.Equal(t, c.network, good.heard()[0].network)
			require.Empty(t, never.heard())
		})
	}
}

// Whether a name exists is an answer like any other; asking the next until one likes the name would be to shop for lies.
func TestWhatOneResolverSaysIsNotAskedOfAnother(t *testing.T) {
	t.Parallel()
	for _, code := range []dnsmessage.RCode{dnsmessage.RCodeNameError, dnsmessage.RCodeFormatError, dnsmessage.RCodeNotImplemented, dnsmessage.RCodeSuccess} {
		never := upstream(t, fine)
		address := serve(t, &Server{Upstream: []netip.AddrPort{upstream(t, failing(code)).AddrPort, never.AddrPort}})
		reply, _ := ask(t, "udp", address, question("example.org.", dnsmessage.TypeA))
		require.Equal(t, code, reply.RCode)
		require.Empty(t, never.heard())
	}
}

// Together they have less time than a client waits, however many there are; the fourth is not asked.
func TestSilentResolversEndInAFailureThatTheClientLivesToSee(t *testing.T) {
	t.Parallel()
	fourth := upstream(t, fine)
	one := []netip.AddrPort{upstream(t, silent).AddrPort}
	four := append(slices.Clone(one), upstream(t, silent).AddrPort, upstream(t, silent).AddrPort, fourth.AddrPort)
	begin := time.Now()
	var receive []func() ([]byte, error)
	for _, all := range [][]netip.AddrPort{one, four} {
		for _, network := range []string{"udp", "tcp"} {
			conn := dial(t, network, serve(t, &Server{Upstream: all}))
			defer conn.Close()
			out, in := clientSide(conn, network)
			require.NoError(t, out(question("example.org.", dnsmessage.TypeA)))
			receive = append(receive, in)
		}
	}
	for _, in := range receive {
		raw, err := in()
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(raw))
		require.Equal(t, dnsmessage.RCodeServerFailure, m.RCode)
		require.Greater(t, time.Since(begin), 3*time.Second)
		require.Less(t, time.Since(begin), 4*time.Second+pace.Times(900*time.Millisecond))
	}
	require.Empty(t, fourth.heard())
}

// Forged replies come before the true one, and from somewhere else: none may be believed, and none may end the wait.
func TestOnlyTheReplyToOurQuestionIsPassedOn(t *testing.T) {
	t.Parallel()
	lie := func(m *dnsmessage.Message) {
		m.Answers[0].Body = &dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}}
	}
	stranger, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer stranger.Close()
	mad := upstream(t, func(r *resolver, a asked) [][]byte {
		if to, err := net.ResolveUDPAddr("udp", a.from); a.network == "udp" && err == nil {
			stranger.WriteTo(a.reply(lie), to)
		}
		other := []dnsmessage.Question{{Name: dnsmessage.MustNewName("example.net."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
		return [][]byte{
			a.reply(lie, func(m *dnsmessage.Message) { m.ID++ }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Response = false }),
			a.reply(lie, func(m *dnsmessage.Message) { m.OpCode = 4 }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Questions = other }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Questions = nil }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Questions = append(slices.Clone(m.Questions), other...) }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Questions = slices.Clone(m.Questions); m.Questions[0].Type = 28 }),
			a.reply(lie, func(m *dnsmessage.Message) { m.Questions = slices.Clone(m.Questions); m.Questions[0].Class = 3 }),
			{}, {1, 2, 3}, a.reply(lie)[:14],
			a.reply(),
			a.reply(lie),
		}
	})
	address := serve(t, &Server{Upstream: []netip.AddrPort{mad.AddrPort}})
	for _, network := range []string{"udp", "tcp"} {
		reply, _ := ask(t, network, address, question("EXAMPLE.org.", dnsmessage.TypeA))
		require.Equal(t, []string{"192.0.2.1"}, answers(reply), network)
		require.Equal(t, "EXAMPLE.org.", reply.Questions[0].Name.String())
	}
}

// A server that does not understand EDNS0 may answer with a bare header. The client must see it, to ask without.
func TestABareFailureIsPassedOn(t *testing.T) {
	t.Parallel()
	old := upstream(t, func(_ *resolver, a asked) [][]byte {
		return [][]byte{a.reply(func(m *dnsmessage.Message) { m.RCode, m.Questions, m.Answers = dnsmessage.RCodeFormatError, nil, nil })}
	})
	address := serve(t, &Server{Upstream: []netip.AddrPort{old.AddrPort}})
	reply, _ := ask(t, "udp", address, question("example.org.", dnsmessage.TypeA, edns(1232)))
	require.Equal(t, dnsmessage.RCodeFormatError, reply.RCode)
}

func TestNobodyCanGuessHowWeAsk(t *testing.T) {
	t.Parallel()
	r := upstream(t, fine)
	address := serve(t, &Server{Upstream: []netip.AddrPort{r.AddrPort}})
	for range 60 {
		ask(t, "udp", address, question("example.org.", dnsmessage.TypeA))
	}
	ids, ports := map[uint16]bool{}, map[string]bool{}
	for _, a := range r.heard() {
		ids[a.ID], ports[a.from] = true, true
	}
	require.Greater(t, len(ids), 55, "the IDs")
	require.Greater(t, len(ports), 50, "the ports")
}

func TestAReplyThatDoesNotFitIsAskedForOverTCP(t *testing.T) {
	t.Parallel()
	many := func(n int) func(*resolver, asked) [][]byte {
		return func(_ *resolver, a asked) [][]byte {
			return [][]byte{a.reply(func(m *dnsmessage.Message) {
				for range n {
					m.Answers = append(m.Answers, m.Answers[0])
				}
			})}
		}
	}
	for _, c := range []struct {
		n      int
		change func(*dnsmessage.Message)
		whole  bool
	}{
		{20, func(*dnsmessage.Message) {}, true},
		{40, func(*dnsmessage.Message) {}, false}, // as a resolver does that knows of no limit
		{40, edns(1232), true},
		{200, edns(1232), false},
		{200, edns(65535), true},
		{300, edns(65535), false},
		{3900, edns(65535), false},
	} {
		address := serve(t, &Server{Upstream: []netip.AddrPort{upstream(t, many(c.n)).AddrPort}})
		packet := question("example.org.", dnsmessage.TypeA, c.change)
		reply, size := ask(t, "udp", address, packet)
		require.Equal(t, !c.whole, reply.Truncated, c)
		require.LessOrEqual(t, size, largestUDP)
		if c.whole {
			require.Len(t, reply.Answers, c.n+1)
		}
		reply, _ = ask(t, "tcp", address, packet)
		require.False(t, reply.Truncated)
		require.Len(t, reply.Answers, c.n+1, "over TCP")
	}
}

// The host's resolvers are sent a packet of ours, never one of the container's.
func TestOnlyQuestionAndOptionsGoOut(t *testing.T) {
	t.Parallel()
	r := upstream(t, fine)
	address := serve(t, &Server{Upstream: []netip.AddrPort{r.AddrPort}})
	extra := func(m *dnsmessage.Message) {
		m.AuthenticData, m.CheckingDisabled = true, true
		name := dnsmessage.MustNewName("secret.")
		more := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Class: 255, Type: 250}, Body: &dnsmessage.UnknownResource{Type: 250, Data: []byte("key")}}
		m.Additionals = append(m.Additionals, more)
		m.Answers, m.Authorities = []dnsmessage.Resource{more}, []dnsmessage.Resource{more}
	}
	packet := question("example.org.", dnsmessage.TypeA, edns(65535, dnsmessage.Option{Code: 10, Data: []byte("cookie..")}), extra)
	ask(t, "udp", address, append(packet, "what follows the message"...))
	ask(t, "udp", address, question("example.org.", dnsmessage.TypeA))

	out := r.heard()[0]
	require.True(t, out.RecursionDesired && out.AuthenticData && out.CheckingDisabled)
	require.Empty(t, out.Answers)
	require.Empty(t, out.Authorities)
	require.Len(t, out.Additionals, 1)
	opt := out.Additionals[0]
	require.Equal(t, dnsmessage.Class(4096), opt.Header.Class, "no more is promised than we take")
	require.True(t, opt.Header.DNSSECAllowed())
	require.Equal(t, []dnsmessage.Option{{Code: 10, Data: []byte("cookie..")}}, opt.Body.(*dnsmessage.OPTResource).Options)
	require.Empty(t, r.heard()[1].Additionals, "who does not speak EDNS0 is not spoken for")
}

// Go's own resolver, which every Go program in a container uses.
func TestGosResolverUnderstandsUs(t *testing.T) {
	t.Parallel()
	address := serve(t, &Server{Upstream: []netip.AddrPort{upstream(t, fine).AddrPort}})
	r := net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	for name, want := range map[string][]string{"web.": {"172.20.0.2", "fd00::2"}, "four.": {"172.20.0.2"}, "example.org.": {"192.0.2.1"}} {
		found, err := r.LookupHost(t.Context(), name)
		require.NoError(t, err)
		require.ElementsMatch(t, want, found)
	}
	found, err := r.LookupHost(t.Context(), "crowd.")
	require.NoError(t, err)
	require.Len(t, found, 100)
	back, err := r.LookupAddr(t.Context(), "172.20.0.2")
	require.NoError(t, err)
	require.Equal(t, []string{"web.net.", "web."}, back)
}
