package image

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filters choose images, as `--filter KEY=VALUE`: of one key any value may fit, of all keys each must.
type Filters map[string][]string

// filterKeys is what there is to choose by.
var filterKeys = []string{"before", "dangling", "label", "label!", "reference", "since", "until"}

// ParseFilters reads KEY=VALUE, and refuses what nobody would answer to.
func ParseFilters(words []string) (Filters, error) {
	filters := Filters{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if strings.HasSuffix(key, "!") && key != "label!" || !found {
			return nil, &Error{Msg: fmt.Sprintf("bad format of filter %q (expected name=value)", word), Hint: filterHint}
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if !slices.Contains(filterKeys, key) {
			return nil, &Error{Msg: fmt.Sprintf("Invalid filter '%s'", key), Hint: filterHint}
		}
		filters[key] = append(filters[key], value)
	}
	for _, value := range filters["dangling"] {
		if _, err := strconv.ParseBool(value); err != nil {
			return nil, &Error{Msg: fmt.Sprintf("Invalid filter 'dangling=%s'", value), Hint: "dangling is true or false"}
		}
	}
	return filters, filters.badPattern()
}

// badPattern is the first of the patterns that is none.
func (f Filters) badPattern() error {
	for _, pattern := range f["reference"] {
		if _, err := path.Match(pattern, ""); err != nil {
			return &Error{Msg: fmt.Sprintf("Invalid filter 'reference=%s'", pattern), Err: err, Hint: "* and ? stand for any letters, [a-z] for one: 'python:3*'"}
		}
	}
	return nil
}

const filterHint = "filters: dangling=true, label=KEY[=VALUE], before=IMAGE, since=IMAGE, reference=PATTERN, until=TIME"

// Choose keeps the images that fit, each with the names that fit.
func (f Filters) Choose(s *Store, images []Image, now time.Time) ([]Image, error) {
	before, err := f.moment(s, "before")
	if err != nil {
		return nil, err
	}
	since, err := f.moment(s, "since")
	if err != nil {
		return nil, err
	}
	until, err := f.until(now)
	if err != nil {
		return nil, err
	}
	var chosen []Image
	for _, img := range images {
		fits := f.dangling(img) && f.labels(img) &&
			(before.IsZero() || img.Created.Before(before)) &&
			(since.IsZero() || img.Created.After(since)) &&
			(until.IsZero() || img.Created.Before(until))
		if fits && f.reference(&img) {
			chosen = append(chosen, img)
		}
	}
	return chosen, nil
}

// moment is when the image that the filter names was made; zero without such a filter.
func (f Filters) moment(s *Store, key string) (time.Time, error) {
	if len(f[key]) == 0 {
		return time.Time{}, nil
	}
	img, err := s.Find(f[key][0])
	return img.Created, err
}

// until is the moment of that filter; zero without one.
func (f Filters) until(now time.Time) (time.Time, error) {
	if len(f["until"]) == 0 {
		return time.Time{}, nil
	}
	if t, ok := Moment(f["until"][0], now); ok {
		return t, nil
	}
	return time.Time{}, &Error{Msg: fmt.Sprintf("Invalid filter 'until=%s'", f["until"][0]), Hint: "a duration (24h), a date (2026-01-31) or a time (2026-01-31T12:00:00Z)"}
}

// Dangling tells if no tag leads to the image: what a newer pull or build of the same name leaves behind.
func (img Image) Dangling() bool {
	return !slices.ContainsFunc(img.Names, func(name string) bool {
		ref, err := Parse(name)
		return err == nil && ref.Tag != ""
	})
}

func (f Filters) dangling(img Image) bool {
	values := f["dangling"]
	return len(values) == 0 || slices.ContainsFunc(values, func(value string) bool {
		want, _ := strconv.ParseBool(value)
		return want == img.Dangling()
	})
}

// HasLabel tells if there is a label KEY, or with KEY=VALUE if it has that value.
func HasLabel(labels map[string]string, word string) bool {
	key, want, valued := strings.Cut(word, "=")
	value, found := labels[key]
	return found && (!valued || value == want)
}

// labels takes all of label=KEY[=VALUE], and none of label!=….
func (f Filters) labels(img Image) bool {
	has := func(word string) bool { return HasLabel(img.Config.Config.Labels, word) }
	for _, word := range f["label"] {
		if !has(word) {
			return false
		}
	}
	return !slices.ContainsFunc(f["label!"], has)
}

// reference keeps the names that a pattern fits: with a tag, or without.
func (f Filters) reference(img *Image) bool {
	patterns := f["reference"]
	if len(patterns) == 0 {
		return true
	}
	img.Names = slices.DeleteFunc(slices.Clone(img.Names), func(name string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool { return fitsName(pattern, name) })
	})
	return len(img.Names) > 0
}

func fitsName(pattern, name string) bool {
	ref, err := Parse(name)
	if err != nil {
		return false
	}
	for _, form := range []string{name, ref.FamiliarName(), ref.String(), ref.Repository()} {
		if fits, err := path.Match(pattern, form); err == nil && fits {
			return true
		}
	}
	return false
}
