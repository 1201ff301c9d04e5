package container

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/networks"
)

// The ways of --network: "none", "host", "container:NAME", or one network or several, "bridge" being that of all who say
// nothing.

// sharesWith is the container whose network is used too: --network container:NAME.
func (o Options) sharesWith() (name string, shares bool) {
	return strings.CutPrefix(o.Network, "container:")
}

// ownNetwork tells if nobody else uses the container's network namespace from before: then its settings are its own.
func (o Options) ownNetwork() bool {
	_, another := o.sharesWith()
	return !another && !o.shares(specs.NetworkNamespace)
}

// pluggable tells if the container can get cables: not in labs below 6, which know no networks yet.
func (o Options) pluggable() bool {
	return o.ownNetwork() && o.Network != "none" && (o.Lab == 0 || o.Lab >= 6)
}

// plugged tells if it gets some. One that was disconnected from its last network gets none until it is connected again.
func (o Options) plugged() bool { return o.pluggable() && len(o.wishes()) > 0 }

// wishes are the networks to be plugged into, in order.
func (o Options) wishes() []networks.Wish {
	if o.Networks == nil {
		return []networks.Wish{{Network: cmp.Or(o.Network, networks.Default)}}
	}
	return o.Networks
}

// callNetwork gives a network that may have been named by its ID its name, once it is known.
func (o *Options) callNetwork(i int, name string) {
	if o.Networks != nil {
		o.Networks = slices.Clone(o.Networks)
		o.Networks[i].Network = name
	}
	if i == 0 {
		o.Network = name
	}
}

// on tells if the container is to be on this network.
func (o Options) on(n networks.Network) bool {
	return o.plugged() && slices.ContainsFunc(o.wishes(), wishFor(n))
}

func wishFor(n networks.Network) func(networks.Wish) bool {
	return func(w networks.Wish) bool { return w.Network == n.Name || w.Network == n.ID }
}

// refusesIPv6 tells if the container's own settings switch IPv6 off: it gets no address then that it would refuse.
func (o Options) refusesIPv6() bool {
	for _, which := range []string{"all", "default", "eth0"} {
		if o.Sysctls["net.ipv6.conf."+which+".disable_ipv6"] == "1" {
			return true
		}
	}
	return false
}

// named tells if containers find one another by name: on every network but the default one, as in Docker.
func (o Options) named() bool {
	return o.plugged() && slices.ContainsFunc(o.wishes(), func(w networks.Wish) bool { return w.Network != networks.Default })
}

// unplugged is why there is no cable.
func (o Options) unplugged() string {
	if o.pluggable() {
		return "disconnected from its last network"
	}
	if o.Network == "" {
		return "no --network given"
	}
	return "--network " + o.Network
}

// stays says why nobody comes to host or none, or leaves them, in Docker's words.
func stays(n networks.Network) error {
	return Hint(fmt.Errorf("container cannot be disconnected from %[1]s network or connected to %[1]s network", n.Name),
		"that is settled when a container is made: tutor run --network "+n.Name)
}

// checkNetworks says what does not go together, in Docker's words.
func (o Options) checkNetworks() error {
	_, shares := o.sharesWith()
	switch {
	case shares && o.Hostname != "":
		return errors.New("conflicting options: hostname and the network mode")
	case shares && (len(o.Ports) > 0 || o.PublishAll):
		return errors.New("conflicting options: port publishing and the container type network mode")
	case shares && len(o.DNS) > 0:
		return errors.New("conflicting options: dns and the network mode")
	case shares && len(o.ExtraHosts) > 0:
		return errors.New("conflicting options: custom host-to-IP mapping and the network mode")
	}
	for _, w := range o.wishes() {
		if !o.plugged() && (w.Address.IsValid() || w.Aliases != nil || w.MAC != nil) {
			return fmt.Errorf("conflicting options: an address or alias, and --network %s", o.Network)
		}
		if w.Network == networks.Default && (w.Address.IsValid() || w.Address6.IsValid()) {
			return Hint(errors.New("invalid config for network bridge: invalid endpoint settings: user specified IP address is supported on user defined networks only"),
				"tutor network create NAME, then --network NAME --ip …")
		}
		if w.Network == networks.Default && len(w.Aliases) > 0 {
			return Hint(errors.New("invalid config for network bridge: invalid endpoint settings: network-scoped aliases are only supported for user-defined networks"),
				"tutor network create NAME, then --network NAME --network-alias …")
		}
	}
	return nil
}

// networkNames are the networks that it is plugged into, or what it has in their place, for those who list it: "host".
func (o Options) networkNames() (names []string) {
	if !o.pluggable() && o.Network != "" {
		return []string{o.Network}
	}
	if !o.plugged() {
		return nil
	}
	for _, w := range o.wishes() {
		names = append(names, w.Network)
	}
	return names
}
