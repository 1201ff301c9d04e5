package volumes

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Filters choose volumes, as `--filter KEY=VALUE`: of one key any value may fit, of labels each must.
type Filters map[string][]string

// ParseFilters reads KEY=VALUE. Keys that the command does not know are refused: nobody would answer to them.
func ParseFilters(words []string, keys ...string) (Filters, error) {
	filters := Filters{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found {
			return nil, fmt.Errorf("bad format of filter %q (expected name=value)", word)
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if !slices.Contains(keys, key) {
			return nil, fmt.Errorf("Invalid filter '%s'", key)
		}
		filters[key] = append(filters[key], value)
	}
	for _, key := range []string{"dangling", "all"} {
		for _, value := range filters[key] {
			if _, err := strconv.ParseBool(value); err != nil {
				return nil, fmt.Errorf("Invalid filter '%s=[%s]'", key, value)
			}
		}
	}
	return filters, nil
}

// True tells if the filter was given and says yes.
func (f Filters) True(key string) bool {
	return slices.ContainsFunc(f[key], func(value string) bool { on, _ := strconv.ParseBool(value); return on })
}

// Fits tells if the volume is one of those that are meant. Dangling is one that no container uses.
func (f Filters) Fits(v Volume, dangling bool) bool {
	if len(f["dangling"]) > 0 && f.True("dangling") != dangling {
		return false
	}
	if len(f["driver"]) > 0 && !slices.Contains(f["driver"], "local") {
		return false
	}
	for _, word := range f["label"] {
		if !v.labelled(word) {
			return false
		}
	}
	return !slices.ContainsFunc(f["label!"], v.labelled) && f.named(v.Name)
}

// labelled tells if the volume has the label KEY, or KEY=VALUE.
func (v Volume) labelled(word string) bool {
	key, want, valued := strings.Cut(word, "=")
	value, found := v.Labels[key]
	return found && (!valued || value == want)
}

// named takes any part of a name, and regular expressions, as Docker does.
func (f Filters) named(name string) bool {
	return len(f["name"]) == 0 || slices.ContainsFunc(f["name"], func(want string) bool {
		fits, err := regexp.MatchString(want, name)
		return want == name || (err == nil && fits)
	})
}
