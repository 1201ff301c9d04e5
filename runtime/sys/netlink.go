package sys

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// Over netlink(7) the kernel is asked by message, not by system call: the network's interfaces, addresses and
// routes (rtnetlink(7)), and its firewall (nftables). A Message is data like every argument: the bytes that are sent are
// the bytes that are printed.

// A Message is one request.
type Message struct {
	Name       string // "RTM_NEWLINK"
	Protocol   string // "rtnetlink" or "nftables"
	Type       uint16
	Flags      uint16
	Fixed      []byte // what stands before the attributes: struct ifinfomsg, struct nfgenmsg
	Attributes []Attribute
	Words      string // the same in the words of nft(8), where the attributes are a long way to say it
	bytes      []byte // as they are sent
}

// An Attribute is a name and a value: a length, a type, the bytes, and zeros up to a multiple of four.
type Attribute struct {
	Name   string // "IFLA_IFNAME"
	Type   uint16
	nested []Attribute
	value  []byte  // before those within: a structure that they begin with
	from   *Result // four bytes that are an earlier call's answer
	show   func(value []byte) string
}

// Text is a string and a zero byte.
func Text(name string, kind uint16, s string) Attribute {
	return Attribute{Name: name, Type: kind, value: append([]byte(s), 0), show: func(v []byte) string {
		return Quote(unix.ByteSliceToString(v))
	}}
}

// Number is 32 bits, in the machine's order.
func Number(name string, kind uint16, n uint32) Attribute {
	return Attribute{Name: name, Type: kind, value: halves(n), show: func(v []byte) string { return fmt.Sprint(half(v, 0)) }}
}

// Number8 is one byte.
func Number8(name string, kind uint16, n uint8) Attribute {
	return Attribute{Name: name, Type: kind, value: []byte{n}, show: func(v []byte) string { return fmt.Sprint(v[0]) }}
}

// Big is 32 bits in the network's order, as nftables wants its numbers.
func Big(name string, kind uint16, n uint32) Attribute {
	return Attribute{Name: name, Type: kind, value: binary.BigEndian.AppendUint32(nil, n), show: func(v []byte) string {
		return fmt.Sprint(int32(binary.BigEndian.Uint32(v)))
	}}
}

// Answered is 32 bits that an earlier call answers: a PID.
func Answered(name string, kind uint16, r *Result) Attribute {
	a := Number(name, kind, 0)
	a.from = r
	a.show = func(v []byte) string {
		if half(v, 0) == 0 {
			return "<" + r.Name + ">"
		}
		return fmt.Sprint(half(v, 0))
	}
	return a
}

// Address is an IP address, or the six bytes of an interface's own.
func Address(name string, kind uint16, b []byte) Attribute {
	return Attribute{Name: name, Type: kind, value: b, show: func(v []byte) string {
		if addr, ok := netip.AddrFromSlice(v); ok {
			return addr.String()
		}
		return strings.ReplaceAll(fmt.Sprintf("% x", v), " ", ":")
	}}
}

// Data is bytes that mean something only together with others: keys and values of nftables.
func Data(name string, kind uint16, b []byte) Attribute {
	return Attribute{Name: name, Type: kind, value: b, show: func(v []byte) string { return fmt.Sprintf("%#x", v) }}
}

// Nested is attributes within an attribute.
func Nested(name string, kind uint16, inner ...Attribute) Attribute {
	return Attribute{Name: name, Type: kind | unix.NLA_F_NESTED, nested: append([]Attribute{}, inner...)}
}

// Headed is attributes within an attribute, after a structure of their own: the other end of a veth.
func Headed(name string, kind uint16, head []byte, inner ...Attribute) Attribute {
	a := Nested(name, kind, inner...)
	a.value = head
	return a
}

// Netlink is socket(AF_NETLINK): the way to ask one part of the kernel, unix.NETLINK_ROUTE or NETLINK_NETFILTER.
// It belongs to the network namespace in which it was made, wherever its owner goes later.
func Netlink(protocol int, yields *Result) Call {
	return Call{Name: "socket", Number: unix.SYS_SOCKET, Yields: yields,
		Args: []Arg{Enum(unix.AF_NETLINK, families), Flags(unix.SOCK_RAW|unix.SOCK_CLOEXEC, socketTypes), Enum(uint64(protocol), netlinks)}}
}

// Ask sends messages in one datagram, and reads the kernel's answer. A batch is carried out whole, or not at all.
func Ask(fd *Result, messages ...Message) []Call {
	size := 0
	for i := range messages {
		size += messages[i].size()
	}
	memory, at := make([]byte, size), 0
	arg := Struct(memory, func([]byte) string { return messagesText(messages) })
	for i := range messages {
		n := messages[i].size()
		arg.Patch = messages[i].put(memory[at:at+n], uint32(i+1), at, arg.Patch)
		at += n
	}
	send := Call{Name: "sendto", Number: unix.SYS_SENDTO, Messages: messages,
		Args: []Arg{Of(fd), arg, Int(size), Int(0), Null(), Int(0)}}
	return []Call{send, answer(fd, messages)}
}

