package sys

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// What the kernel's firewall, nftables, is asked for: a table of our own, with sets, maps, chains and rules (nft(8)).
// All tables here are of the family inet: one for both versions of IP.

// A Table is the name of an nftables table.
type Table string

// Batch is messages that hold all together or not at all: the kernel takes what stands between begin and end as one.
func Batch(messages ...Message) []Message {
	batch := []Message{frame("NFNL_MSG_BATCH_BEGIN", unix.NFNL_MSG_BATCH_BEGIN)}
	batch = append(batch, messages...)
	batch[len(batch)-1].Flags |= unix.NLM_F_ACK // one answer for all; errors come without being asked for
	return append(batch, frame("NFNL_MSG_BATCH_END", unix.NFNL_MSG_BATCH_END))
}

func frame(name string, kind uint16) Message {
	return Message{Name: name, Protocol: "nftables", Type: kind, Flags: unix.NLM_F_REQUEST,
		Fixed: []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}}
}

func firewall(name string, kind, flags uint16, attributes ...Attribute) Message {
	return Message{Name: name, Protocol: "nftables", Type: unix.NFNL_SUBSYS_NFTABLES<<8 | kind, Flags: unix.NLM_F_REQUEST | flags,
		Fixed: []byte{unix.NFPROTO_INET, unix.NFNETLINK_V0, 0, 0}, Attributes: attributes}
}

// New makes the table, if it is not there.
func (t Table) New() Message {
	return firewall("NFT_MSG_NEWTABLE", unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, Text("NFTA_TABLE_NAME", unix.NFTA_TABLE_NAME, string(t)))
}

// Rules asks for the rules of a chain; an empty list (ENOENT) if there are none, or no such table.
func (t Table) Rules(chain string) Message {
	return firewall("NFT_MSG_GETRULE", unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP,
		Text("NFTA_RULE_TABLE", unix.NFTA_RULE_TABLE, string(t)),
		Text("NFTA_RULE_CHAIN", unix.NFTA_RULE_CHAIN, chain))
}

// Delete removes the table with all that is in it.
func (t Table) Delete() Message {
	return firewall("NFT_MSG_DELTABLE", unix.NFT_MSG_DELTABLE, 0, Text("NFTA_TABLE_NAME", unix.NFTA_TABLE_NAME, string(t)))
}

// A Chain is a list of rules at one of the kernel's hooks.
type Chain struct {
	Name     string
	Type     string // "nat" or "filter"
	Hook     uint32 // unix.NF_INET_PRE_ROUTING
	Priority int32  // lower comes first
}

// Chain makes a chain. What no rule decides is accepted: other tables, of other programs, have their say too.
func (t Table) Chain(c Chain) Message {
	return firewall("NFT_MSG_NEWCHAIN", unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE,
		Text("NFTA_CHAIN_TABLE", unix.NFTA_CHAIN_TABLE, string(t)),
		Text("NFTA_CHAIN_NAME", unix.NFTA_CHAIN_NAME, c.Name),
		Nested("NFTA_CHAIN_HOOK", unix.NFTA_CHAIN_HOOK,
			Big("NFTA_HOOK_HOOKNUM", unix.NFTA_HOOK_HOOKNUM, c.Hook),
			Big("NFTA_HOOK_PRIORITY", unix.NFTA_HOOK_PRIORITY, uint32(c.Priority))),
		Text("NFTA_CHAIN_TYPE", unix.NFTA_CHAIN_TYPE, c.Type))
}

// A Set is keys, or with Data a map from keys to values. Types are nft's own numbers, which the kernel only keeps for
// whoever lists the set; lengths are in bytes, each part of a key filled up to four.
type Set struct {
	Name      string
	Key, Data []SetType
	Interval  bool // a key stands for all up to the next
}

// A SetType is one part of a key or value.
type SetType struct {
	Name   string // "ipv4_addr"
	number uint32 // of nft's datatype.h
	bytes  uint32
}

// The types that our sets are made of.
var (
	IPv4      = SetType{"ipv4_addr", 7, 4}
	IPv6      = SetType{"ipv6_addr", 8, 16}
	Protocol  = SetType{"inet_proto", 12, 4}
	Service   = SetType{"inet_service", 13, 4}
	Interface = SetType{"ifname", 41, 16}
)

func together(types []SetType) (number, bytes uint32) {
	for _, t := range types {
		number, bytes = number<<6|t.number, bytes+t.bytes
	}
	return number, bytes
}

