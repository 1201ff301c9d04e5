package image

import (
	"encoding/json"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An Entry is one name of the store, with all that may be asked for under it.
type Entry struct {
	Ref      Reference
	Manifest string   // "sha256:…", the manifest in the store
	Digest   string   // what a registry answered under the name, often an index that is not here; empty: made here
	Blobs    []string // manifest, config, layers: digests
	Platform string   // "linux/amd64"
}

// Entries lists every name of the store. An image without a name, or with a piece missing, is left out.
func (s *Store) Entries() ([]Entry, error) {
	index, err := s.index()
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, d := range index.Manifests {
		ref, err := Parse(d.Annotations[annotationName])
		if err != nil {
			continue
		}
		img, err := s.describe(d)
		if err != nil {
			continue
		}
		e := Entry{Ref: ref, Manifest: img.Manifest, Digest: answered(d), Blobs: []string{img.Manifest, img.ID},
			Platform: img.Config.Platform().String()}
		for _, l := range img.Layers {
			e.Blobs = append(e.Blobs, l.Digest)
		}
		all = append(all, e)
	}
	return all, nil
}

// answered is the digest that a registry gave for an entry.
func answered(entry v1.Descriptor) string {
	ref, err := Parse(entry.Annotations[annotationDigest])
	if err != nil {
		return ""
	}
	return ref.Digest
}

// OpenBlob opens a blob as it lies in the store. Nothing is checked but its name: whoever reads it does.
func (s *Store) OpenBlob(digest string) (*os.File, error) {
	h, err := parseDigest(digest)
	if err != nil {
		return nil, err
	}
	return os.Open(s.blobPath(h))
}

// Canonical tells a digest that may become part of a path from every other string.
func Canonical(digest string) bool {
	_, err := parseDigest(digest)
	return err == nil
}

// OnHub tells a name of Docker Hub, the only registry that mirrors answer for.
func (r Reference) OnHub() bool { return r.Domain == hub }

// MediaType is what a manifest or an index has to be served as: its own word, or OCI's where it has none. What
// is neither, or both, is an error (CVE-2021-41190). contentType is what a registry called it, or empty.
func MediaType(data []byte, contentType string) (string, error) {
	index, err := isIndex(data, types.MediaType(contentType))
	if err != nil {
		return "", err
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return "", err
	}
	switch {
	case d.MediaType != "":
		return string(d.MediaType), nil
	case index:
		return string(types.OCIImageIndex), nil
	}
	return string(types.OCIManifestSchema1), nil
}
