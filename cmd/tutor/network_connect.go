//go:build linux

package main

import (
	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/networks"
)

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
	flags.Var((*list)(&f.aliases), "alias", "Add network-scoped alias for the container")
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
