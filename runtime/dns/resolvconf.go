package dns

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ResolvConf is a resolv.conf(5).
type ResolvConf struct {
	Nameservers []netip.Addr // with %zone, where the link matters
	Search      []string
	Options     []string // "ndots:1", "edns0"
	Other       []string // lines of other words, as they stand
}

var (
	embedded = netip.AddrFrom4([4]byte{127, 0, 0, 11})
	resolved = netip.AddrFrom4([4]byte{127, 0, 0, 53}) // systemd-resolved.service(8)

	// Google's, which Docker falls back to.
	fallback = []netip.Addr{netip.AddrFrom4([4]byte{8, 8, 8, 8}), netip.AddrFrom4([4]byte{8, 8, 4, 4})}
)

// Host reads the host's file. Where that names systemd-resolved and nobody else, it is the file with the resolvers
// behind it, as in Docker: 127.0.0.53 is no address that a container could ask. No file is an empty one.
func Host(root fs.FS) (ResolvConf, error) {
	host, err := read(root, "etc/resolv.conf")
	if err == nil && slices.Equal(host.Nameservers, []netip.Addr{resolved}) {
		return read(root, "run/systemd/resolve/resolv.conf")
	}
	return host, err
}

func read(root fs.FS, name string) (ResolvConf, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ResolvConf{}, err
	}
	return ParseResolvConf(string(text)), nil
}

// ParseResolvConf reads what stands in a file; what it cannot read it passes over, as every resolver does. Of search
// lists the last counts.
func ParseResolvConf(text string) ResolvConf {
	var c ResolvConf
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || strings.ContainsAny(words[0][:1], "#;") {
			continue
		}
		switch words[0] {
		case "nameserver":
			if address, err := netip.ParseAddr(words[1]); err == nil {
				c.Nameservers = append(c.Nameservers, address)
			}
		case "search", "domain":
			c.Search = words[1:]
		case "options":
			c.Options = append(c.Options, words[1:]...)
		default:
			c.Other = append(c.Other, strings.Join(words, " "))
		}
	}
	return c
}

// Override puts --dns, --dns-search and --dns-option in the place of what the host has; an empty list leaves it.
// The search list "." is none.
func (c ResolvConf) Override(nameservers []netip.Addr, search, options []string) ResolvConf {
	if len(nameservers) > 0 {
		c.Nameservers = nameservers
	}
	if len(search) > 0 {
		c.Search = slices.DeleteFunc(slices.Clone(search), func(s string) bool { return s == "." })
	}
	if len(options) > 0 {
		c.Options = options
	}
	return c
}

// Reachable is for the default bridge, where the container itself asks the host's resolvers: without those that only
// the host can reach, on its loopback or by the name of one of its links. If none is left, it is the fallback, as in Docker.
// It goes before Override: who says --dns 127.0.0.1 means it.
func (c ResolvConf) Reachable(ipv6 bool) ResolvConf {
	c.Nameservers = slices.DeleteFunc(slices.Clone(c.Nameservers), func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsUnspecified() || a.Zone() != "" || a.Is6() && !ipv6
	})
	if len(c.Nameservers) == 0 {
		c.Nameservers = fallback
	}
	return c
}

// Embedded is for the other networks, where the container asks 127.0.0.11, and that asks those who stood here before.
// ndots:0 lets a name without a dot be asked for as it stands; without it, "web" would be "web.example.org" first.
func (c ResolvConf) Embedded() ResolvConf {
	if len(c.Nameservers) > 0 {
		c.Other = append(slices.Clone(c.Other), fmt.Sprint("# ExtServers: ", c.Nameservers)) // Docker's word
	}
	c.Nameservers = []netip.Addr{embedded}
	c.Options = slices.DeleteFunc(slices.Clone(c.Options), func(o string) bool {
		n, isDots := ndots(o)
		return isDots && n < 0
	})
	if !slices.ContainsFunc(c.Options, func(o string) bool { _, isDots := ndots(o); return isDots }) {
		c.Options = append(c.Options, "ndots:0")
	}
	return c
}

// Qualified says whether somebody wants names without a dot to be searched for: see Server.
func (c ResolvConf) Qualified() bool {
	last := 0
	for _, o := range c.Options {
		if n, isDots := ndots(o); isDots {
			last = n
		}
	}
	return last > 0
}

// ndots reads an option; -1 is a number that is none.
func ndots(option string) (n int, isDots bool) {
	value, isDots := strings.CutPrefix(option, "ndots:")
	n, err := strconv.Atoi(value)
	if err != nil {
		return -1, isDots
	}
	return n, isDots
}

// Upstream are the resolvers that Server asks.
func (c ResolvConf) Upstream() []netip.AddrPort {
	var all []netip.AddrPort
	for _, a := range c.Nameservers {
		all = append(all, netip.AddrPortFrom(a, 53))
	}
	return all
}

// String is the file.
func (c ResolvConf) String() string {
	var b strings.Builder
	for _, a := range c.Nameservers {
		fmt.Fprintln(&b, "nameserver", a)
	}
	if len(c.Search) > 0 {
		fmt.Fprintln(&b, "search", strings.Join(c.Search, " "))
	}
	if len(c.Options) > 0 {
		fmt.Fprintln(&b, "options", strings.Join(c.Options, " "))
	}
	for _, line := range c.Other {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}
