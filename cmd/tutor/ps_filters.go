//go:build linux

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// psFilters choose containers: of one key any value may fit, of all keys each must.
type psFilters map[string][]string

var psFilterKeys = []string{"ancestor", "before", "exited", "id", "label", "name", "network", "since", "status", "volume"}

func parsePsFilters(words []string) (psFilters, error) {
	f := psFilters{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		hint := "filters: " + strings.Join(psFilterKeys, ", ")
		if !found {
			return nil, container.Hint(fmt.Errorf("bad format of filter %q (expected name=value)", word), hint)
		}
		if !slices.Contains(psFilterKeys, key) {
			return nil, container.Hint(fmt.Errorf("Invalid filter '%s'", key), hint)
		}
		if _, err := strconv.Atoi(value); key == "exited" && err != nil {
			return nil, fmt.Errorf("invalid filter 'exited=%s'", value)
		}
		if key == "status" && !slices.Contains([]string{"created", "running", "paused", "exited", "dead", "restarting", "removing"}, value) {
			return nil, fmt.Errorf("invalid filter 'status=%s'", value)
		}
		f[key] = append(f[key], value)
	}
	return f, nil
}

func (f psFilters) choose(c *cli, all []container.Status) ([]container.Status, error) {
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
	return slices.DeleteFunc(all, func(s container.Status) bool {
		return !f.fits("id", func(v string) bool { return strings.HasPrefix(s.ID, v) }) ||
			!f.fits("name", func(v string) bool { return matches(v, s.Name) || matches(v, "/"+s.Name) }) ||
			!f.fits("status", func(v string) bool { return s.Word == v }) ||
			!f.fits("network", func(v string) bool { return slices.Contains(strings.Split(networkWords(s), ","), v) }) ||
			!f.fits("exited", func(v string) bool { return s.Word == "exited" && strconv.Itoa(s.ExitCode) == v }) ||
			!f.fits("volume", func(v string) bool { return hasVolume(s, v) }) ||
			!f.fits("ancestor", func(string) bool { return slices.Contains(ancestors, s.ImageID) }) ||
			!f.labels(s)
	}), nil
}

func (f psFilters) fits(key string, fits func(value string) bool) bool {
	return len(f[key]) == 0 || slices.ContainsFunc(f[key], fits)
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

func (f psFilters) labels(s container.Status) bool {
	return !slices.ContainsFunc(f["label"], func(word string) bool { return !image.HasLabel(s.Labels, word) })
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
