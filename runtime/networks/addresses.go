package networks

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// pools are where networks get their addresses from: Docker's own, so that what is learnt here is found there.
func pools(yield func(netip.Prefix) bool) {
	for b := byte(17); b < 32; b++ {
		if !yield(netip.PrefixFrom(netip.AddrFrom4([4]byte{172, b, 0, 0}), 16)) {
			return
		}
	}
	for c := 0; c < 256; c += 16 {
		if !yield(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(c), 0}), 20)) {
			return
		}
	}
}

// ErrOverlaps and ErrNoPool say that there are no such addresses to be had.
var (
	ErrOverlaps = errors.New("invalid pool request: Pool overlaps with other one on this address space")
	ErrNoPool   = errors.New("all predefined address pools have been fully subnetted")
)

// ErrSmall and ErrReserved say that nobody can live at such addresses.
var (
	ErrSmall    = errors.New("it has no room for a gateway and a container")
	ErrReserved = errors.New("the kernel has other uses for such addresses")
)

// reserved are the addresses of no network: an interface does not get them, or no packet from there goes anywhere (RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),     // this network: whoever has no address yet
	netip.MustParsePrefix("127.0.0.0/8"),   // loopback
	netip.MustParsePrefix("224.0.0.0/4"),   // multicast
	netip.MustParsePrefix("::/127"),        // nobody's, and loopback
	netip.MustParsePrefix("::ffff:0:0/96"), // IPv4 in other words
	netip.MustParsePrefix("fe80::/10"),     // of one link: each has it, so none is a way to it
	netip.MustParsePrefix("ff00::/8"),      // multicast
}

// checkSubnet refuses what was asked for and cannot be had.
func checkSubnet(p netip.Prefix) error {
	if leftOpen := !p.IsValid() || p == netip.PrefixFrom(netip.IPv6Unspecified(), 0); leftOpen {
		return nil
	}
	if slices.ContainsFunc(reserved, p.Overlaps) {
		return fmt.Errorf("invalid subnet %s: %w", p, ErrReserved)
	}
	if p.Bits() > p.Addr().BitLen()-2 {
		return fmt.Errorf("invalid subnet %s: %w", p, ErrSmall)
	}
	return nil
}

// Draft checks what a network is to be, and fills in what is left open: ID, addresses, gateway. taken are the
// networks that this machine has a way to already; to hide one of them would cut somebody off. Of IPv6 a network
// has what its Subnet6 says: an unspecified address (::/0) asks for one.
func (n Network) Draft(taken []netip.Prefix) (Network, error) {
	id := make([]byte, 32)
	rand.Read(id)
	n.ID, n.Created = hex.EncodeToString(id), time.Now()
	for _, p := range []netip.Prefix{n.Subnet, n.Subnet6} {
		if err := checkSubnet(p); err != nil {
			return n, err
		}
	}
	overlaps := func(p netip.Prefix) bool { return slices.ContainsFunc(taken, p.Overlaps) }
	if n.Subnet.IsValid() && overlaps(n.Subnet) || n.Subnet6.Bits() > 0 && overlaps(n.Subnet6) {
		return n, ErrOverlaps
	}
	if !n.Subnet.IsValid() {
		for p := range pools {
			if !overlaps(p) {
				n.Subnet = p
				break
			}
		}
	}
	if !n.Subnet.IsValid() {
		return n, ErrNoPool
	}
	if n.Subnet6.IsValid() && n.Subnet6.Bits() == 0 {
		n.Subnet6 = netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, id[0], id[1], id[2], id[3], id[4], id[5], id[6]}), 64) // RFC 4193
	}
	return n.gateways()
}

// gateways are the first address of each, unless another was asked for.
func (n Network) gateways() (Network, error) {
	for _, one := range []struct {
		subnet  *netip.Prefix
		gateway *netip.Addr
	}{{&n.Subnet, &n.Gateway}, {&n.Subnet6, &n.Gateway6}} {
		if !one.subnet.IsValid() {
			continue
		}
		*one.subnet = one.subnet.Masked()
		if !one.gateway.IsValid() {
			*one.gateway = one.subnet.Addr().Next()
		}
		if !one.subnet.Contains(*one.gateway) || *one.gateway == one.subnet.Addr() || *one.gateway == last(*one.subnet) {
			return n, fmt.Errorf("no matching subnet for gateway %s", *one.gateway)
		}
	}
	return n, nil
}

// last is the broadcast address of an IPv4 network; IPv6 has none.
func last(p netip.Prefix) netip.Addr {
	if p.Addr().Is6() {
		return netip.Addr{}
	}
	return at(p, 1<<(32-p.Bits())-1)
}

// at is the address of that number in the network.
func at(p netip.Prefix, number uint32) netip.Addr {
	b := p.Addr().AsSlice()
	tail := b[len(b)-4:]
	binary.BigEndian.PutUint32(tail, binary.BigEndian.Uint32(tail)|number)
	a, _ := netip.AddrFromSlice(b)
	return a
}

// Gateways are the bridge's own addresses, each with the network's length.
func (n Network) Gateways() []netip.Prefix {
	all := []netip.Prefix{netip.PrefixFrom(n.Gateway, n.Subnet.Bits())}
	if n.Subnet6.IsValid() {
		all = append(all, netip.PrefixFrom(n.Gateway6, n.Subnet6.Bits()))
	}
	return all
}

// Index is the number of the network's interface: beyond any that the kernel chooses by itself, and always the same, so
// that a list of what is to be done can name it before it is there.
func (n Network) Index() int {
	id, _ := hex.DecodeString(n.ID[:6])
	return 1<<24 + int(id[0])<<16 + int(id[1])<<8 + int(id[2])
}

// MAC is the address of the network's interface: locally administered, as Docker's begin.
func (n Network) MAC() []byte {
	id, _ := hex.DecodeString(n.ID[:8])
	return append([]byte{0x02, 0x42}, id...)
}
