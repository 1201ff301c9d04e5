//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/networks"
	"tutor/runtime/program"
)

func newNetwork(c *cli) *cobra.Command {
	command := &cobra.Command{Use: "network COMMAND", Short: "Manage networks",
		Long: "A network is a bridge with addresses. Containers on one network reach each other, by name on every network but the\n" +
			"default one; two networks do not see each other.",
		Example: "  tutor network create lab\n  tutor run -d --network lab --name web tutor/lab httpd\n  tutor run --rm --network lab tutor/lab wget -q -O - http://web\n  tutor network rm lab"}
	command.AddCommand(
		newNetworkConnect(c),
		newNetworkCreate(c),
		newNetworkDisconnect(c),
		newNetworkInspect(c),
		newNetworkLs(c),
		newNetworkPrune(c),
		newNetworkRm(c),
	)
	return command
}

// traced opens the sink of --explain, gives it to do, and closes it.
func (f *explainFlags) traced(c *cli, do func(made container.Made) error) error {
	t, err := f.trace(subject{program: func() program.Program { return nil }}, c.Err)
	if err != nil {
		return err
	}
	defer t.close()
	if f.form == "" {
		return do(nil)
	}
	return do(t.made)
}

// createFlags are what `network create` was told.
type createFlags struct {
	driver            string
	subnets, gateways []string
	internal, ipv6    bool
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
	flags.StringArrayVar(&f.subnets, "subnet", nil, "Subnet in CIDR format that represents a network segment")
	flags.StringArrayVar(&f.gateways, "gateway", nil, "IPv4 or IPv6 Gateway for the subnet")
	flags.BoolVar(&f.internal, "internal", false, "Restrict external access to the network")
	flags.BoolVar(&f.ipv6, "ipv6", false, "Enable IPv6 address assignment")
	flags.StringArrayVar(&f.labels, "label", nil, "Set metadata on a network")
	f.explain.define(flags)
	return command
}

func (f *createFlags) create(ctx context.Context, c *cli, name string) error {
	if f.driver != "bridge" {
		return container.Hint(fmt.Errorf("could not find plugin %s in v1 plugin registry: plugin not found", f.driver), "tutor knows the driver bridge")
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
		if p.Addr().Is4() {
			n.Subnet = p
			continue
		}
		n.Subnet6 = p
	}
	for _, text := range f.gateways {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return n, container.Hint(fmt.Errorf("invalid gateway %q", text), "--gateway 10.5.0.1")
		}
		if a.Is4() {
			n.Gateway = a
			continue
		}
		n.Gateway6 = a
	}
	if n.Gateway.IsValid() && !n.Subnet.IsValid() {
		return n, container.Hint(fmt.Errorf("no matching subnet for gateway %s", n.Gateway), "say --subnet too")
	}
	return n, nil
}

func newNetworkRm(c *cli) *cobra.Command {
	var f explainFlags
	var force bool
	command := &cobra.Command{
		Use:               "rm NETWORK [NETWORK...]",
		Aliases:           []string{"remove"},
		Short:             "Remove one or more networks",
		Example:           "  tutor network rm lab",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeNetworks,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.traced(c, func(made container.Made) error {
				var failed []error
				for _, name := range args {
					err := c.home().NetworkRemove(cmd.Context(), name, made)
					if force && errors.Is(err, networks.ErrNotFound) {
						err = nil
					}
					if err != nil {
						failed = append(failed, err)
						continue
					}
					fmt.Fprintln(c.Out, name)
				}
				return errors.Join(failed...)
			})
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "Do not error if the network does not exist")
	f.define(command.Flags())
	return command
}

func newNetworkConnect(c *cli) *cobra.Command {
	var f networkFlags
	var e explainFlags
	command := &cobra.Command{
		Use:               "connect [OPTIONS] NETWORK CONTAINER",
		Short:             "Connect a container to a network",
		Example:           "  tutor network connect lab web\n  tutor network connect --ip 10.5.0.9 --alias www lab web",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: c.completeNetworks,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := networks.Wish{Network: args[0]}
			if err := f.first(&w); err != nil {
				return err
			}
			s, err := c.home().Find(args[1])
			if err != nil {
				return err
			}
			return e.traced(c, func(made container.Made) error { return c.home().Plug(cmd.Context(), s, w, made) })
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.ip, "ip", "", "IPv4 address (e.g., \"172.30.100.104\")")
	flags.StringVar(&f.ip6, "ip6", "", "IPv6 address (e.g., \"2001:db8::33\")")
	flags.StringArrayVar(&f.aliases, "alias", nil, "Add network-scoped alias for the container")
	e.define(flags)
	return command
}

func newNetworkDisconnect(c *cli) *cobra.Command {
	var e explainFlags
	var force bool
	command := &cobra.Command{
		Use:               "disconnect [OPTIONS] NETWORK CONTAINER",
		Short:             "Disconnect a container from a network",
		Example:           "  tutor network disconnect lab web",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: c.completeNetworks,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.home().Find(args[1])
			if err != nil {
				return err
			}
			return e.traced(c, func(made container.Made) error { return c.home().Unplug(cmd.Context(), s, args[0], made) })
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "Force the container to disconnect from a network (it always does)")
	e.define(command.Flags())
	return command
}

func newNetworkPrune(c *cli) *cobra.Command {
	var force bool
	var words []string
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove all unused networks",
		Example: "  tutor network prune -f\n  tutor network prune --filter label=course=1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fits, err := networkFilter(words, "label")
			if err != nil {
				return err
			}
			if !force && !c.confirm("This will remove all custom networks not used by at least one container.") {
				return nil
			}
			gone, err := c.home().NetworkPrune(cmd.Context(), fits)
			if len(gone) > 0 {
				fmt.Fprintf(c.Out, "Deleted Networks:\n%s\n\n", strings.Join(gone, "\n"))
			}
			return err
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	command.Flags().StringArrayVar(&words, "filter", nil, `Provide filter values (e.g. "label=<label>")`)
	return command
}

// completeNetworks offers networks first, then containers where one follows.
func (c *cli) completeNetworks(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 && cmd.Name() != "rm" {
		return c.completeContainers(cmd, nil, begun)
	}
	all, _ := c.home().Networks().List()
	var found []string
	for _, n := range all {
		if strings.HasPrefix(n.Name, begun) && !slices.Contains(args, n.Name) {
			found = append(found, n.Name)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
