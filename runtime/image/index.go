package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// index reads index.json. A rename put it there whole, so reading needs no lock.
func (s *Store) index() (*v1.IndexManifest, error) {
	data, err := readFile(s.path("index.json"), indexLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return &v1.IndexManifest{}, nil
	}
	if err != nil {
		return nil, err
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path("index.json"), err)
	}
	return &index, nil
}

func (s *Store) writeIndex(index *v1.IndexManifest) error {
	index.SchemaVersion, index.MediaType = 2, types.OCIImageIndex
	if index.Manifests == nil {
		index.Manifests = []v1.Descriptor{}
	}
	data, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return s.replace("index.json", data)
}

// name points a name at a manifest. The image that had the name before keeps its entry, nameless, as in Docker:
// a container may still be using it.
func (s *Store) name(entry v1.Descriptor) error {
	index, err := s.index()
	if err != nil {
		return err
	}
	all := append([]v1.Descriptor{entry}, index.Manifests...)
	for _, old := range all[1:] {
		if old.Annotations[annotationName] == entry.Annotations[annotationName] {
			delete(old.Annotations, annotationName)
		}
	}
	index.Manifests = tidy(all)
	return s.writeIndex(index)
}

// tidy leaves out the nameless entries that nobody needs.
func tidy(entries []v1.Descriptor) (kept []v1.Descriptor) {
	for i, e := range entries {
		if e.Annotations[annotationName] != "" || !mentioned(entries, i) {
			kept = append(kept, e)
		}
	}
	return kept
}

// mentioned tells if another entry, named or earlier, points to the same manifest: then a nameless one is not
// needed.
func mentioned(entries []v1.Descriptor, nameless int) bool {
	for i, e := range entries {
		if e.Digest == entries[nameless].Digest && (i < nameless || e.Annotations[annotationName] != "") {
			return true
		}
	}
	return false
}
