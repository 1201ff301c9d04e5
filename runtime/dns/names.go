package dns

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// here answers what needs nobody else; nil: the resolvers must be asked.
func (s *Server) here(q query, limit int) []byte {
	if q.refusal != dnsmessage.RCodeSuccess {
		return q.reply(q.refusal, nil, limit)
	}
	asked := q.questions[0]
	if answers, known := s.known(asked); known {
		return q.reply(dnsmessage.RCodeSuccess, answers, limit)
	}
	isAddress := asked.Type == dnsmessage.TypeA || asked.Type == dnsmessage.TypeAAAA
	if s.Qualified && isAddress && !strings.Contains(lower(asked.Name), ".") {
		return q.reply(dnsmessage.RCodeSuccess, nil, limit)
	}
	if len(s.Upstream) == 0 || s.Alone != nil && s.Alone() {
		return q.reply(dnsmessage.RCodeServerFailure, nil, limit)
	}
	return nil
}

// known answers for the containers. A name of theirs has no answers of another type, and is known all the same: a
// mail server that asks for MX goes on to ask for the address (RFC 5321, section 5.1).
func (s *Server) known(asked dnsmessage.Question) (answers []dnsmessage.Resource, known bool) {
	name := lower(asked.Name)
	if asked.Class != dnsmessage.ClassINET || name == "" {
		return nil, false
	}
	if address, ok := reversed(name); ok {
		names := s.Names(address)
		return pointers(asked, names), len(names) > 0
	}
	addresses, known := s.Addresses(name)
	return records(asked, addresses), known
}

// records are the addresses of the family that was asked for, in random order: clients take the first, and so several
// containers of one name share the work.
func records(asked dnsmessage.Question, addresses []netip.Addr) []dnsmessage.Resource {
	var all []dnsmessage.Resource
	for _, a := range addresses {
		switch a = a.Unmap(); {
		case asked.Type == dnsmessage.TypeA && a.Is4():
			all = append(all, record(asked, &dnsmessage.AResource{A: a.As4()}))
		case asked.Type == dnsmessage.TypeAAAA && a.Is6():
			all = append(all, record(asked, &dnsmessage.AAAAResource{AAAA: a.As16()}))
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// pointers are names, in their order: clients show the first.
func pointers(asked dnsmessage.Question, names []string) []dnsmessage.Resource {
	var all []dnsmessage.Resource
	if asked.Type != dnsmessage.TypePTR {
		return nil
	}
	for _, n := range names {
		if name, err := dnsmessage.NewName(n + "."); err == nil {
			all = append(all, record(asked, &dnsmessage.PTRResource{PTR: name}))
		}
	}
	return all
}

func record(asked dnsmessage.Question, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	}
}

// reversed is the address that is written backwards in a name: 4.3.2.1.in-addr.arpa, or 32 hex digits and ip6.arpa.
func reversed(name string) (netip.Addr, bool) {
	if labels, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(labels, ".")
		slices.Reverse(parts)
		address, err := netip.ParseAddr(strings.Join(parts, "."))
		return address, err == nil && address.Is4()
	}
	labels, ok := strings.CutSuffix(name, ".ip6.arpa")
	if !ok || len(labels) != 63 {
		return netip.Addr{}, false
	}
	var address [16]byte
	for i, digit := range strings.Split(labels, ".") {
		value, err := strconv.ParseUint(digit, 16, 4)
		if err != nil || len(digit) != 1 {
			return netip.Addr{}, false
		}
		address[15-i/2] |= byte(value) << (i % 2 * 4)
	}
	return netip.AddrFrom16(address), true
}
