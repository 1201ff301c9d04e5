package doctor

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A chain is one of nftables': of any table, and with iptables-nft (Debian's) of iptables' too.
type chain struct {
	family, table, name string
	forwards, drops     bool // a base chain at the hook of what passes through; what no rule of it decides is dropped
}

var families = map[byte]string{unix.NFPROTO_INET: "inet", unix.NFPROTO_IPV4: "ip", unix.NFPROTO_IPV6: "ip6", unix.NFPROTO_BRIDGE: "bridge"}

// firewalls looks for one that drops what it does not know. A packet must please every table: to be accepted by ours is not
// enough. Rules of others are theirs, so tutor says what to add, and adds nothing.
func firewalls(Machine) answer {
	chains, err := everyChain()
	if err != nil {
		return answer{found: err.Error(), fails: true}
	}
	for _, c := range chains {
		if c.table == "firewalld" { // its policy accepts, and its last rule rejects
			return answer{found: "firewalld", remark: true, mend: "sudo firewall-cmd --permanent --zone=trusted --add-interface=tutor0 && sudo firewall-cmd --reload"}
		}
		if c.forwards && c.drops {
			found := fmt.Sprintf("table %s %s, chain %s: policy drop", c.family, c.table, c.name)
			return answer{found: found, remark: true, mend: c.allow(chains)}
		}
	}
	return answer{found: "none"}
}

// allow is how to let through what comes from the default network and goes there, in the words of whose chain it is.
func (c chain) allow(chains []chain) string {
	has := func(begin string) bool {
		return slices.ContainsFunc(chains, func(other chain) bool { return other.table == c.table && strings.HasPrefix(other.name, begin) })
	}
	both := func(line, from, to string) string {
		return fmt.Sprintf(line, from) + " && " + fmt.Sprintf(line, to)
	}
	switch {
	case has("ufw-"):
		return both("sudo ufw route allow %s on tutor0", "in", "out")
	case has("DOCKER-USER"): // Docker leaves this one to its users
		return both("sudo iptables -I DOCKER-USER %s tutor0 -j ACCEPT", "-i", "-o")
	case c.table == "filter" && c.name == "FORWARD" && c.family == "ip":
		return both("sudo iptables -I FORWARD %s tutor0 -j ACCEPT", "-i", "-o")
	case c.table == "filter" && c.name == "FORWARD" && c.family == "ip6":
		return both("sudo ip6tables -I FORWARD %s tutor0 -j ACCEPT", "-i", "-o")
	}
	return both("sudo nft insert rule "+c.family+" "+c.table+" "+c.name+" %s tutor0 accept", "iifname", "oifname")
}

// everyChain asks the kernel for all chains of all tables.
func everyChain() (all []chain, err error) {
	request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETCHAIN, unix.NLM_F_DUMP)
	request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_UNSPEC})
	answers, err := request.Execute(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		attributes, err := nl.ParseRouteAttr(a[nl.SizeofNfgenmsg:])
		if err != nil {
			return nil, err
		}
		c := chain{family: families[a[0]]}
		for _, attribute := range attributes {
			switch attribute.Attr.Type &^ unix.NLA_F_NESTED {
			case unix.NFTA_CHAIN_TABLE:
				c.table = unix.ByteSliceToString(attribute.Value)
			case unix.NFTA_CHAIN_NAME:
				c.name = unix.ByteSliceToString(attribute.Value)
			case unix.NFTA_CHAIN_POLICY:
				c.drops = binary.BigEndian.Uint32(attribute.Value) == 0 // NF_DROP
			case unix.NFTA_CHAIN_HOOK:
				c.forwards = atForward(attribute.Value)
			}
		}
		all = append(all, c)
	}
	return all, nil
}

func atForward(hook []byte) bool {
	attributes, err := nl.ParseRouteAttr(hook)
	return err == nil && slices.ContainsFunc(attributes, func(a syscall.NetlinkRouteAttr) bool {
		return a.Attr.Type == unix.NFTA_HOOK_HOOKNUM && binary.BigEndian.Uint32(a.Value) == unix.NF_INET_FORWARD
	})
}
