package image

import (
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Tag gives an image one more name. Nothing is copied: a name is a line in index.json. An image that had the name
// before loses it.
func (s *Store) Tag(source string, ref Reference) error {
	if ref.Digest != "" {
		return &Error{Msg: "refusing to create a tag with a digest reference", Hint: "a digest names bytes, and they have theirs already: give a TAG"}
	}
	return s.locked(func() error {
		img, err := s.Find(source)
		if err != nil {
			return err
		}
		index, err := s.index()
		if err != nil {
			return err
		}
		for _, entry := range index.Manifests {
			if entry.Digest.String() != img.Manifest {
				continue
			}
			return s.name(named(entry, ref))
		}
		return notFound(source, Reference{}, ErrNotFound)
	})
}

// named is a copy of the entry under another name. The registry's digest goes along inside its own repository
// only: elsewhere nobody has answered with it.
func named(entry v1.Descriptor, ref Reference) v1.Descriptor {
	entry.Annotations = maps.Clone(entry.Annotations)
	if entry.Annotations == nil {
		entry.Annotations = map[string]string{}
	}
	entry.Annotations[annotationName] = ref.String()
	if known, err := Parse(entry.Annotations[annotationDigest]); err != nil || known.Repository() != ref.Repository() {
		delete(entry.Annotations, annotationDigest)
	}
	return entry
}

// pushed notes the digest under which a registry has taken the image that ref names.
func (s *Store) pushed(ref Reference, digest v1.Hash) error {
	return s.locked(func() error {
		index, err := s.index()
		if err != nil {
			return err
		}
		for _, entry := range index.Manifests {
			if entry.Annotations[annotationName] == ref.String() {
				entry.Annotations[annotationDigest] = ref.Repository() + "@" + digest.String()
			}
		}
		return s.writeIndex(index)
	})
}
