package grader

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"tutor/runtime/dump"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// What the kernel tells of a process's network, asked from a thread that has gone there.

// links are those of the process's network.
func (p Process) links() (links []netlink.Link, err error) {
	err = within(p.network(), unix.CLONE_NEWNET, func() error {
		links, err = dump.Links()
		return err
	})
	return links, err
}

// addresses are the process's, in words; those of the loopback aside.
func (p Process) addresses() (found []string, err error) {
	err = within(p.network(), unix.CLONE_NEWNET, func() error {
		all, err := dump.Addresses(nil, netlink.FAMILY_V4)
		for _, a := range all {
			if !a.IP.IsLoopback() {
				found = append(found, a.IPNet.String())
			}
		}
		return err
	})
	return found, err
}

// routes are the process's, in words; broadcasts and the like aside.
func (p Process) routes() (found []string, err error) {
	err = within(p.network(), unix.CLONE_NEWNET, func() error {
		all, err := dump.Routes(netlink.FAMILY_V4)
		for _, r := range all {
			words := "default"
			if r.Dst != nil && r.Dst.String() != "0.0.0.0/0" {
				words = r.Dst.String()
			}
			if r.Gw != nil {
				words += " via " + r.Gw.String()
			}
			found = append(found, words)
		}
		return err
	})
	return found, err
}

// cable says what is not as it should be.
func (l *lan) cable(command Process) (string, error) {
	inside, err := command.links()
	if err != nil {
		return "", err
	}
	outside, err := Process(l.PID).links()
	if err != nil {
		return "", err
	}
	bridge := slices.IndexFunc(outside, func(o netlink.Link) bool { return o.Attrs().Name == l.bridge })
	if bridge < 0 {
		return "the bridge is gone", nil
	}
	var seen []string
	for _, in := range inside {
		a := in.Attrs()
		far := slices.IndexFunc(outside, func(o netlink.Link) bool {
			return o.Type() == "veth" && o.Attrs().Index == a.ParentIndex && o.Attrs().ParentIndex == a.Index
		})
		switch {
		case a.Name == "lo":
		case in.Type() != "veth" || far < 0:
			seen = append(seen, fmt.Sprintf("%s inside is of type %s, with no other end on the host", a.Name, in.Type()))
		case outside[far].Attrs().MasterIndex != outside[bridge].Attrs().Index:
			seen = append(seen, fmt.Sprintf("%s inside leads to %s, which is not in the bridge", a.Name, outside[far].Attrs().Name))
		case a.Flags&net.FlagUp == 0:
			seen = append(seen, a.Name+" inside is down")
		case outside[far].Attrs().Flags&net.FlagUp == 0:
			seen = append(seen, outside[far].Attrs().Name+" in the bridge is down")
		default:
			return "", nil
		}
	}
	if len(seen) == 0 {
		return "nothing but a loopback inside", nil
	}
	return strings.Join(seen, "; "), nil
}
