package dns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// A container's packet is a stranger's. Whatever it is: what we answer, and what we ask the resolvers because of it,
// is a whole message of ours.
func FuzzQuery(f *testing.F) {
	for _, seed := range [][]byte{
		nil, {0}, make([]byte, 12), question("web.", dnsmessage.TypeA), question("crowd.", dnsmessage.TypeA, edns(1232)),
		question("example.org.", dnsmessage.TypeAAAA, edns(65535, dnsmessage.Option{Code: 10, Data: []byte("12345678")})),
		question("2.0.20.172.in-addr.arpa.", dnsmessage.TypePTR), question(strings.Repeat("0.", 31)+"1.ip6.arpa.", dnsmessage.TypePTR),
		question(".", dnsmessage.TypeNS), question(strings.Repeat(strings.Repeat("a", 62)+".", 4)[2:], dnsmessage.TypeA),
		question("web.", dnsmessage.TypeA, func(m *dnsmessage.Message) { m.OpCode = 5 }), question("web.", dnsmessage.TypeAXFR),
		append(question("web.", dnsmessage.TypeA)[:12], 0xc0, 12, 0, 1, 0, 1),
	} {
		f.Add(seed)
	}
	s := &Server{Addresses: neighbours, Names: names, Upstream: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53")}}
	f.Fuzz(func(t *testing.T, packet []byte) {
		q, ok := parse(packet)
		if !ok {
			return
		}
		for _, limit := range []int{q.limit(), largestTCP} {
			require.True(t, smallestUDP <= limit && limit <= largestTCP)
			reply := s.here(q, limit)
			if reply == nil {
				reply = q.reply(dnsmessage.RCodeServerFailure, nil, limit)
				requireQuestion(t, q)
			}
			var m dnsmessage.Message
			require.NoError(t, m.Unpack(reply))
			require.LessOrEqual(t, len(reply), limit)
			require.True(t, m.Response)
			require.Equal(t, packet[:2], reply[:2])
		}
	})
}

func requireQuestion(t *testing.T, q query) {
	t.Helper()
	out, err := q.ask(7)
	require.NoError(t, err)
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(out))
	require.False(t, m.Response)
	require.Equal(t, q.questions, m.Questions)
	require.LessOrEqual(t, len(out), largestUDP+smallestUDP)
}

// A resolver's reply is one too, and who sends it may not be the resolver. Whatever it is: it is dropped, or fits.
func FuzzReply(f *testing.F) {
	packet := question("example.org.", dnsmessage.TypeA)
	q, ok := parse(packet)
	require.True(f, ok)
	a := asked{Message: dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: q.questions}}
	for _, change := range []func(*dnsmessage.Message){
		func(*dnsmessage.Message) {}, edns(512), func(m *dnsmessage.Message) { m.Questions = nil },
		func(m *dnsmessage.Message) { m.ID++ }, func(m *dnsmessage.Message) { m.Truncated = true },
		func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeNameError; m.Answers = nil },
		func(m *dnsmessage.Message) { m.Answers = append(m.Answers, make([]dnsmessage.Resource, 0)...) },
		func(m *dnsmessage.Message) {
			for range 60 {
				m.Answers = append(m.Answers, m.Answers[0])
			}
		},
	} {
		f.Add(a.reply(change))
	}
	f.Add([]byte{0, 7, 0x80, 0, 0, 1})
	f.Fuzz(func(t *testing.T, reply []byte) {
		code, ours := q.answeredBy(reply, 7)
		if !ours {
			return
		}
		require.Equal(t, dnsmessage.RCode(reply[3]&0xf), code)
		out := q.passOn(reply, smallestUDP)
		require.LessOrEqual(t, len(out), smallestUDP)
		require.Equal(t, packet[:2], out[:2])
		var p dnsmessage.Parser
		header, err := p.Start(out)
		require.NoError(t, err)
		require.True(t, header.Response)
		require.True(t, len(out) == len(reply) || header.Truncated, "what is missing is said to be missing")
		question, err := p.Question()
		if err == nil {
			require.Equal(t, "example.org", lower(question.Name))
		} else {
			require.NotEqual(t, dnsmessage.RCodeSuccess, header.RCode)
		}
	})
}

// The host's file, and the flags: what is written for the container reads as what was meant.
func FuzzResolvConf(f *testing.F) {
	for _, seed := range []string{
		"", "nameserver 192.0.2.1\n", "nameserver fe80::1%eth0\nsearch a b\n", "options ndots:1 edns0\noptions ndots:x\n",
		"domain x\r\nsearch\n", "sortlist 1.2.3.4\n\x00 y\n", "# c\n;c\n", "nameserver 127.0.0.53",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := ParseResolvConf(text)
		require.Equal(t, c, ParseResolvConf(c.String()), "written and read again")
		bridge, others := ParseResolvConf(c.Reachable(true).String()), ParseResolvConf(c.Embedded().String())
		require.NotEmpty(t, bridge.Nameservers)
		for _, a := range bridge.Nameservers {
			require.False(t, a.IsLoopback(), a)
		}
		require.Equal(t, addresses("127.0.0.11"), others.Nameservers)
		require.Contains(t, strings.Join(others.Options, " "), "ndots:")
		require.Equal(t, c.Search, others.Search)
	})
}
