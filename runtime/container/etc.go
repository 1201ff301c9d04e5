package container

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"tutor/runtime/dns"
)

// A file that every container gets its own of.
type file struct{ name, target, content string }

// files are bound over the image's, because they depend on the container and not on the image.
func (c *Container) files() []file {
	return []file{
		{"resolv.conf", "/etc/resolv.conf", c.resolv()},
		{"hostname", "/etc/hostname", c.Plan.Spec.Hostname + "\n"},
		{"hosts", "/etc/hosts", c.hosts()},
	}
}

// hosts is /etc/hosts: itself, by the name it has, and whom --add-host names. With the host's network it is the host's, and with
// another container's that one's.
func (c *Container) hosts() string {
	hosts := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
		"fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
	if c.Options.Network == "host" {
		content, _ := os.ReadFile("/etc/hosts")
		if hosts = string(content); !strings.HasSuffix(hosts, "\n") {
			hosts += "\n"
		}
	}
	if c.shared.ID != "" {
		return string(head(filepath.Join(c.home.Dir(c.shared.ID), "hosts"), etcLimit))
	}
	for _, extra := range c.Options.ExtraHosts {
		name, address, _ := strings.Cut(extra, ":")
		if address == "host-gateway" {
			address = c.gateway().String()
		}
		hosts += address + "\t" + name + "\n"
	}
	for _, l := range c.leases {
		for _, a := range []netip.Addr{l.Address, l.Address6} {
			if a.IsValid() {
				hosts += fmt.Sprintf("%s\t%s\n", a, c.Plan.Spec.Hostname)
			}
		}
	}
	return hosts
}

// etcLimit is how much of another container's /etc/hosts is read: it can write there what it likes.
const etcLimit = 1 << 20

// head is the beginning of a file that a container may make as long as it likes.
func head(path string, most int64) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	content, _ := io.ReadAll(io.LimitReader(f, most))
	return content
}

// gateway is where the host can be reached from inside.
func (c *Container) gateway() netip.Addr {
	for _, e := range c.Plan.Wire.Endpoints {
		return e.Net.Gateways[0].Addr()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// resolv is /etc/resolv.conf. On a network with names tutor is asked, and asks the host's resolvers; on the default one the container
// asks them itself, as in Docker.
func (c *Container) resolv() string {
	if c.shared.ID != "" {
		return string(head(filepath.Join(c.home.Dir(c.shared.ID), "resolv.conf"), etcLimit))
	}
	conf := c.resolvConf()
	if c.Options.named() {
		conf = conf.Embedded()
	}
	return conf.String()
}

// resolvConf is what the host has, with --dns and its kin in place of it.
func (c *Container) resolvConf() dns.ResolvConf {
	o := c.Options
	conf, _ := dns.Host(os.DirFS("/"))
	if o.plugged() && !o.named() {
		conf = conf.Reachable(false)
	}
	return conf.Override(o.DNS, o.DNSSearch, o.DNSOptions)
}
