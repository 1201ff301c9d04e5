package layers

import "context"

// A Kind is how a name differs from the layers below, in Docker's letters.
type Kind byte

const (
	Added   Kind = 'A'
	Changed Kind = 'C' // also a directory in which something changed
	Deleted Kind = 'D' // with everything in it
)

// A Change is one line of `tutor diff`.
type Change struct {
	Kind Kind
	Path string // absolute
}

// Changes lists what the container has changed. A parent comes before what is in it, as in Docker; names in one
// directory come in the order of their bytes, where Docker's order is another each time.
func (d Delta) Changes(ctx context.Context, each func(Change) error) error {
	return d.walk(ctx, func(s *step) bool { return s.kind != 0 }, func(s *step) error {
		return each(Change{s.kind, "/" + s.path})
	})
}
