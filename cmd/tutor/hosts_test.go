package main_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"tutor/runtime/pace"
)

// Four machines: the host, whose containers are looked at; a neighbour on its link, who is also its router and knows the way
// to its containers; and somebody outside, behind the router, who does not.
type world struct {
	host               machine
	neighbour, outside place
}

const (
	hostAddress    = "192.0.2.1"
	neighbourOnIt  = "192.0.2.2"
	outsideAddress = "198.51.100.2"
	hostAddress6   = "2001:db8:1::1"
)

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{newMachine(t, "host"), newPlace(t, "neighbour"), newPlace(t, "outside")}
	cable(w.host.place, "eth0", hostAddress+"/24 "+hostAddress6+"/64", w.neighbour, "eth0", neighbourOnIt+"/24 2001:db8:1::2/64")
	cable(w.neighbour, "eth1", "198.51.100.1/24 2001:db8:2::1/64", w.outside, "eth0", outsideAddress+"/24 2001:db8:2::2/64")
	w.host.sh("ip route add default via " + neighbourOnIt + "; ip -6 route add default via 2001:db8:1::2; sysctl -qw net.ipv4.ip_forward=0")
	w.neighbour.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; ip route add 172.16.0.0/12 via " + hostAddress)
	w.outside.sh("ip route add 192.0.2.0/24 via 198.51.100.1; ip -6 route add 2001:db8:1::/64 via 2001:db8:2::1")
	return w
}

// Somebody else's firewall, of both kinds.
const foreign = `nft 'table inet other { set s { type ifname; elements = { "tutor0" }; }; chain c { type filter hook forward priority -5; policy accept; ip daddr 203.0.113.1 drop; }; }'
iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE; iptables -A FORWARD -s 203.0.113.9 -j DROP`

const listForeign = `nft list table inet other; iptables-save | sed '/^#/d; s/ \[[0-9:]*\]$//'` // without what was counted

// Each pair of whoever could ask and whatever could be asked, allowed or refused as Docker does.
func TestWhoReachesWhom(t *testing.T) {
	w := newWorld(t)
	tool(t, "iptables")
	h := w.host
	h.sh(foreign)
	others, before := h.sh(listForeign), h.nothing()
	for _, line := range []string{"network create a", "network create b", "network create --internal shut",
		"run -d --name a1 --network a -p 8080:80 --dns " + outsideAddress + " tutor/lab httpd -v",
		"run -d --name a2 --network a tutor/lab httpd",
		"run -d --name b1 --network b -p 127.0.0.1:8081:80 tutor/lab httpd",
		"run -d --name d1 -p " + hostAddress + ":8082:80 tutor/lab httpd",
		"run -d --name s1 --network shut -p 8083:80 --dns " + outsideAddress + " tutor/lab httpd",
		"run -d --name ab --network a tutor/lab httpd", "network connect b ab"} {
		h.ok(strings.Fields(line)...)
	}
	t.Run("each pair", w.eachPair)
	t.Run("a container sees who comes", func(t *testing.T) {
		require.True(t, w.outside.reaches(hostAddress+":8080"))
		for _, who := range []string{neighbourOnIt, outsideAddress} {
			require.Contains(t, h.ok("logs", "a1")+h.try("logs", "a1").stderr, "\n"+who+":", "by its own address, and not by one of ours")
		}
	})
	t.Run("outside sees the host", w.masquerade)
	t.Run("nobody comes by 127.0.0.1 from a wire", w.loopbackByWire)
	t.Run("names are known on one's own networks", w.names)
	t.Run("a flush is mended by the next command", func(t *testing.T) {
		a2, b1 := h.container("a2"), h.address("b1", "b")+":80"
		for _, verb := range []string{"flush", "delete"} {
			h.sh("nft " + verb + " $(nft list tables | grep ' inet tutor-')")
			require.True(t, a2.reaches(b1), "without our rules they do see each other")
			h.ok("ps")
			w.eachPair(t)
		}
	})
	require.Equal(t, others, h.sh(listForeign), "somebody else's rules")
	h.ok("rm", "-f", "a1", "a2", "b1", "d1", "s1", "ab")
	h.ok("network", "rm", "a", "b", "shut")
	require.Equal(t, others, h.sh(listForeign), "somebody else's rules")
	require.Equal(t, before, h.nothing())
}

// eachPair tries them all at one time: who is refused waits long for nothing.
func (w world) eachPair(t *testing.T) {
	h := w.host
	on := map[string][]string{"a1": {"a"}, "a2": {"a"}, "b1": {"b"}, "d1": {"bridge"}, "s1": {"shut"}, "ab": {"a", "b"}}
	from := map[string]place{"host": h.place, "neighbour": w.neighbour, "outside": w.outside}
	for name := range on {
		from[name] = h.container(name)
	}
	gateway := func(network string) string {
		return h.ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", network)
	}
	everybody, anyAddress, oneAddress := "host neighbour outside a1 a2 b1 d1 ab", ":8080", ":8082"
	allowed := map[string]string{ // by what is asked: who gets an answer
		hostAddress + anyAddress:    everybody,
		gateway("a") + anyAddress:   "host neighbour a1 a2 b1 d1 ab",
		"127.0.0.1" + anyAddress:    "host",
		gateway("shut") + ":8080":   "host neighbour b1 a1 a2 d1 ab",
		hostAddress + ":8081":       "",
		gateway("b") + ":8081":      "",
		"127.0.0.1:8081":            "host",
		hostAddress + oneAddress:    everybody,
		"127.0.0.1" + oneAddress:    "",
		gateway("bridge") + ":8082": "",
		hostAddress + ":8083":       "",
		"127.0.0.1:8083":            "",
	}
	for name, networks := range on {
		for _, n := range networks {
			who := []string{"host"}
			for other, its := range on {
				for _, m := range its {
					if m == n {
						who = append(who, other)
					}
				}
			}
			allowed[h.address(name, n)+":80"] = strings.Join(who, " ")
		}
	}
	var all sync.WaitGroup
	for at, who := range allowed {
		for name, p := range from {
			wanted := strings.Contains(" "+who+" ", " "+name+" ")
			all.Go(func() {
				got := p.reaches(at)
				for end := time.Now().Add(pace.Times(10 * time.Second)); wanted && !got && time.Now().Before(end); {
					got = p.reaches(at)
				}
				if got != wanted {
					t.Errorf("%s asks %s: answered %v, wanted %v", name, at, got, wanted)
				}
			})
		}
	}
	all.Wait()
}

