// Package dump reads the kernel's lists of links, addresses and routes whole.
package dump

import (
	"errors"

	"github.com/vishvananda/netlink"
)

// Whole asks again when the list has changed while it was read (NLM_F_DUMP_INTR, netlink(7)): something may be missing then, or be
// in it twice. After ten times the last answer has to do, and netlink.ErrDumpInterrupted comes with it.
func Whole[T any](ask func() ([]T, error)) (list []T, err error) {
	for range 10 {
		if list, err = ask(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return list, err
}

// Routes are those of a family in the main table.
func Routes(family int) ([]netlink.Route, error) {
	return Whole(func() ([]netlink.Route, error) { return netlink.RouteList(nil, family) })
}

// Addresses are those of a family that a link has, or, without a link, all.
func Addresses(l netlink.Link, family int) ([]netlink.Addr, error) {
	return Whole(func() ([]netlink.Addr, error) { return netlink.AddrList(l, family) })
}

// Links are all of this network namespace.
func Links() ([]netlink.Link, error) { return Whole(netlink.LinkList) }
