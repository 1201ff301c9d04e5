//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completeContainers offers the names of containers, and the short IDs of those without, as the first argument.
func (c *cli) completeContainers(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	states, err := c.home().List()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	for _, s := range states {
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("%.12s", s.ID)
		}
		if strings.HasPrefix(name, typed) {
			found = append(found, name)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeImages offers the names of the images that are here, and IDs to who begins with one.
func (c *cli) completeImages(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	store, err := c.Store()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	images, err := store.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, img := range images {
		for _, name := range img.Names {
			if short, latest := strings.CutSuffix(name, ":latest"); latest {
				names = append(names, short)
			}
			names = append(names, name)
		}
		if begun != "" {
			names = append(names, shortID(img.ID))
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, begun) })
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completeRun offers images; what follows is the command's own.
func (c *cli) completeRun(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return c.completeImages(cmd, args, begun)
}

// completeNetworkFlag offers after --network the networks that were made, and the three that are always there.
func (c *cli) completeNetworkFlag(cmd *cobra.Command) {
	for _, flag := range []string{"network", "net"} {
		cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			found, directive := c.completeNetworks(cmd, nil, begun)
			for _, name := range []string{"bridge", "host", "none"} {
				if strings.HasPrefix(name, begun) && !slices.Contains(found, name) {
					found = append(found, name)
				}
			}
			return found, directive
		})
	}
}
