package toolbox

import (
	"fmt"
	"net"
	"strings"

	"tutor/runtime/dump"

	"github.com/vishvananda/netlink"
)

// ip speaks rtnetlink, as iproute2 does: addr, link and route, as far as a container needs them.
func ip(t *tool) error {
	n := &network{tool: t, family: netlink.FAMILY_ALL, words: t.args}
	for len(n.words) > 0 && strings.HasPrefix(n.words[0], "-") {
		switch n.words[0] {
		case "-4":
			n.family = netlink.FAMILY_V4
		case "-6":
			n.family = netlink.FAMILY_V6
		case "-br", "-brief":
			n.brief = true
		case "-o", "-oneline", "-c", "-d":
		default:
			return usageError("what is " + n.words[0] + "?")
		}
		n.words = n.words[1:]
	}
	object := n.word()
	switch {
	case object != "" && strings.HasPrefix("address", object):
		return n.address()
	case object != "" && strings.HasPrefix("link", object):
		return n.link()
	case object != "" && strings.HasPrefix("route", object):
		return n.route()
	}
	return usageError("addr, link or route?")
}

// A network is ip at work: the words that are left, and how to show.
type network struct {
	*tool
	words  []string
	family int
	brief  bool
}

// word takes the next word, "" at the end.
func (n *network) word() string {
	if len(n.words) == 0 {
		return ""
	}
	word := n.words[0]
	n.words = n.words[1:]
	return word
}

// pairs reads "dev eth0 via 10.0.0.1" into a map; flags are the words that stand alone. A first word that is no
// keyword is what the command is about.
func (n *network) pairs(keywords string) (about string, values map[string]string, err error) {
	values = map[string]string{}
	for len(n.words) > 0 {
		word := n.word()
		switch {
		case !strings.Contains(" "+keywords+" ", " "+word+" ") && about == "":
			about = word
		case !strings.Contains(" "+keywords+" ", " "+word+" "):
			return "", nil, usageError("what is " + word + "?")
		default:
			values[word] = n.word()
		}
	}
	return about, values, nil
}

// answered says what the kernel answered, in iproute2's words.
func answered(err error) error {
	if err == nil {
		return nil
	}
	if _, missing := err.(netlink.LinkNotFoundError); missing {
		return fmt.Errorf("cannot find that device")
	}
	return fmt.Errorf("RTNETLINK answers: %s", reason(err))
}

func device(name string) (netlink.Link, error) {
	if name == "" {
		return nil, usageError("which device? dev NAME")
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("cannot find device %q", name)
	}
	return l, nil
}

func (n *network) address() error {
	switch what := n.word(); what {
	case "", "show", "list", "ls", "s":
		return n.show(true)
	case "add", "a", "del", "delete":
		about, v, err := n.pairs("dev brd broadcast scope label")
		if err != nil {
			return err
		}
		l, err := device(v["dev"])
		if err != nil {
			return err
		}
		if !strings.Contains(about, "/") {
			about += "/32"
		}
		a, err := netlink.ParseAddr(about)
		if err != nil {
			return usageError(about + ": not an address")
		}
		if what[0] == 'd' {
			return answered(netlink.AddrDel(l, a))
		}
		return answered(netlink.AddrAdd(l, a))
	case "flush":
		_, v, err := n.pairs("dev")
		if err != nil {
			return err
		}
		return n.flush(v["dev"])
	default:
		return usageError("addr show, add or del?")
	}
}

func (n *network) flush(name string) error {
	l, err := device(name)
	if err != nil {
		return err
	}
	list, err := dump.Addresses(l, n.family)
	for _, a := range list {
		if err == nil {
			err = netlink.AddrDel(l, &a)
		}
	}
	return answered(err)
}

func (n *network) route() error {
	switch what := n.word(); what {
	case "", "show", "list", "ls", "s":
		return n.showRoutes()
	case "add", "a", "del", "delete", "replace":
		about, v, err := n.pairs("via dev src metric proto scope")
		if err != nil {
			return err
		}
		r := netlink.Route{}
		if about != "default" {
			if !strings.Contains(about, "/") {
				about += "/32"
			}
			if _, r.Dst, err = net.ParseCIDR(about); err != nil {
				return usageError(about + ": not a network")
			}
		} else {
			_, r.Dst, _ = net.ParseCIDR("0.0.0.0/0")
		}
		if r.Gw = net.ParseIP(v["via"]); r.Gw == nil && v["via"] != "" {
			return usageError(v["via"] + ": not an address")
		}
		r.Src = net.ParseIP(v["src"])
		if v["dev"] != "" {
			l, err := device(v["dev"])
			if err != nil {
				return err
			}
			r.LinkIndex = l.Attrs().Index
		}
		if r.Gw == nil {
			r.Scope = netlink.SCOPE_LINK
		}
		do := map[byte]func(*netlink.Route) error{'a': netlink.RouteAdd, 'd': netlink.RouteDel, 'r': netlink.RouteReplace}[what[0]]
		return answered(do(&r))
	default:
		return usageError("route show, add or del?")
	}
}
