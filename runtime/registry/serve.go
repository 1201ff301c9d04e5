package registry

import (
	"net/http"
	"slices"

	"tutor/runtime/image"
)

// manifest answers with a manifest or an index, by tag or by digest.
func (s *Server) manifest(a *answer, r *http.Request, ref image.Reference) error {
	if ref.Digest == "" {
		digest, err := s.resolve(r, ref)
		if err != nil {
			return err
		}
		ref.Digest, ref.Tag = digest, ""
	}
	data, found := s.Shelf.document(ref)
	from := "store"
	if !found && s.upstream(ref) {
		var err error
		if data, from, err = s.Cache.manifest(r.Context(), ref); err != nil {
			return elsewhere(err, unknownManifest(ref))
		}
		found = true
	}
	if !found {
		return s.unknown(ref)
	}
	contentType, err := image.MediaType(data, "")
	if err != nil {
		return err
	}
	return a.send(r, ref.Digest, contentType, fromMemory(data, from))
}

// resolve gives the digest of a tag. An image that was made here has its name from nobody else, so nobody else is
// asked; of one that was pulled, upstream knows better: there it stands for other processors too.
func (s *Server) resolve(r *http.Request, ref image.Reference) (string, error) {
	entry, found := s.Shelf.find(ref)
	if s.upstream(ref) && (!found || entry.Digest != "") {
		digest, err := s.Cache.resolve(r.Context(), ref, found, func(digest string) bool {
			at := ref
			at.Tag, at.Digest = "", digest
			_, onShelf := s.Shelf.document(at)
			return onShelf
		})
		if err == nil {
			return digest, nil
		}
		if !found {
			return "", elsewhere(err, unknownManifest(ref))
		}
	}
	if !found {
		return "", s.unknown(ref)
	}
	return entry.Manifest, nil
}

// blob answers with a layer or a config.
func (s *Server) blob(a *answer, r *http.Request, ref image.Reference) error {
	c, found := s.Shelf.open(ref)
	if !found && s.upstream(ref) {
		var err error
		if c, err = s.Cache.blob(r.Context(), ref); err != nil {
			return elsewhere(err, unknownBlob(ref))
		}
		found = true
	}
	if !found {
		return unknownBlob(ref)
	}
	defer c.Close()
	return a.send(r, ref.Digest, "application/octet-stream", c)
}

// unknown is for a manifest that is not here, or for a whole repository: who hears that only the tag is missing looks for
// another tag.
func (s *Server) unknown(ref image.Reference) *refusal {
	all, err := s.names()
	if err == nil && !slices.ContainsFunc(all, func(other image.Reference) bool { return other.Repository() == ref.Repository() }) {
		return unknownRepository(ref)
	}
	return unknownManifest(ref)
}

func unknownRepository(ref image.Reference) *refusal {
	return &refusal{http.StatusNotFound, "NAME_UNKNOWN", "repository " + ref.FamiliarName() + " is not here"}
}

func unknownManifest(ref image.Reference) *refusal {
	return &refusal{http.StatusNotFound, "MANIFEST_UNKNOWN", ref.Familiar() + " is not here"}
}

func unknownBlob(ref image.Reference) *refusal {
	return &refusal{http.StatusNotFound, "BLOB_UNKNOWN", ref.Familiar() + " is not here"}
}
