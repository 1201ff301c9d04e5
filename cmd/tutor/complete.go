//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completeContainers offers containers, each once, and as many as the command takes: those that run to a command that needs
// one that runs, and to start those that do not.
func (c *cli) completeContainers(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	states, err := c.home().List()
	if err != nil || len(args) > 0 && !strings.Contains(cmd.Use, "CONTAINER...]") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	for _, s := range states {
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("%.12s", s.ID)
		}
		if !strings.HasPrefix(name, typed) || slices.Contains(args, name) {
			continue
		}
		if needed, matters := runs[cmd.Name()]; matters && needed != c.home().Runs(s.ID) {
			continue
		}
		found = append(found, name)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// runs are the commands to which it matters whether a container runs.
var runs = map[string]bool{"attach": true, "exec": true, "kill": true, "pause": true, "port": true, "stop": true, "top": true, "unpause": true, "start": false}

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

// completeWithout offers the entries of a start.
func completeWithout(cmd *cobra.Command) {
	cmd.RegisterFlagCompletionFunc("without", func(_ *cobra.Command, _ []string, begun string) (found []string, _ cobra.ShellCompDirective) {
		book, err := openBook()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		sections := book.Sections()
		for _, name := range sections[len(sections)-1].Names {
			if strings.HasPrefix(name, begun) {
				found = append(found, name)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	})
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
