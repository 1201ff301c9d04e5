// Package filters reads --filter KEY=VALUE, by which containers, images, volumes and networks are chosen alike.
package filters

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filters are the values that were given, by key: of one key any value may fit, of several keys each must.
type Filters map[string][]string

// kinds are the keys whose values are not just any words.
var kinds = map[string]struct {
	is   func(value string) bool
	hint string
}{
	"all":       {isBool, "all is true or false"},
	"dangling":  {isBool, "dangling is true or false"},
	"exited":    {isNumber, "exited is an exit status: 0"},
	"health":    {isHealth, "health is one of " + strings.Join(healths, ", ")},
	"reference": {isPattern, "* and ? stand for any letters, [a-z] for one: 'python:3*'"},
	"status":    {isStatus, "status is one of " + strings.Join(statuses, ", ")},
	"type":      {isType, "type is builtin or custom"},
	"until":     {isMoment, "a duration (24h), a date (2026-01-31) or a time (2026-01-31T12:00:00Z)"},
}

var healths = []string{"starting", "healthy", "unhealthy", "none"}

var statuses = []string{"created", "running", "paused", "exited", "dead", "restarting", "removing"}

func isBool(value string) bool    { _, err := strconv.ParseBool(value); return err == nil }
func isNumber(value string) bool  { _, err := strconv.Atoi(value); return err == nil }
func isHealth(value string) bool  { return slices.Contains(healths, value) }
func isPattern(value string) bool { _, err := path.Match(value, ""); return err == nil }
func isStatus(value string) bool  { return slices.Contains(statuses, value) }
func isType(value string) bool    { return value == "builtin" || value == "custom" }
func isMoment(value string) bool  { _, is := Moment(value, time.Now()); return is }

// wrong is a filter that nobody would answer to, and what there is.
type wrong struct{ message, hint string }

func (w wrong) Error() string { return w.message }

// Hint is the help for whoever meets the error.
func (w wrong) Hint() string { return w.hint }

// Parse reads KEY=VALUE. Keys other than the given ones are refused, and values that their key cannot have. Of the keys, "label!"
// stands for label!=VALUE.
func Parse(words []string, keys ...string) (Filters, error) {
	f := Filters{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !found {
			return nil, wrong{fmt.Sprintf("bad format of filter %q (expected name=value)", word), hint(keys)}
		}
		if !slices.Contains(keys, key) {
			return nil, wrong{fmt.Sprintf("invalid filter '%s'", key), hint(keys)}
		}
		if kind, special := kinds[key]; special && !kind.is(value) {
			return nil, wrong{fmt.Sprintf("invalid filter '%s=[%s]'", key, value), kind.hint}
		}
		f[key] = append(f[key], value)
	}
	return f, nil
}

func hint(keys []string) string { return "filters: " + strings.Join(keys, "=, ") + "=" }

// Fit tells if one of the key's values fits; without any, everything does.
func (f Filters) Fit(key string, fits func(value string) bool) bool {
	return len(f[key]) == 0 || slices.ContainsFunc(f[key], fits)
}

// Is tells if what is asked of a key that is true or false is so.
func (f Filters) Is(key string, is bool) bool {
	return f.Fit(key, func(value string) bool { want, _ := strconv.ParseBool(value); return want == is })
}

// Labels tells if every label that is asked for is there, as KEY or KEY=VALUE, and none that must not be.
func (f Filters) Labels(labels map[string]string) bool {
	has := func(word string) bool {
		key, want, valued := strings.Cut(word, "=")
		value, found := labels[key]
		return found && (!valued || value == want)
	}
	return !slices.ContainsFunc(f["label"], func(word string) bool { return !has(word) }) && !slices.ContainsFunc(f["label!"], has)
}

// Until tells if something that was made then is old enough.
func (f Filters) Until(made, now time.Time) bool {
	return !slices.ContainsFunc(f["until"], func(value string) bool {
		until, _ := Moment(value, now)
		return !made.Before(until)
	})
}
