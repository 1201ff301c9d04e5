package sys

import (
	"strings"

	"golang.org/x/sys/unix"
)

// A rule is words, as nft(8) writes it; each word is a few expressions: load something of the packet into a register,
// compare it, look it up, decide.

// A Word is one part of a rule.
type Word struct {
	Text        string
	expressions []Attribute
}

// Rule appends a rule to a chain: if every word holds, the last one decides.
func (t Table) Rule(chain string, words []Word) Message {
	var list []Attribute
	for _, w := range words {
		for _, e := range w.expressions {
			list = append(list, Nested("NFTA_LIST_ELEM", unix.NFTA_LIST_ELEM, e.nested...))
		}
	}
	m := firewall("NFT_MSG_NEWRULE", unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND,
		Text("NFTA_RULE_TABLE", unix.NFTA_RULE_TABLE, string(t)),
		Text("NFTA_RULE_CHAIN", unix.NFTA_RULE_CHAIN, chain),
		Nested("NFTA_RULE_EXPRESSIONS", unix.NFTA_RULE_EXPRESSIONS, list...))
	m.Words = chain + ": " + RuleText(words)
	return m
}

// RuleText is the rule as nft(8) writes it.
func RuleText(words []Word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

// Registers have sixteen bytes; each is also four of four bytes, and a key may go over several.
const (
	first  = unix.NFT_REG_1
	second = unix.NFT_REG_2
	small  = unix.NFT_REG32_00 // the first quarter of first; small+1 is the next
)

func expression(name string, inner ...Attribute) Attribute {
	return Attribute{nested: []Attribute{Text("NFTA_EXPR_NAME", unix.NFTA_EXPR_NAME, name),
		Nested("NFTA_EXPR_DATA", unix.NFTA_EXPR_DATA, inner...)}}
}

func meta(key, register uint32) Attribute {
	return expression("meta", Big("NFTA_META_KEY", unix.NFTA_META_KEY, key), Big("NFTA_META_DREG", unix.NFTA_META_DREG, register))
}

func payload(base, offset, length, register uint32) Attribute {
	return expression("payload", Big("NFTA_PAYLOAD_DREG", unix.NFTA_PAYLOAD_DREG, register), Big("NFTA_PAYLOAD_BASE", unix.NFTA_PAYLOAD_BASE, base),
		Big("NFTA_PAYLOAD_OFFSET", unix.NFTA_PAYLOAD_OFFSET, offset), Big("NFTA_PAYLOAD_LEN", unix.NFTA_PAYLOAD_LEN, length))
}

func compare(operator uint32, value []byte) Attribute {
	return expression("cmp", Big("NFTA_CMP_SREG", unix.NFTA_CMP_SREG, first), Big("NFTA_CMP_OP", unix.NFTA_CMP_OP, operator),
		Nested("NFTA_CMP_DATA", unix.NFTA_CMP_DATA, Data("NFTA_DATA_VALUE", unix.NFTA_DATA_VALUE, value)))
}

func masked(mask []byte) Attribute {
	return expression("bitwise", Big("NFTA_BITWISE_SREG", unix.NFTA_BITWISE_SREG, first), Big("NFTA_BITWISE_DREG", unix.NFTA_BITWISE_DREG, first),
		Big("NFTA_BITWISE_LEN", unix.NFTA_BITWISE_LEN, uint32(len(mask))),
		Nested("NFTA_BITWISE_MASK", unix.NFTA_BITWISE_MASK, Data("NFTA_DATA_VALUE", unix.NFTA_DATA_VALUE, mask)),
		Nested("NFTA_BITWISE_XOR", unix.NFTA_BITWISE_XOR, Data("NFTA_DATA_VALUE", unix.NFTA_DATA_VALUE, make([]byte, len(mask)))))
}

func lookup(set string, more ...Attribute) Attribute {
	return expression("lookup", append([]Attribute{Text("NFTA_LOOKUP_SET", unix.NFTA_LOOKUP_SET, set),
		Big("NFTA_LOOKUP_SREG", unix.NFTA_LOOKUP_SREG, first),
		Big("NFTA_LOOKUP_SET_ID", unix.NFTA_LOOKUP_SET_ID, setID(set))}, more...)...)
}

func tracked(key uint32, mask uint32) []Attribute {
	return []Attribute{
		expression("ct", Big("NFTA_CT_KEY", unix.NFTA_CT_KEY, key), Big("NFTA_CT_DREG", unix.NFTA_CT_DREG, first)),
		masked(halves(mask)), compare(unix.NFT_CMP_NEQ, halves(0)),
	}
}

// version holds for packets of IPv4, or of IPv6.
func version(protocol byte) []Attribute {
	return []Attribute{meta(unix.NFT_META_NFPROTO, first), compare(unix.NFT_CMP_EQ, []byte{protocol})}
}

// From, To and Between look at the interfaces that a packet comes in by and goes out by.
func From(set string) Word {
	return Word{"iifname @" + set, []Attribute{meta(unix.NFT_META_IIFNAME, first), lookup(set)}}
}

// To is the interface that it goes out by.
func To(set string) Word {
	return Word{"oifname @" + set, []Attribute{meta(unix.NFT_META_OIFNAME, first), lookup(set)}}
}

// NotTo is any other interface.
func NotTo(set string) Word {
	return Word{"oifname != @" + set, []Attribute{meta(unix.NFT_META_OIFNAME, first),
		lookup(set, Big("NFTA_LOOKUP_FLAGS", unix.NFTA_LOOKUP_FLAGS, unix.NFT_LOOKUP_F_INV))}}
}

// Between is a pair of interfaces.
func Between(set string) Word {
	return Word{"iifname . oifname @" + set, []Attribute{meta(unix.NFT_META_IIFNAME, first), meta(unix.NFT_META_OIFNAME, second), lookup(set)}}
}

// Source is the address that a packet comes from: of IPv4 at byte 12 of its head, of IPv6 at byte 8.
func Source(t SetType, set string) Word {
	if t == IPv6 {
		return Word{"ip6 saddr @" + set, append(version(unix.NFPROTO_IPV6), payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 8, 16, first), lookup(set))}
	}
	return Word{"ip saddr @" + set, append(version(unix.NFPROTO_IPV4), payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 12, 4, first), lookup(set))}
}

