package doctor

import (
	"encoding/binary"
	"os"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// nftables writes what a container's way out needs, in a network of nobody's.
func nftables(Machine) error { return elsewhere(masquerade) }

// masquerade makes a table, a chain where packets leave, and a rule that gives them the host's address. The kernel
// takes the three in one batch or none of them, and loads the modules that they need. By hand:
//
//	nft 'table ip doctor { chain out { type nat hook postrouting priority 100; masquerade; }; }'
func masquerade() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return os.NewSyscallError("socket", err) // EPROTONOSUPPORT: no netfilter at all
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, batch(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("nf_tables", err)
	}
	return os.NewSyscallError("nf_tables", acknowledged(fd))
}

// batch is the messages (nfnetlink.h, nf_tables.h). Only the last of the three is to be acknowledged.
func batch() []byte {
	const tables = unix.NFNL_SUBSYS_NFTABLES << 8
	nftables := nl.Swap16(unix.NFNL_SUBSYS_NFTABLES) // whose batch it is, in network order
	return slices.Concat(
		message(unix.NFNL_MSG_BATCH_BEGIN, 0, nftables),
		message(tables|unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, 0,
			text(unix.NFTA_TABLE_NAME, "doctor")),
		message(tables|unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, 0,
			text(unix.NFTA_CHAIN_TABLE, "doctor"), text(unix.NFTA_CHAIN_NAME, "out"), text(unix.NFTA_CHAIN_TYPE, "nat"),
			nest(unix.NFTA_CHAIN_HOOK, number(unix.NFTA_HOOK_HOOKNUM, unix.NF_INET_POST_ROUTING), number(unix.NFTA_HOOK_PRIORITY, 100))),
		message(tables|unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK, 0,
			text(unix.NFTA_RULE_TABLE, "doctor"), text(unix.NFTA_RULE_CHAIN, "out"),
			nest(unix.NFTA_RULE_EXPRESSIONS, nest(unix.NFTA_LIST_ELEM, text(unix.NFTA_EXPR_NAME, "masq"), nest(unix.NFTA_EXPR_DATA)))),
		message(unix.NFNL_MSG_BATCH_END, 0, nftables),
	)
}

func message(kind, flags int, resource uint16, attributes ...*nl.RtAttr) []byte {
	r := nl.NewNetlinkRequest(kind, flags)
	r.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_IPV4, ResId: resource})
	for _, a := range attributes {
		r.AddData(a)
	}
	return r.Serialize()
}

func text(kind int, value string) *nl.RtAttr { return nl.NewRtAttr(kind, nl.ZeroTerminated(value)) }

func number(kind int, value uint32) *nl.RtAttr {
	return nl.NewRtAttr(kind, binary.BigEndian.AppendUint32(nil, value))
}

func nest(kind int, attributes ...*nl.RtAttr) *nl.RtAttr {
	outer := nl.NewRtAttr(kind|unix.NLA_F_NESTED, nil)
	for _, a := range attributes {
		outer.AddChild(a)
	}
	return outer
}

// acknowledged is the kernel's answer to the batch, which is there when the batch has been sent; the first error is
// the one that counts.
func acknowledged(fd int) error {
	answer := make([]byte, os.Getpagesize())
	n, _, err := unix.Recvfrom(fd, answer, unix.MSG_DONTWAIT)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return err
	}
	for _, message := range messages {
		if message.Header.Type != unix.NLMSG_ERROR || len(message.Data) < 4 {
			continue
		}
		if errno := int32(binary.NativeEndian.Uint32(message.Data)); errno != 0 {
			return unix.Errno(-errno)
		}
	}
	return nil
}
