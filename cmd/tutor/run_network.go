//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"
	"github.com/spf13/pflag"

	"tutor/runtime/container"
	"tutor/runtime/networks"
	"tutor/runtime/ports"
)

// networkFlags are the flags of run and create that say whom the container can talk to, and who can reach it.
type networkFlags struct {
	networks []string
	aliases  []string
	ip, ip6  string
	mac      string
	dns      []string
	publish  []string
}

func (f *networkFlags) define(flags *pflag.FlagSet, o *container.Options) {
	flags.Var((*list)(&f.networks), "network", "Connect a container to a network: bridge (the default), none, host, container:NAME, or a name")
	flags.Var((*list)(&f.networks), "net", "The same as --network")
	flags.Var((*list)(&f.aliases), "network-alias", "Add network-scoped alias for the container")
	flags.Var((*list)(&f.aliases), "net-alias", "The same as --network-alias")
	flags.StringVar(&f.ip, "ip", "", "IPv4 address (172.30.100.104)")
	flags.StringVar(&f.ip6, "ip6", "", "IPv6 address (2001:db8::33)")
	flags.StringVar(&f.mac, "mac-address", "", "Container MAC address (92:d0:c6:0a:29:33)")
	flags.Var((*list)(&o.ExtraHosts), "add-host", "Add a custom host-to-IP mapping (host:ip)")
	flags.Var((*list)(&f.dns), "dns", "Set custom DNS servers")
	flags.Var((*list)(&o.DNSSearch), "dns-search", "Set custom DNS search domains")
	flags.Var((*list)(&o.DNSOptions), "dns-option", "Set DNS options")
	flags.Var((*list)(&o.DNSOptions), "dns-opt", "The same as --dns-option")
	flags.VarP((*list)(&f.publish), "publish", "p", "Publish a container's port(s) to the host ([IP:][HOST:]CONTAINER[/PROTOCOL])")
	flags.BoolVarP(&o.PublishAll, "publish-all", "P", false, "Publish all exposed ports to random ports")
	for _, alias := range []string{"net", "net-alias", "dns-opt"} {
		flags.MarkHidden(alias)
	}
}

// into reads the texts. Of several networks the flags for one mean the first, as in Docker.
func (f *networkFlags) into(o *container.Options) (err error) {
	if o.Ports, err = published(f.publish); err != nil {
		return err
	}
	for _, text := range f.dns {
		address, err := netip.ParseAddr(text)
		if err != nil || !oneWord(address.Zone()) {
			return container.Hint(fmt.Errorf("invalid argument %q for \"--dns\" flag: ip address is not correctly formatted: %q", text, text), "--dns 9.9.9.9")
		}
		o.DNS = append(o.DNS, address)
	}
	if err := readNames(o); err != nil {
		return err
	}
	o.Network = networks.Default
	var wishes []networks.Wish
	for _, text := range f.networks {
		w, err := wish(text)
		if err != nil {
			return err
		}
		if w.Network == "default" {
			w.Network = networks.Default
		}
		wishes = append(wishes, w)
	}
	if len(wishes) == 0 {
		wishes = []networks.Wish{{Network: networks.Default}}
	}
	o.Network = wishes[0].Network
	if err := f.first(&wishes[0]); err != nil {
		return err
	}
	if len(wishes) > 1 && slices.ContainsFunc(wishes, alone) {
		return container.Hint(errors.New("conflicting options: cannot attach both user-defined and non-user-defined network-modes"),
			"host, none and container:NAME each stand alone; several --network are networks that tutor network create has made, and bridge")
	}
	o.Networks = wishes
	return nil
}

// alone tells if a container cannot be on any other network beside this one.
func alone(w networks.Wish) bool {
	return w.Network == "host" || w.Network == "none" || strings.HasPrefix(w.Network, "container:")
}

// first are the flags that do not say which network they mean.
func (f *networkFlags) first(w *networks.Wish) (err error) {
	w.Aliases = append(w.Aliases, f.aliases...)
	if f.ip != "" {
		if w.Address, err = address("--ip", f.ip, false); err != nil {
			return err
		}
	}
	if f.ip6 != "" {
		if w.Address6, err = address("--ip6", f.ip6, true); err != nil {
			return err
		}
	}
	if f.mac != "" {
		w.MAC, err = macAddress(f.mac)
	}
	return err
}

func address(flag, text string, six bool) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() == six {
		return a, container.Hint(fmt.Errorf("invalid argument %q for %q flag: ip address is not correctly formatted: %q", text, flag, text), flag+" wants an address of the network: tutor network inspect shows which it has")
	}
	return a, nil
}

func macAddress(text string) ([]byte, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 || mac[0]&1 != 0 {
		return nil, container.Hint(fmt.Errorf("%s is not a valid mac address", text), "six bytes, the first even: --mac-address 92:d0:c6:0a:29:33")
	}
	return mac, nil
}

// wish is a network as --network says it: a name, or name=…,alias=…,ip=….
func wish(text string) (w networks.Wish, err error) {
	if !strings.Contains(text, "=") {
		return networks.Wish{Network: text}, nil
	}
	for _, field := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "name":
			w.Network = value
		case "alias":
			w.Aliases = append(w.Aliases, value)
		case "ip":
			w.Address, err = address("--network ip=", value, false)
		case "ip6":
			w.Address6, err = address("--network ip6=", value, true)
		case "mac-address":
			w.MAC, err = macAddress(value)
		default:
			err = container.Hint(fmt.Errorf("invalid field key %s", key), "--network name=NETWORK,alias=NAME,ip=ADDRESS,mac-address=…")
		}
		if err != nil {
			return w, err
		}
	}
	if w.Network == "" {
		return w, container.Hint(fmt.Errorf("network name/id is not specified"), "--network name=NETWORK,…")
	}
	return w, nil
}

// published reads -p in all the forms that Docker has, by Docker's own parser.
func published(texts []string) (list []ports.Port, err error) {
	for _, text := range texts {
		mappings, err := nat.ParsePortSpec(text)
		if err != nil {
			return nil, container.Hint(err, "-p 8080:80, -p 127.0.0.1:8080:80, -p 8000-8010:80/udp")
		}
		for _, m := range mappings {
			p, err := port(m)
			if err != nil {
				return nil, container.Hint(err, "-p 8080:80, -p 127.0.0.1:8080:80, -p 8000-8010:80/udp")
			}
			list = append(list, p)
		}
	}
	return list, nil
}

func port(m nat.PortMapping) (p ports.Port, err error) {
	p = ports.Port{Protocol: m.Port.Proto(), Container: uint16(m.Port.Int())}
	if m.Binding.HostIP != "" {
		if p.IP, err = netip.ParseAddr(m.Binding.HostIP); err != nil {
			return p, fmt.Errorf("invalid IP address: %s", m.Binding.HostIP)
		}
		p.IP = p.IP.Unmap()
		if p.IP.Zone() != "" {
			return p, fmt.Errorf("invalid IP address: %s", m.Binding.HostIP)
		}
	}
	from, to, ranged := strings.Cut(m.Binding.HostPort, "-")
	if from == "" {
		return p, nil
	}
	number, err := strconv.ParseUint(from, 10, 16)
	p.Host = uint16(number)
	if err == nil && ranged {
		number, err = strconv.ParseUint(to, 10, 16)
		p.To = uint16(number)
	}
	if err != nil || p.Host == 0 && ranged {
		return p, fmt.Errorf("invalid hostPort: %s", m.Binding.HostPort)
	}
	return p, nil
}