// SourceLoopback and ToLoopback are 127.0.0.0/8: the first byte is 127.
func SourceLoopback() Word {
	return Word{"ip saddr 127.0.0.0/8", append(version(unix.NFPROTO_IPV4), payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 12, 1, first), compare(unix.NFT_CMP_EQ, []byte{127}))}
}

// ToLoopback is a packet for 127.0.0.0/8.
func ToLoopback() Word {
	return Word{"ip daddr 127.0.0.0/8", append(version(unix.NFPROTO_IPV4), payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 16, 1, first), compare(unix.NFT_CMP_EQ, []byte{127}))}
}

// Redirected is a packet of a connection whose destination we have changed.
func Redirected() Word { return Word{"ct status dnat", tracked(unix.NFT_CT_STATUS, 1<<5)} } // IPS_DST_NAT

// Established is a packet of a connection that was let through before.
func Established() Word {
	return Word{"ct state established,related", tracked(unix.NFT_CT_STATE, 1<<1|1<<2)}
}

// Local is a packet for an address of this very machine.
func Local() Word {
	return Word{"fib daddr type local", []Attribute{
		expression("fib", Big("NFTA_FIB_DREG", unix.NFTA_FIB_DREG, first), Big("NFTA_FIB_RESULT", unix.NFTA_FIB_RESULT, unix.NFT_FIB_RESULT_ADDRTYPE),
			Big("NFTA_FIB_FLAGS", unix.NFTA_FIB_FLAGS, unix.NFTA_FIB_F_DADDR)),
		compare(unix.NFT_CMP_EQ, halves(unix.RTN_LOCAL)),
	}}
}

// Redirect changes the destination to what the map has for it: with one, by address, protocol and port, else by protocol and
// port alone. A packet that is not in the map goes on to the next rule.
func Redirect(t SetType, set string, one bool) Word {
	ip, offset, length, protocol := "ip", uint32(16), uint32(4), byte(unix.NFPROTO_IPV4)
	text := "meta nfproto ipv4 dnat ip to "
	if t == IPv6 {
		ip, offset, length, protocol = "ip6", 24, 16, unix.NFPROTO_IPV6
		text = "meta nfproto ipv6 dnat ip6 to "
	}
	load := version(protocol)
	at := uint32(small)
	if one { // the address says which version
		text = "dnat " + ip + " to " + ip + " daddr . "
		load = append(load, payload(unix.NFT_PAYLOAD_NETWORK_HEADER, offset, length, at))
		at += length / 4
	}
	load = append(load, meta(unix.NFT_META_L4PROTO, at), payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, at+1),
		lookup(set, Big("NFTA_LOOKUP_DREG", unix.NFTA_LOOKUP_DREG, first)),
		expression("nat", Big("NFTA_NAT_TYPE", unix.NFTA_NAT_TYPE, unix.NFT_NAT_DNAT), Big("NFTA_NAT_FAMILY", unix.NFTA_NAT_FAMILY, uint32(protocol)),
			Big("NFTA_NAT_REG_ADDR_MIN", unix.NFTA_NAT_REG_ADDR_MIN, first), Big("NFTA_NAT_REG_PROTO_MIN", unix.NFTA_NAT_REG_PROTO_MIN, small+length/4)))
	return Word{text + "meta l4proto . th dport map @" + set, load}
}

// Masquerade gives the packet the address of the interface that it leaves by.
func Masquerade() Word { return Word{"masquerade", []Attribute{expression("masq")}} }

// Accept, Drop and Return end the rule: on through this table, no further at all, on with what is after this chain.
func Accept() Word { return verdict("accept", 1) }

// Drop throws the packet away.
func Drop() Word { return verdict("drop", 0) }

// Return goes on after this chain.
func Return() Word { return verdict("return", unix.NFT_RETURN) }

func verdict(text string, code int32) Word {
	return Word{text, []Attribute{expression("immediate", Big("NFTA_IMMEDIATE_DREG", unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT),
		Nested("NFTA_IMMEDIATE_DATA", unix.NFTA_IMMEDIATE_DATA,
			Nested("NFTA_DATA_VERDICT", unix.NFTA_DATA_VERDICT, Big("NFTA_VERDICT_CODE", unix.NFTA_VERDICT_CODE, uint32(code)))))}}
}
