//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/networks"
)

// createFlags are what `network create` was told.
type createFlags struct {
	driver            string
	subnets, gateways []string
	internal          bool
	ipv4, ipv6        bool
	labels            []string
	explain           explainFlags
}

func newNetworkCreate(c *cli) *cobra.Command {
	var f createFlags
	command := &cobra.Command{
		Use:     "create [OPTIONS] NETWORK",
		Short:   "Create a network",
		Example: "  tutor network create lab\n  tutor network create --subnet 10.5.0.0/24 --gateway 10.5.0.1 lab\n  tutor network create --internal closed\n  tutor network create --explain lab       every request to the kernel",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.create(cmd.Context(), c, args[0]) },
	}
	flags := command.Flags()
	flags.StringVarP(&f.driver, "driver", "d", "bridge", "Driver to manage the Network")
	flags.Var((*list)(&f.subnets), "subnet", "Subnet in CIDR format that represents a network segment")
	flags.Var((*list)(&f.gateways), "gateway", "IPv4 or IPv6 Gateway for the subnet")
	flags.BoolVar(&f.internal, "internal", false, "Restrict external access to the network")
	flags.BoolVar(&f.ipv4, "ipv4", true, "Enable IPv4 address assignment")
	flags.BoolVar(&f.ipv6, "ipv6", false, "Enable IPv6 address assignment")
	flags.Var((*list)(&f.labels), "label", "Set metadata on a network")
	f.explain.define(flags)
	refuse(command, refusedByNetworkCreate)
	return command
}

func (f *createFlags) create(ctx context.Context, c *cli, name string) error {
	if f.driver != "bridge" {
		return container.Hint(fmt.Errorf("could not find plugin %s in v1 plugin registry: plugin not found", f.driver), "tutor knows the driver bridge")
	}
	if !f.ipv4 {
		return container.Hint(errors.New("--ipv4=false is not supported: every network has IPv4 addresses"), "--ipv6 gives it others beside them")
	}
	n, err := f.network(name)
	if err != nil {
		return err
	}
	if err := needRoot("network create"); err != nil {
		return err
	}
	return f.explain.traced(c, func(made container.Made) error {
		n, err := c.home().NetworkCreate(ctx, n, made)
		if err == nil {
			fmt.Fprintln(c.Out, n.ID)
		}
		return err
	})
}

// network reads the texts: each subnet and gateway of its version of IP.
func (f *createFlags) network(name string) (n networks.Network, err error) {
	n = networks.Network{Name: name, Internal: f.internal}
	if n.Labels, err = labels(f.labels); err != nil {
		return n, err
	}
	if f.ipv6 {
		n.Subnet6 = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	for _, text := range f.subnets {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return n, container.Hint(fmt.Errorf("invalid subnet %q", text), "--subnet 10.5.0.0/24")
		}
		to := &n.Subnet6
		if p.Addr().Is4() {
			to = &n.Subnet
		}
		if to.IsValid() && to.Bits() > 0 {
			return n, container.Hint(fmt.Errorf("bridge driver doesn't support multiple subnets: %s and %s", *to, p), "one --subnet for each version of IP")
		}
		*to = p
	}
	for _, text := range f.gateways {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return n, container.Hint(fmt.Errorf("invalid gateway %q", text), "--gateway 10.5.0.1")
		}
		to, subnet := &n.Gateway6, n.Subnet6
		if a.Is4() {
			to, subnet = &n.Gateway, n.Subnet
		}
		if to.IsValid() {
			return n, container.Hint(fmt.Errorf("two gateways: %s and %s", *to, a), "one --gateway for each version of IP")
		}
		if !subnet.IsValid() || subnet.Bits() == 0 {
			return n, container.Hint(fmt.Errorf("no matching subnet for gateway %s", a), "say --subnet too")
		}
		*to = a
	}
	return n, nil
}