// Set makes a set or a map.
func (t Table) Set(s Set) Message {
	kind, length := together(s.Key)
	flags := uint32(0)
	if s.Interval {
		flags |= unix.NFT_SET_INTERVAL
	}
	if s.Data != nil {
		flags |= unix.NFT_SET_MAP
	}
	m := firewall("NFT_MSG_NEWSET", unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE,
		Text("NFTA_SET_TABLE", unix.NFTA_SET_TABLE, string(t)),
		Text("NFTA_SET_NAME", unix.NFTA_SET_NAME, s.Name),
		Big("NFTA_SET_FLAGS", unix.NFTA_SET_FLAGS, flags),
		Big("NFTA_SET_KEY_TYPE", unix.NFTA_SET_KEY_TYPE, kind),
		Big("NFTA_SET_KEY_LEN", unix.NFTA_SET_KEY_LEN, length),
		Big("NFTA_SET_ID", unix.NFTA_SET_ID, setID(s.Name)))
	if len(s.Key) == 1 && s.Key[0] == Interface { // nft(8) would read the name backwards: NFTNL_UDATA_SET_KEYBYTEORDER, the machine's
		m.Attributes = append(m.Attributes, Data("NFTA_SET_USERDATA", unix.NFTA_SET_USERDATA, []byte{0, 4, 1, 0, 0, 0}))
	}
	if s.Data != nil {
		kind, length := together(s.Data)
		m.Attributes = append(m.Attributes, Big("NFTA_SET_DATA_TYPE", unix.NFTA_SET_DATA_TYPE, kind),
			Big("NFTA_SET_DATA_LEN", unix.NFTA_SET_DATA_LEN, length))
	}
	return m
}

// setID is a number for a set within one batch, in which it has no other identity yet.
func setID(name string) uint32 {
	id := uint32(1)
	for _, c := range []byte(name) {
		id = id*31 + uint32(c)
	}
	return id & 0x7fffffff
}

// An Element is a key of a set, of a map with its value. End marks where an interval ends: its own key is outside.
type Element struct {
	Key, Data []byte
	End       bool
}

// Add puts elements into a set; one that is there already with the same value is no error. Remove takes them out again.
func (t Table) Add(set string, elements ...Element) Message {
	return t.elements("NFT_MSG_NEWSETELEM", unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, set, elements)
}

// Remove takes elements out; ENOENT if one is not in.
func (t Table) Remove(set string, elements ...Element) Message {
	return t.elements("NFT_MSG_DELSETELEM", unix.NFT_MSG_DELSETELEM, 0, set, elements)
}

func (t Table) elements(name string, kind, flags uint16, set string, elements []Element) Message {
	var list []Attribute
	for _, e := range elements {
		parts := []Attribute{Nested("NFTA_SET_ELEM_KEY", unix.NFTA_SET_ELEM_KEY, Data("NFTA_DATA_VALUE", unix.NFTA_DATA_VALUE, e.Key))}
		if e.Data != nil {
			parts = append(parts, Nested("NFTA_SET_ELEM_DATA", unix.NFTA_SET_ELEM_DATA, Data("NFTA_DATA_VALUE", unix.NFTA_DATA_VALUE, e.Data)))
		}
		if e.End {
			parts = append(parts, Big("NFTA_SET_ELEM_FLAGS", unix.NFTA_SET_ELEM_FLAGS, unix.NFT_SET_ELEM_INTERVAL_END))
		}
		list = append(list, Nested("NFTA_LIST_ELEM", unix.NFTA_LIST_ELEM, parts...))
	}
	return firewall(name, kind, flags,
		Text("NFTA_SET_ELEM_LIST_TABLE", unix.NFTA_SET_ELEM_LIST_TABLE, string(t)),
		Text("NFTA_SET_ELEM_LIST_SET", unix.NFTA_SET_ELEM_LIST_SET, set),
		Nested("NFTA_SET_ELEM_LIST_ELEMENTS", unix.NFTA_SET_ELEM_LIST_ELEMENTS, list...))
}

// Key lays the parts of a key or value out, each filled up to four bytes.
func Key(parts ...[]byte) []byte {
	var key []byte
	for _, p := range parts {
		key = append(key, p...)
		key = append(key, make([]byte, aligned(len(p))-len(p))...)
	}
	return key
}

// InterfaceKey is the name of an interface as sets have it: sixteen bytes.
func InterfaceKey(name string) []byte {
	return append([]byte(name), make([]byte, unix.IFNAMSIZ-len(name))...)
}

// PortKey is a port in the network's order.
func PortKey(port uint16) []byte { return binary.BigEndian.AppendUint16(nil, port) }
