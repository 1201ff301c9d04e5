//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// A pruneFilter says which of what nobody uses may go: by label, and by age. Of several all must agree.
type pruneFilter struct {
	labels, not []string // KEY, or KEY=VALUE
	until       time.Time
}

func parsePruneFilter(words []string) (f pruneFilter, err error) {
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found {
			return f, container.Hint(fmt.Errorf("bad format of filter %q (expected name=value)", word), pruneFilterHint)
		}
		switch key {
		case "label":
			f.labels = append(f.labels, value)
		case "label!":
			f.not = append(f.not, value)
		case "until":
			if f.until, found = image.Moment(value, time.Now()); !found {
				return f, container.Hint(fmt.Errorf("Invalid filter 'until=%s'", value), "a duration (24h), a date (2026-01-31) or a time (2026-01-31T12:00:00Z)")
			}
		default:
			return f, container.Hint(fmt.Errorf("invalid filter '%s'", key), pruneFilterHint)
		}
	}
	return f, nil
}

const pruneFilterHint = "filters: label=KEY[=VALUE], label!=KEY[=VALUE], until=TIME"

// fits tells if something with these labels, made then, may go.
func (f pruneFilter) fits(labels map[string]string, made time.Time) bool {
	has := func(word string) bool { return image.HasLabel(labels, word) }
	return !slices.ContainsFunc(f.labels, func(word string) bool { return !has(word) }) && !slices.ContainsFunc(f.not, has) &&
		(f.until.IsZero() || made.Before(f.until))
}

var errUntilVolumes = container.Hint(errors.New(`The "until" filter is not supported with "--volumes"`), "tutor volume prune, and tutor system prune without --volumes")
