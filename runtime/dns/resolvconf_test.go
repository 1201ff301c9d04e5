package dns

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func addresses(texts ...string) (all []netip.Addr) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

func TestResolvConfIsReadAsResolversReadIt(t *testing.T) {
	for text, want := range map[string]ResolvConf{
		"":                             {},
		"nameserver 192.0.2.1":         {Nameservers: addresses("192.0.2.1")},
		" nameserver\t192.0.2.1 # x\r": {Nameservers: addresses("192.0.2.1")},
		"nameserver fe80::1%eth0\nnameserver ::1\n":       {Nameservers: addresses("fe80::1%eth0", "::1")},
		"nameserver\nnameserver dns.example.org\n":        {},
		"#nameserver 192.0.2.1\n; nameserver 192.0.2.1\n": {},
		"domain example.org\nsearch a.org b.org\nsearch":  {Search: []string{"a.org", "b.org"}},
		"search a.org\ndomain example.org":                {Search: []string{"example.org"}},
		"options ndots:2\noptions edns0 trust-ad":         {Options: []string{"ndots:2", "edns0", "trust-ad"}},
		"sortlist 130.155.160.0/255.255.240.0\nlookup":    {Other: []string{"sortlist 130.155.160.0/255.255.240.0"}},
	} {
		require.Equal(t, want, ParseResolvConf(text), "%q", text)
	}
}

func TestTheHostsFileIsTheOneThatNamesRealResolvers(t *testing.T) {
	const etc, run = "etc/resolv.conf", "run/systemd/resolve/resolv.conf"
	for _, c := range []struct {
		what  string
		files map[string]string
		want  []netip.Addr
	}{
		{"plain", map[string]string{etc: "nameserver 192.0.2.1\n", run: "nameserver 192.0.2.2"}, addresses("192.0.2.1")},
		{"systemd-resolved", map[string]string{etc: "nameserver 127.0.0.53\n", run: "nameserver 192.0.2.2"}, addresses("192.0.2.2")},
		{"and another", map[string]string{etc: "nameserver 127.0.0.53\nnameserver 192.0.2.1", run: "nameserver 192.0.2.2"}, addresses("127.0.0.53", "192.0.2.1")},
		{"no file", nil, nil},
		{"not even behind it", map[string]string{etc: "nameserver 127.0.0.53\n"}, nil},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		host, err := Host(root)
		require.NoError(t, err, c.what)
		require.Equal(t, c.want, host.Nameservers, c.what)
	}
	_, err := Host(fstest.MapFS{etc: &fstest.MapFile{Mode: 0o755 | 1<<31}})
	require.Error(t, err, "a folder of that name")
}

func TestAContainersResolvConf(t *testing.T) {
	type flags struct {
		dns             []netip.Addr
		search, options []string
	}
	home := "nameserver 127.0.0.1\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver 2001:db8::1\nsearch example.org\noptions edns0\n"
	for _, c := range []struct {
		what, host     string
		flags          flags
		bridge, others string
	}{
		{
			"the host's, without what only it reaches", home, flags{},
			"nameserver 192.0.2.1\nsearch example.org\noptions edns0\n",
			"nameserver 127.0.0.11\nsearch example.org\noptions edns0 ndots:0\n# ExtServers: [127.0.0.1 192.0.2.1 fe80::1%eth0 2001:db8::1]\n",
		}, {
			"nothing is left", "nameserver 127.0.0.1\nnameserver 0.0.0.0\n", flags{},
			"nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
			"nameserver 127.0.0.11\noptions ndots:0\n# ExtServers: [127.0.0.1 0.0.0.0]\n",
		}, {
			"the host has none", "", flags{},
			"nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
			"nameserver 127.0.0.11\noptions ndots:0\n",
		}, {
			"--dns", home, flags{dns: addresses("127.0.0.1", "2001:db8::2")},
			"nameserver 127.0.0.1\nnameserver 2001:db8::2\nsearch example.org\noptions edns0\n",
			"nameserver 127.0.0.11\nsearch example.org\noptions edns0 ndots:0\n# ExtServers: [127.0.0.1 2001:db8::2]\n",
		}, {
			"--dns-search, --dns-option", "nameserver 192.0.2.1\nsearch example.org\noptions edns0\n",
			flags{search: []string{"a.org", "b.org"}, options: []string{"ndots:3", "rotate"}},
			"nameserver 192.0.2.1\nsearch a.org b.org\noptions ndots:3 rotate\n",
			"nameserver 127.0.0.11\nsearch a.org b.org\noptions ndots:3 rotate\n# ExtServers: [192.0.2.1]\n",
		}, {
			"--dns-search .", "nameserver 192.0.2.1\nsearch example.org\n", flags{search: []string{"."}},
			"nameserver 192.0.2.1\n",
			"nameserver 127.0.0.11\noptions ndots:0\n# ExtServers: [192.0.2.1]\n",
		}, {
			"ndots that is none", "nameserver 192.0.2.1\noptions ndots:x ndots: ndots:-1 ndotsy\n", flags{},
			"nameserver 192.0.2.1\noptions ndots:x ndots: ndots:-1 ndotsy\n",
			"nameserver 127.0.0.11\noptions ndotsy ndots:0\n# ExtServers: [192.0.2.1]\n",
		}, {
			"words of others", "nameserver 192.0.2.1\nsortlist 192.0.2.0\n", flags{},
			"nameserver 192.0.2.1\nsortlist 192.0.2.0\n",
			"nameserver 127.0.0.11\noptions ndots:0\nsortlist 192.0.2.0\n# ExtServers: [192.0.2.1]\n",
		},
	} {
		host := ParseResolvConf(c.host)
		over := func(r ResolvConf) ResolvConf { return r.Override(c.flags.dns, c.flags.search, c.flags.options) }
		require.Equal(t, c.bridge, over(host.Reachable(false)).String(), c.what)
		require.Equal(t, c.others, over(host).Embedded().String(), c.what)
		require.Equal(t, ParseResolvConf(c.host), host, "%s: what is given is not changed", c.what)
	}
	require.Contains(t, ParseResolvConf(home).Reachable(true).String(), "nameserver 2001:db8::1\n", "a bridge with IPv6")
}

func TestUnqualifiedNamesStayAtHomeOnlyIfSomebodySaidSo(t *testing.T) {
	for options, want := range map[string]bool{"": false, "edns0": false, "ndots:0": false, "ndots:1": true, "ndots:x": false,
		"ndots:2 ndots:0": false, "ndots:0 ndots:2": true, "ndots:-2": false} {
		require.Equal(t, want, ResolvConf{Options: strings.Fields(options)}.Qualified(), options)
	}
}

func TestResolversAreAskedOnPort53(t *testing.T) {
	c := ResolvConf{Nameservers: addresses("192.0.2.1", "fe80::1%eth0")}
	require.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("[fe80::1%eth0]:53")}, c.Upstream())
}
