//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/filters"
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

func newNetworkPrune(c *cli) *cobra.Command {
	var force bool
	var words []string
	command := &cobra.Command{
		Use:     "prune [OPTIONS]",
		Short:   "Remove all unused networks",
		Example: "  tutor network prune -f\n  tutor network prune --filter label=course=1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := filters.Parse(words, pruneKeys...)
			if err != nil {
				return err
			}
			if !force && !c.confirm("This will remove all custom networks not used by at least one container.") {
				return nil
			}
			return c.pruneNetworks(cmd.Context(), chosen)
		},
	}
	command.Flags().BoolVarP(&force, "force", "f", false, "Do not prompt for confirmation")
	command.Flags().Var((*list)(&words), "filter", `Provide filter values (e.g. "label=<label>")`)
	return command
}

// pruneNetworks removes those that fit and that nobody is on, and says which.
func (c *cli) pruneNetworks(ctx context.Context, f filters.Filters) error {
	now := time.Now()
	gone, err := c.home().NetworkPrune(ctx, func(n networks.Network) bool { return f.Labels(n.Labels) && f.Until(n.Created, now) })
	if len(gone) > 0 {
		fmt.Fprintf(c.Out, "Deleted Networks:\n%s\n\n", strings.Join(gone, "\n"))
	}
	return err
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