// answer is recvfrom(2): an NLMSG_ERROR, whose error is 0 if all went well.
func answer(fd *Result, asked []Message) Call {
	buffer := make([]byte, 256)
	refusal := func() unix.Errno {
		switch binary.LittleEndian.Uint16(buffer[4:]) {
		case unix.NLMSG_DONE: // of a list, and nothing came before it
			return unix.ENOENT
		case unix.NLMSG_ERROR:
		default:
			return 0 // it is what was asked for
		}
		return unix.Errno(-int32(half(buffer, 4)))
	}
	show := func([]byte) string {
		switch kind := binary.LittleEndian.Uint16(buffer[4:]); kind {
		case unix.NLMSG_DONE:
			return "{nlmsg_type=NLMSG_DONE}"
		case unix.NLMSG_ERROR, 0:
		default:
			return fmt.Sprintf("{nlmsg_type=%#x, …}", kind)
		}
		if refusal() == 0 {
			return "{nlmsg_type=NLMSG_ERROR, error=0}"
		}
		return "{nlmsg_type=NLMSG_ERROR, error=-" + ErrnoName(refusal()) + "}"
	}
	return Call{Name: "recvfrom", Number: unix.SYS_RECVFROM, Refusal: refusal, Asked: asked,
		Args: []Arg{Of(fd), Struct(buffer, show), Int(len(buffer)), Int(0), Null(), Null()}}
}

const (
	messageHead   = 16 // struct nlmsghdr
	attributeHead = 4  // struct nlattr
)

func aligned(n int) int { return (n + 3) &^ 3 }

func (m *Message) size() int {
	n := messageHead + aligned(len(m.Fixed))
	for i := range m.Attributes {
		n += aligned(m.Attributes[i].size())
	}
	return n
}

func (a *Attribute) size() int {
	n := attributeHead + aligned(len(a.value))
	if a.nested == nil {
		return attributeHead + len(a.value)
	}
	for i := range a.nested {
		n += aligned(a.nested[i].size())
	}
	return n
}

// put lays the message out in b, which begins at the given place of the datagram. It returns the patch that
// the datagram needs.
func (m *Message) put(b []byte, number uint32, at int, patch *Patch) *Patch {
	m.bytes = b
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], m.Type)
	binary.LittleEndian.PutUint16(b[6:], m.Flags)
	binary.LittleEndian.PutUint32(b[8:], number)
	copy(b[messageHead:], m.Fixed)
	start := messageHead + aligned(len(m.Fixed))
	return putAll(m.Attributes, b[start:], at+start, patch)
}

func putAll(attributes []Attribute, b []byte, at int, patch *Patch) *Patch {
	for i := range attributes {
		a, n := &attributes[i], attributes[i].size()
		binary.LittleEndian.PutUint16(b, uint16(n))
		binary.LittleEndian.PutUint16(b[2:], a.Type)
		copy(b[attributeHead:], a.value)
		inner := attributeHead + aligned(len(a.value))
		a.value = b[attributeHead : attributeHead+len(a.value)] // from here on what is sent is what is shown
		if a.from != nil {
			patch = &Patch{Offset: at + attributeHead, From: a.from, Bits: 32}
		}
		if a.nested != nil {
			patch = putAll(a.nested, b[inner:n], at+inner, patch)
		}
		b, at = b[min(aligned(n), len(b)):], at+aligned(n)
	}
	return patch
}

// Bytes is the message as it is sent.
func (m Message) Bytes() []byte { return m.bytes }

// Pairs are all attributes with their values as text, those within others by their whole path.
func (m Message) Pairs() [][2]string { return pairs("", m.Attributes) }

func pairs(above string, attributes []Attribute) (all [][2]string) {
	for i, a := range attributes {
		name := above + a.Name
		if a.Name == "NFTA_LIST_ELEM" { // a list: the elements have one name
			name = fmt.Sprintf("%s[%d]", strings.TrimSuffix(above, "."), i)
		}
		if a.nested == nil {
			all = append(all, [2]string{name, a.show(a.value)})
			continue
		}
		all = append(all, pairs(name+".", a.nested)...)
	}
	return all
}

// String is the head of the message, as strace writes it.
func (m Message) String() string {
	return "{nlmsg_type=" + m.Name + ", nlmsg_flags=" + flagText(uint64(m.Flags), netlinkFlags) + "}"
}

func messagesText(messages []Message) string {
	texts := make([]string, len(messages))
	for i, m := range messages {
		texts[i] = m.String()
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
