package topics

import (
	"slices"
	"strings"
)

// Find is the page that a person means: its name or another word for it, whatever the case, with or without
// hyphens and underscores, as a flag (--memory), as a man page (pivot_root(2)), as a plural.
func (b Book) Find(typed string) (Page, bool) {
	want := plain(typed)
	for _, form := range forms(want) {
		for _, p := range b.pages {
			if slices.ContainsFunc(p.names(), func(name string) bool { return plain(name) == form }) {
				return p, true
			}
		}
	}
	return Page{}, false
}

// names are all words for the page.
func (p Page) names() []string {
	names := []string{p.Name}
	if p.Entry != nil {
		names = append(names, p.Entry.Name)
	}
	if p.Call != nil {
		names = append(names, p.Call.Name)
	}
	return append(names, p.Also...)
}

// plain takes away what people write differently: "--Pivot-Root" and "pivot_root(2)" are both "pivotroot". One
// hyphen stays in front of one letter: -t is a flag, t is nothing.
func plain(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) == 2 && name[0] == '-' {
		return name
	}
	if open := strings.IndexByte(name, '('); open > 0 {
		name = name[:open]
	}
	name, _, _ = strings.Cut(name, "=")
	return strings.NewReplacer("-", "", "_", "", " ", "", "/", "", "'", "").Replace(name)
}

// forms are the word itself, and what it may be the plural or the singular of.
func forms(word string) []string {
	all := []string{word}
	for _, end := range []struct{ plural, singular string }{{"ies", "y"}, {"es", ""}, {"s", ""}} {
		if stem, cut := strings.CutSuffix(word, end.plural); cut && len(stem) > 1 {
			all = append(all, stem+end.singular)
		}
	}
	return append(all, word+"s")
}

// Nearest are the names, at most three, that the typed word may have been meant to be; the best first. At least
// one is always near enough.
func (b Book) Nearest(typed string) []string {
	type candidate struct {
		name string
		far  int
	}
	want := plain(typed)
	var all []candidate
	for _, p := range b.pages {
		best := len(want) + 100
		for _, name := range p.names() {
			best = min(best, distance(want, plain(name)))
		}
		all = append(all, candidate{p.Name, best})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.far - b.far })
	names := []string{all[0].name}
	for _, c := range all[1:3] {
		if c.far <= all[0].far+1 && c.far <= len(want)/3 {
			names = append(names, c.name)
		}
	}
	return names
}

// distance is how many letters must be changed, put in or taken out to make a of b; to have b begin like a counts
// as one.
func distance(a, b string) int {
	if len(a) > 2 && strings.HasPrefix(b, a) {
		return 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, corner := i+1, row[0]
		row[0] = left
		for j := range len(b) {
			step := corner
			if a[i] != b[j] {
				step++
			}
			corner = row[j+1]
			left = min(step, left+1, row[j+1]+1)
			row[j+1] = left
		}
	}
	return row[len(b)]
}