// masquerade is the way out: nobody there would know the way back to a container's address.
func (w world) masquerade(t *testing.T) {
	var l net.Listener
	var err error
	w.outside.there(func() { l, err = net.Listen("tcp", outsideAddress+":9000") })
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, c.RemoteAddr())
			c.Close()
		}
	}()
	for _, name := range []string{"a1", "d1", "ab"} {
		c, err := w.host.container(name).dial(t.Context(), "tcp", outsideAddress+":9000")
		require.NoError(t, err, name)
		seen, _ := io.ReadAll(c)
		c.Close() // a socket keeps its network
		require.True(t, strings.HasPrefix(string(seen), hostAddress+":"), "%s is seen as %s", name, seen)
	}
	_, err = w.host.container("s1").dial(t.Context(), "tcp", outsideAddress+":9000")
	require.Error(t, err, "an internal network has no way out")
}

// loopbackByWire is the attack on what is published at 127.0.0.1 alone, or listens there: packets for 127.0.0.1 that come from a
// neighbour (the host has been careless, and lets them in), or from a container (CVE-2020-8558).
func (w world) loopbackByWire(t *testing.T) {
	var l net.Listener
	var err error
	w.host.there(func() { l, err = net.Listen("tcp", "127.0.0.1:9001") })
	require.NoError(t, err)
	defer l.Close()
	w.host.sh("sysctl -qw net.ipv4.conf.eth0.route_localnet=1")
	w.host.sh(`nft 'table inet count { chain c { type filter hook prerouting priority -400; iifname != "lo" ip daddr 127.0.0.1 counter; }; }'`)
	defer w.host.sh("nft delete table inet count; sysctl -qw net.ipv4.conf.eth0.route_localnet=0")
	evil := place{t, "/proc/" + w.host.ok("inspect", "-f", "{{.State.Pid}}", "ab") + "/ns/net"}
	for _, one := range []struct {
		p   place
		via string
	}{{w.neighbour, hostAddress}, {evil, w.host.ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "a")}} {
		one.p.sh("ip addr del 127.0.0.1/8 dev lo; ip route flush table local 127.0.0.0/8; ip route add 127.0.0.0/8 via " + one.via +
			"; for f in /proc/sys/net/ipv4/conf/*/route_localnet; do echo 1 > $f; done")
		require.False(t, one.p.reaches("127.0.0.1:8081"), "%s", one.p.path)
		conn, err := one.p.dial(t.Context(), "tcp", "127.0.0.1:9001")
		if one.p == evil {
			require.Error(t, err, "the host's own loopback")
		} else if err == nil {
			conn.Close()
		}
		one.p.sh("ip route del 127.0.0.0/8 via " + one.via + "; ip addr add 127.0.0.1/8 dev lo")
	}
	require.NotContains(t, w.host.sh("nft list table inet count"), "packets 0 ", "the attack was never sent")
}

// names: those of one's own networks, and of the world; on an internal network nobody outside is asked.
func (w world) names(t *testing.T) {
	var socket net.PacketConn
	var err error
	w.outside.there(func() { socket, err = net.ListenPacket("udp", outsideAddress+":53") })
	require.NoError(t, err)
	defer socket.Close()
	asked := make(chan string, 100)
	go answer(socket, asked)
	a1, s1 := w.host.container("a1"), w.host.container("s1")
	require.Equal(t, []string{w.host.address("a2", "a")}, a1.resolves("a2"))
	require.Equal(t, []string{"203.0.113.7"}, a1.resolves("world.example"))
	require.Equal(t, "world.example.", <-asked)
	for len(asked) > 0 {
		<-asked
	}
	require.Equal(t, []string{"203.0.113.7"}, a1.resolves("b1"), "b1 is on another network: it is a stranger's name like any other")
	for len(asked) > 0 {
		<-asked
	}
	require.Empty(t, s1.resolves("world.example"))
	require.Empty(t, asked, "the question has left an internal network")
}

// answer is a resolver that has one address for every name.
func answer(socket net.PacketConn, asked chan<- string) {
	buf := make([]byte, 1500)
	for {
		n, client, err := socket.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil {
			continue
		}
		q := m.Questions[0]
		asked <- q.Name.String()
		m.Response, m.Additionals = true, nil
		if q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 7}}}}
		}
		if reply, err := m.Pack(); err == nil {
			socket.WriteTo(reply, client)
		}
	}
}
