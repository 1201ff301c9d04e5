package dns

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// Nobody else may hear of the containers' names, so the resolver here fails the test when it is asked.
func TestWhatIsKnownIsAnsweredHere(t *testing.T) {
	t.Parallel()
	elsewhere := upstream(t, fine)
	address := serve(t, &Server{Upstream: []netip.AddrPort{elsewhere.AddrPort}})
	const v6 = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa."
	for _, c := range []struct {
		name    string
		kind    dnsmessage.Type
		answers []string
	}{
		{"web.", dnsmessage.TypeA, []string{"172.20.0.2"}},
		{"web.", dnsmessage.TypeAAAA, []string{"fd00::2"}},
		{"wEb.NeT.", dnsmessage.TypeA, []string{"172.20.0.2"}},
		{"four.", dnsmessage.TypeAAAA, nil},
		{"six.", dnsmessage.TypeA, nil},
		{"asleep.", dnsmessage.TypeA, nil},
		{"web.", dnsmessage.TypeMX, nil},
		{"web.", dnsmessage.TypeALL, nil},
		{"web.", dnsmessage.Type(65), nil},
		{"2.0.20.172.in-addr.arpa.", dnsmessage.TypePTR, []string{"web.net.", "web."}},
		{"2.0.20.172.IN-ADDR.arpa.", dnsmessage.TypePTR, []string{"web.net.", "web."}},
		{"2.0.20.172.in-addr.arpa.", dnsmessage.TypeA, nil},
		{v6, dnsmessage.TypePTR, []string{"web.net.", "web."}},
		{strings.ToUpper(v6), dnsmessage.TypePTR, []string{"web.net.", "web."}},
	} {
		for _, network := range []string{"udp", "tcp"} {
			reply, _ := ask(t, network, address, question(c.name, c.kind))
			require.Equal(t, dnsmessage.RCodeSuccess, reply.RCode, c)
			require.Equal(t, c.answers, answers(reply), c)
			require.Equal(t, c.name, reply.Questions[0].Name.String(), "the question comes back as it was written")
			require.True(t, reply.RecursionAvailable && reply.RecursionDesired && !reply.Truncated)
			for _, a := range reply.Answers {
				require.Equal(t, uint32(600), a.Header.TTL)
			}
		}
	}
	require.Empty(t, elsewhere.heard())
}

func TestAnAddressWrittenBackwardsIsRead(t *testing.T) {
	six := strings.Repeat("0.", 31) + "1.ip6.arpa"
	for name, address := range map[string]string{
		"4.3.2.1.in-addr.arpa":                       "1.2.3.4",
		strings.Repeat("0.", 31) + "2.ip6.arpa":      "2000::",
		"1." + strings.Repeat("0.", 31) + "ip6.arpa": "::1",
		six:                  "1000::",
		"3.2.1.in-addr.arpa": "", "5.4.3.2.1.in-addr.arpa": "", "04.3.2.1.in-addr.arpa": "", "256.0.0.1.in-addr.arpa": "",
		"in-addr.arpa": "", ".in-addr.arpa": "", "::1.in-addr.arpa": "", "x.in-addr.arpa": "", "4.3.2.1": "",
		six[2:]: "", "0." + six: "", "g" + six[1:]: "", "00" + six[2:]: "", "+" + six[1:]: "", "ip6.arpa": "",
	} {
		read, ok := reversed(name)
		require.Equal(t, address != "", ok, name)
		if ok {
			require.Equal(t, address, read.String(), name)
		}
	}
}

func TestContainersOfOneNameShareTheWork(t *testing.T) {
	t.Parallel()
	address := serve(t, &Server{})
	first := map[string]bool{}
	for range 40 {
		reply, _ := ask(t, "tcp", address, question("crowd.", dnsmessage.TypeA))
		require.Len(t, reply.Answers, 100)
		first[answers(reply)[0]] = true
	}
	require.Greater(t, len(first), 10, "of a hundred containers the same few always come first")
}

// The sizes: what is left out must be said, or the client believes that this is all.
func TestAnAnswerIsNoLongerThanTheClientCanTake(t *testing.T) {
	t.Parallel()
	address := serve(t, &Server{})
	for _, c := range []struct {
		network  string
		change   func(*dnsmessage.Message)
		at, most int
		whole    bool
	}{
		{"udp", func(*dnsmessage.Message) {}, 450, 512, false},
		{"udp", edns(100), 450, 512, false},
		{"udp", edns(1232), 1150, 1232, false},
		{"udp", edns(4096), 1600, 4096, true},
		{"udp", edns(65535), 1600, 4096, true},
		{"tcp", func(*dnsmessage.Message) {}, 1600, 65535, true},
	} {
		reply, size := ask(t, c.network, address, question("crowd.", dnsmessage.TypeA, c.change))
		require.True(t, c.at <= size && size <= c.most, "%d bytes: %+v", size, c)
		require.Equal(t, c.whole, !reply.Truncated, c)
		require.Equal(t, c.whole, len(reply.Answers) == 100, c)
	}
}

func TestNamesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	elsewhere := upstream(t, failing(dnsmessage.RCodeNameError))
	addresses := []netip.AddrPort{elsewhere.AddrPort}
	alone, open, qualified := serve(t, &Server{}), serve(t, &Server{Upstream: addresses}), serve(t, &Server{Upstream: addresses, Qualified: true})
	for _, c := range []struct {
		what, address, name string
		kind                dnsmessage.Type
		code                dnsmessage.RCode
		sent                int
	}{
		{"an internal network asks nobody", alone, "example.org.", dnsmessage.TypeA, dnsmessage.RCodeServerFailure, 0},
		{"", open, "example.org.", dnsmessage.TypeA, dnsmessage.RCodeNameError, 1},
		{"", open, "intranet.", dnsmessage.TypeA, dnsmessage.RCodeNameError, 1},
		{"", open, "9.9.20.172.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeNameError, 1},
		{"", open, ".", dnsmessage.TypeNS, dnsmessage.RCodeNameError, 1},
		{"ndots is set", qualified, "intranet.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, 0},
		{"ndots is set", qualified, "intranet.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, 0},
		{"only addresses are searched for", qualified, "org.", dnsmessage.TypeNS, dnsmessage.RCodeNameError, 1},
		{"", qualified, "example.org.", dnsmessage.TypeA, dnsmessage.RCodeNameError, 1},
	} {
		before := len(elsewhere.heard())
		reply, _ := ask(t, "udp", c.address, question(c.name, c.kind))
		require.Equal(t, c.code, reply.RCode, c)
		require.Empty(t, reply.Answers, c)
		require.Len(t, elsewhere.heard(), before+c.sent, c)
	}
	chaos := func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }
	reply, _ := ask(t, "udp", open, question("web.", dnsmessage.TypeA, chaos))
	require.Equal(t, dnsmessage.RCodeNameError, reply.RCode, "our names are of class IN only")
}

// dig complains of what others let pass: wrong flags, a missing OPT, bytes too many.
func TestDigUnderstandsUs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dig"); err != nil {
		t.Skip("dig is not installed (bind9-dnsutils)")
	}
	elsewhere := upstream(t, fine)
	_, port, _ := strings.Cut(serve(t, &Server{Upstream: []netip.AddrPort{elsewhere.AddrPort}}), ":")
	for _, c := range []struct{ args, status, answer string }{
		{"web", "status: NOERROR", "web. 600 IN A 172.20.0.2"},
		{"WeB AAAA", "status: NOERROR", "WeB. 600 IN AAAA fd00::2"},
		{"+tcp +noedns web", "status: NOERROR", "web. 600 IN A 172.20.0.2"},
		{"-x 172.20.0.2", "status: NOERROR", "2.0.20.172.in-addr.arpa. 600 IN PTR web.net."},
		{"-x fd00::2", "status: NOERROR", "IN PTR web.net."},
		{"+noedns crowd", "Truncated, retrying in TCP mode", "172.20.1.99"},
		{"+dnssec +cookie example.org", "status: NOERROR", "example.org. 600 IN A 192.0.2.1"},
		{"+tcp example.org", "status: NOERROR", "192.0.2.1"},
		{"+edns=1 +noednsneg web", "status: BADVERS", ""},
		{"+noedns +opcode=STATUS web", "status: NOTIMP", ""},
		{"web AXFR", "Transfer failed", ""},
	} {
		out, err := exec.Command("dig", append([]string{"@127.0.0.1", "-p", port, "+tries=1"}, strings.Fields(c.args)...)...).CombinedOutput()
		require.NoError(t, err, "dig %s: %s", c.args, out)
		said := strings.Join(strings.Fields(string(out)), " ")
		require.Contains(t, said, c.status, "dig %s", c.args)
		require.Contains(t, said, c.answer, "dig %s", c.args)
		require.NotContains(t, said, "WARNING", "dig %s", c.args)
		require.NotContains(t, said, "malformed", "dig %s", c.args)
	}
}
