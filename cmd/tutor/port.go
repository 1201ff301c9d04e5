//go:build linux

package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/ports"
)

func newPort(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:               "port CONTAINER [PRIVATE_PORT[/PROTO]]",
		Short:             "List port mappings or a specific mapping for the container",
		Example:           "  tutor port web\n  tutor port web 80",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			status := c.home().Status(s)
			if len(args) == 1 {
				for _, p := range status.Ports {
					for _, at := range outside(p) {
						fmt.Fprintf(c.Out, "%d/%s -> %s\n", p.Container, p.Protocol, at)
					}
				}
				return nil
			}
			return c.onePort(status, args[1])
		},
	}
}

func (c *cli) onePort(s container.Status, text string) error {
	number, protocol, _ := strings.Cut(text, "/")
	wanted, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return fmt.Errorf("Error: No public port '%s' published for %s", text, s.Name)
	}
	found := false
	for _, p := range s.Ports {
		if uint64(p.Container) != wanted || protocol != "" && p.Protocol != protocol || protocol == "" && p.Protocol != "tcp" {
			continue
		}
		for _, at := range outside(p) {
			found = true
			fmt.Fprintln(c.Out, at)
		}
	}
	if found {
		return nil
	}
	if protocol == "" {
		text += "/tcp"
	}
	return container.Hint(fmt.Errorf("no public port '%s' published for %s", text, s.Name), "tutor port "+s.Name+" shows all of them")
}

// outside is where a port can be reached on the host: without an address of its own, by IPv4 and IPv6.
func outside(p ports.Port) []netip.AddrPort {
	if p.IP.IsValid() {
		return []netip.AddrPort{netip.AddrPortFrom(p.IP, p.Host)}
	}
	at := []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), p.Host)}
	if p.Protocol == "tcp" {
		at = append(at, netip.AddrPortFrom(netip.IPv6Unspecified(), p.Host))
	}
	return at
}

// portWords are a container's ports as ps shows them.
func portWords(s container.Status) string {
	var words []string
	for _, p := range s.Ports {
		for _, at := range outside(p) {
			words = append(words, fmt.Sprintf("%s->%d/%s", at, p.Container, p.Protocol))
		}
	}
	for _, text := range slices.Sorted(maps.Keys(s.Config.ExposedPorts)) {
		published := false
		for _, p := range s.Ports {
			published = published || text == fmt.Sprintf("%d/%s", p.Container, p.Protocol)
		}
		if !published && s.PID > 0 {
			words = append(words, text)
		}
	}
	return strings.Join(words, ", ")
}
