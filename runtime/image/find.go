package image

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// List gives every image once, with all its names, newest first. An entry whose blobs are gone is left out:
// one broken image shall not hide the others.
func (s *Store) List() ([]Image, error) {
	index, err := s.index()
	if err != nil {
		return nil, err
	}
	byID := map[string]*Image{}
	for _, entry := range index.Manifests {
		img, err := s.describe(entry)
		if err != nil {
			continue
		}
		known, found := byID[img.ID]
		if !found {
			byID[img.ID] = &img
			continue
		}
		known.Names, known.Digests = append(known.Names, img.Names...), append(known.Digests, img.Digests...)
		for k, v := range img.Annotations {
			if _, taken := known.Annotations[k]; !taken {
				known.Annotations[k] = v
			}
		}
	}
	images := make([]Image, 0, len(byID))
	for _, img := range byID {
		slices.Sort(img.Names)
		slices.Sort(img.Digests)
		img.Digests = slices.Compact(img.Digests)
		images = append(images, *img)
	}
	slices.SortFunc(images, func(a, b Image) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return images, nil
}

// Find looks for an image by name, then by the beginning of its ID, as Docker does: a name that could be an ID
// is a name first. errors.Is(err, ErrNotFound) means that it is not here, and could be pulled.
func (s *Store) Find(name string) (Image, error) {
	ref, err := Parse(name)
	if err == nil {
		img, err := s.findName(ref)
		if !errors.Is(err, ErrNotFound) {
			return img, err
		}
	}
	id := strings.TrimPrefix(name, "sha256:")
	if !isHex(id) {
		return Image{}, notFound(name, ref, err)
	}
	images, listErr := s.List()
	if listErr != nil {
		return Image{}, listErr
	}
	images = slices.DeleteFunc(images, func(i Image) bool { return !strings.HasPrefix(i.ID, "sha256:"+id) })
	if len(images) > 1 {
		return Image{}, fmt.Errorf("multiple IDs found with provided prefix: %s", name)
	}
	if len(images) == 0 {
		return Image{}, notFound(name, ref, err)
	}
	return images[0], nil
}

// findName reads only what one name points to, because every `run` passes here.
func (s *Store) findName(ref Reference) (Image, error) {
	index, err := s.index()
	if err != nil {
		return Image{}, err
	}
	for _, entry := range index.Manifests {
		if !answers(entry, ref) {
			continue
		}
		img, err := s.describe(entry)
		img.Names, img.Digests = namesOf(slices.DeleteFunc(index.Manifests, func(e v1.Descriptor) bool { return e.Digest != entry.Digest }))
		return img, err
	}
	return Image{}, ErrNotFound
}

// Whole is the image with all its names: those that Find saw, and those of other manifests with the same config.
func (s *Store) Whole(img Image) (Image, error) {
	images, err := s.List()
	if err != nil {
		return img, err
	}
	for _, full := range images {
		if full.ID == img.ID {
			img.Names, img.Digests = full.Names, full.Digests
		}
	}
	return img, nil
}

// answers tells if an entry is what ref asks for: the same name, or the digest that the registry gave for the
// same repository, whatever tag it was pulled by, and though the tag has moved on since.
func answers(entry v1.Descriptor, ref Reference) bool {
	name := entry.Annotations[annotationName]
	if name == ref.String() || ref.Digest != "" && entry.Annotations[annotationDigest] == ref.Repository()+"@"+ref.Digest {
		return true
	}
	known, err := Parse(name)
	return err == nil && known.Repository() == ref.Repository() && entry.Digest.String() == ref.Digest
}

func notFound(name string, ref Reference, parse error) error {
	if parse == nil {
		name = ref.Familiar()
	}
	return &Error{Msg: "No such image: " + name, Err: ErrNotFound}
}
