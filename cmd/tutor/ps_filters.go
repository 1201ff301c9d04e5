//go:build linux

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tutor/runtime/container"
	"tutor/runtime/filters"
	"tutor/runtime/image"
	"tutor/runtime/ports"
)

var psFilterKeys = []string{"ancestor", "before", "exited", "expose", "health", "id", "label", "name", "network", "publish", "since", "status", "volume"}

// chooseContainers keeps those that fit.
func (c *cli) chooseContainers(all []container.Status, f filters.Filters) ([]container.Status, error) {
	for _, key := range []string{"before", "since"} {
		for _, name := range f[key] {
			other, err := c.home().Find(name)
			if err != nil {
				return nil, err
			}
			all = slices.DeleteFunc(all, func(s container.Status) bool {
				return (key == "before") != s.Created.Before(other.Created) || s.ID == other.ID
			})
		}
	}
	ancestors, err := c.ancestors(f["ancestor"])
	if err != nil {
		return nil, err
	}
	wanted := map[string][]string{} // the ports of a range, as 80/tcp
	for _, v := range append(slices.Clone(f["publish"]), f["expose"]...) {
		if wanted[v], err = image.Exposed(v); err != nil {
			return nil, container.Hint(err, "a port inside, or a range of them: publish=80, expose=53/udp, expose=8000-8080/tcp")
		}
	}
	byID := map[string]string{} // a network's name
	for _, v := range f["network"] {
		n, there := c.home().Networks().FindBuiltIn(v)
		if other, err := c.home().Networks().Find(v); err == nil {
			n, there = other, true
		}
		if there {
			byID[v] = n.Name
		}
	}
	return slices.DeleteFunc(all, func(s container.Status) bool {
		return !f.Fit("id", func(v string) bool { return strings.HasPrefix(s.ID, v) }) ||
			!f.Fit("name", func(v string) bool { return matches(v, s.Name) || matches(v, "/"+s.Name) }) ||
			!f.Fit("status", func(v string) bool { return s.Word == v }) ||
			!f.Fit("network", func(v string) bool { return slices.Contains(s.Networks, v) || slices.Contains(s.Networks, byID[v]) }) ||
			!f.Fit("exited", func(v string) bool { return s.Word == "exited" && strconv.Itoa(s.ExitCode) == v }) ||
			!f.Fit("volume", func(v string) bool { return hasVolume(s, v) }) ||
			!f.Fit("publish", func(v string) bool { return publishes(s, wanted[v]) }) ||
			!f.Fit("expose", func(v string) bool { return exposes(s, wanted[v]) }) ||
			!f.Fit("health", func(v string) bool { return v == "none" }) || // no health check is ever run
			!f.Fit("ancestor", func(string) bool { return slices.Contains(ancestors, s.ImageID) }) ||
			!f.Labels(s.Labels)
	}), nil
}

// matches is Docker's way to look for a name: a regular expression; one that is none finds nothing.
func matches(pattern, name string) bool {
	found, err := regexp.MatchString(pattern, name)
	return found && err == nil
}

// hasVolume tells if the container has a volume of that name, or one at that place.
func hasVolume(s container.Status, nameOrPlace string) bool {
	return slices.ContainsFunc(s.Volumes, func(v container.VolumeUse) bool { return v.Name == nameOrPlace || v.Destination == nameOrPlace })
}

// publishes tells if one of the container's own ports can be reached from the host now.
func publishes(s container.Status, wanted []string) bool {
	return slices.ContainsFunc(s.Ports, func(p ports.Port) bool {
		return slices.Contains(wanted, fmt.Sprintf("%d/%s", p.Container, p.Protocol))
	})
}

// exposes tells if one of the ports is among those that the container's config names.
func exposes(s container.Status, wanted []string) bool {
	return slices.ContainsFunc(wanted, func(port string) bool { _, has := s.Config.ExposedPorts[port]; return has })
}

// ancestors are the IDs of the images that the names mean.
func (c *cli) ancestors(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	store, err := c.Store()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, name := range names {
		var img image.Image
		if img, err = store.Find(name); err == nil {
			ids = append(ids, img.ID)
		}
	}
	return ids, nil
}
