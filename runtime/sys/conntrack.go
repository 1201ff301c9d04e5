package sys

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The kernel remembers every connection (conntrack), UDP's too: it asks the rules for the first packet alone, and what follows
// goes where that one went, until half a minute has been silent.

// Numbers of linux/netfilter/nfnetlink_conntrack.h, and the bits of net/netfilter/nf_conntrack_netlink.c.
const (
	ctDelete = 2 // IPCTNL_MSG_CT_DELETE

	ctOriginal, ctReply, ctFilter   = 1, 2, 25 // CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_FILTER
	ctIP, ctProtocol                = 1, 2     // CTA_TUPLE_IP, CTA_TUPLE_PROTO
	ctSource4, ctSource6            = 1, 3     // CTA_IP_V4_SRC, CTA_IP_V6_SRC
	ctNumber, ctFromPort, ctToPort  = 1, 2, 3  // CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT
	bySource, byNumber              = 1 << 0, 1 << 3
	byFromPort, byToPort            = 1 << 4, 1 << 5
	ctOriginalFilter, ctReplyFilter = 1, 2 // CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS
)

// ForgetArrived has the kernel forget what came to a port of the host, so that it asks the rules again. Before Linux 6.12 it
// forgets single connections alone, which would have to be listed first: EINVAL.
func ForgetArrived(ipv6 bool, protocol byte, port uint16) Message {
	return forget(ipv6,
		Nested("CTA_TUPLE_ORIG", ctOriginal, Nested("CTA_TUPLE_PROTO", ctProtocol,
			Number8("CTA_PROTO_NUM", ctNumber, protocol), port16("CTA_PROTO_DST_PORT", ctToPort, port))),
		byNumber|byToPort, 0)
}

// ForgetLed is ForgetArrived for what was led on to an address and a port: it is from there that its answers came.
func ForgetLed(to netip.AddrPort, protocol byte) Message {
	source := Address("CTA_IP_V4_SRC", ctSource4, to.Addr().AsSlice())
	if to.Addr().Is6() {
		source = Address("CTA_IP_V6_SRC", ctSource6, to.Addr().AsSlice())
	}
	return forget(to.Addr().Is6(),
		Nested("CTA_TUPLE_REPLY", ctReply, Nested("CTA_TUPLE_IP", ctIP, source), Nested("CTA_TUPLE_PROTO", ctProtocol,
			Number8("CTA_PROTO_NUM", ctNumber, protocol), port16("CTA_PROTO_SRC_PORT", ctFromPort, to.Port()))),
		0, bySource|byNumber|byFromPort)
}

// forget is the message, with what of a connection is compared, in each of its directions.
func forget(ipv6 bool, tuple Attribute, original, reply uint32) Message {
	family := byte(unix.AF_INET)
	if ipv6 {
		family = unix.AF_INET6
	}
	return Message{Name: "IPCTNL_MSG_CT_DELETE", Protocol: "conntrack", Type: unix.NFNL_SUBSYS_CTNETLINK<<8 | ctDelete, Flags: askFor,
		Fixed: []byte{family, unix.NFNETLINK_V0, 0, 0},
		Attributes: []Attribute{tuple, Nested("CTA_FILTER", ctFilter,
			Number("CTA_FILTER_ORIG_FLAGS", ctOriginalFilter, original), Number("CTA_FILTER_REPLY_FLAGS", ctReplyFilter, reply))}}
}

// port16 is a port, in the network's order.
func port16(name string, kind uint16, port uint16) Attribute {
	return Attribute{Name: name, Type: kind, value: PortKey(port), show: func(v []byte) string { return fmt.Sprint(binary.BigEndian.Uint16(v)) }}
}
