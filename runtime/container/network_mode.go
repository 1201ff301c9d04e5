package container

import (
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

// plugged tells if the container gets cables: not in labs below 6, which know no networks yet.
func (o Options) plugged() bool {
	return o.ownNetwork() && o.Network != "none" && (o.Lab == 0 || o.Lab >= 6)
}

// wishes are the networks to be plugged into, in order.
func (o Options) wishes() []networks.Wish {
	if len(o.Networks) == 0 {
		return []networks.Wish{{Network: first(o.Network, networks.Default)}}
	}
	return o.Networks
}

// on tells if the container is to be on this network.
func (o Options) on(n networks.Network) bool {
	return o.plugged() && slices.ContainsFunc(o.wishes(), wishFor(n))
}

func wishFor(n networks.Network) func(networks.Wish) bool {
	return func(w networks.Wish) bool { return w.Network == n.Name || w.Network == n.ID }
}

// named tells if containers find one another by name: on every network but the default one, as in Docker.
func (o Options) named() bool {
	return o.plugged() && slices.ContainsFunc(o.wishes(), func(w networks.Wish) bool { return w.Network != networks.Default })
}

// unplugged is why there is no cable.
func (o Options) unplugged() string {
	if o.Network == "" {
		return "no --network given"
	}
	return "--network " + o.Network
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

// networkNames are the networks that it is plugged into, for those who list it.
func (o Options) networkNames() (names []string) {
	if !o.plugged() {
		return nil
	}
	for _, w := range o.wishes() {
		names = append(names, w.Network)
	}
	return names
}
