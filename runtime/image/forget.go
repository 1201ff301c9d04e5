package image

import (
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// forget takes a name away that leads to what nobody can read any more. What it led to goes as far as nobody else needs it.
func (s *Store) forget(name string) (gone Removed, err error) {
	ref, err := Parse(name)
	if err != nil {
		return gone, err
	}
	index, err := s.index()
	if err != nil {
		return gone, err
	}
	before := slices.Clone(index.Manifests)
	index.Manifests = slices.DeleteFunc(index.Manifests, func(e v1.Descriptor) bool { return answers(e, ref) })
	needed, _, err := s.needed(index.Manifests)
	if err != nil {
		return gone, err
	}
	if err := s.writeIndex(index); err != nil {
		return gone, err
	}
	gone.Untagged = []string{ref.Familiar()}
	for _, e := range before {
		if !answers(e, ref) {
			continue
		}
		if data, err := s.readBlob(e.Digest, manifestLimit); err == nil { // the config is spoilt, and must not be taken for a good one
			if manifest, err := parseManifest(data); err == nil {
				gone.Bytes += s.unlink(manifest.Config.Digest.String(), needed)
			}
		}
		gone.Bytes += s.unlink(e.Digest.String(), needed)
	}
	return gone, nil
}
