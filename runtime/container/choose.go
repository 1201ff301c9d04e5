package container

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/vishvananda/netlink"

	"tutor/runtime/dump"
	"tutor/runtime/ports"
)

// published are the ports that -p names, and with -P those that the image's EXPOSE does.
func (o Options) published(image v1.Config) []ports.Port {
	list := slices.Clone(o.Ports)
	if !o.PublishAll {
		return list
	}
	for text := range o.exposed(image) {
		number, protocol, _ := strings.Cut(text, "/")
		n, err := strconv.ParseUint(number, 10, 16)
		p := ports.Port{Protocol: cmp.Or(strings.ToLower(protocol), "tcp"), Container: uint16(n)}
		given := func(other ports.Port) bool { return other.Container == p.Container && other.Protocol == p.Protocol }
		if err == nil && !slices.ContainsFunc(list, given) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b ports.Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol))
	})
	return list
}

// chosen fills in the ports of the host that were left open: one that is free, of a range the first that is. Claim takes them a
// moment later; if somebody is quicker, it says so.
func chosen(list []ports.Port) ([]ports.Port, error) {
	list = slices.Clone(list)
	for i := range list {
		p := &list[i]
		if p.Host != 0 && p.To == 0 {
			continue
		}
		var wish []int
		for n := int(p.Host); n <= max(int(p.Host), int(p.To)); n++ {
			wish = append(wish, n)
		}
		if p.Host == 0 {
			wish = make([]int, 1000) // 0 again and again: the kernel may offer what another of ours will have
		}
		asked := func(port int) bool {
			return slices.ContainsFunc(list, func(q ports.Port) bool { return q.Protocol == p.Protocol && q.To == 0 && int(q.Host) == port })
		}
		busy := errAsked
		at := slices.IndexFunc(wish, func(n int) bool {
			port, err := free(*p, n)
			if err != nil {
				busy = err
				return false
			}
			if asked(port) {
				return false
			}
			p.Host, p.To = uint16(port), 0
			return true
		})
		if at < 0 {
			return nil, Hint(fmt.Errorf("all ports of %d-%d/%s are allocated: %w", p.Host, p.To, p.Protocol, busy), "ss -ltnup shows who has them")
		}
	}
	return list, nil
}

var errAsked = errors.New("the same command line asks for them")

// free tries a port; 0 asks the kernel for one.
func free(p ports.Port, number int) (int, error) {
	ip := p.IP
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	at := netip.AddrPortFrom(ip, uint16(number)).String()
	if p.Protocol == "udp" {
		c, err := net.ListenPacket("udp", at)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port, nil
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// routes are the networks that this machine knows a way to, other than the way to everybody. A VPN that takes over writes that as
// two halves, 0.0.0.0/1 and 128.0.0.0/1, or as more: what is larger than any network that somebody has leads to everybody too.
func routes() (known []netip.Prefix) {
	list, _ := dump.Routes(netlink.FAMILY_ALL)
	for _, r := range list {
		if r.Dst == nil {
			continue
		}
		if p, err := netip.ParsePrefix(r.Dst.String()); err == nil && p.Bits() >= 8 {
			known = append(known, p)
		}
	}
	return known
}
