package image

import (
	"fmt"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Remove takes a name away, and the image with its last name: then exactly the blobs that no other image uses
// are freed. Given an ID it takes all names. inUse says whether a container needs the image; nil: none does.
//
// As in Docker a used image is refused unless forced; forced, it loses its names but keeps its blobs, because
// the container still stands on them. deleted holds the image ID first, then the layers that were freed.
func (s *Store) Remove(name string, force bool, inUse func(id string) (container string, used bool)) (untagged, deleted []string, err error) {
	err = s.locked(func() error {
		img, err := s.Find(name)
		if err != nil {
			return err
		}
		images, err := s.List()
		if err != nil {
			return err
		}
		for _, full := range images { // Find by name knows the names of one manifest, List those of one config
			if full.ID == img.ID {
				img = full
			}
		}
		r := removal{image: img, force: force}
		if inUse != nil {
			r.container, r.used = inUse(img.ID)
		}
		goes, err := r.decide(name)
		if err != nil {
			return err
		}
		untagged, deleted, err = s.drop(img, goes, r.used)
		return err
	})
	return untagged, deleted, err
}

// A removal is what is known when it is decided which names go.
type removal struct {
	image     Image
	force     bool
	container string
	used      bool
}

// decide gives the names that go, or Docker's reason why none does.
func (r removal) decide(name string) ([]string, error) {
	id := short(r.image.ID)
	if named := r.named(name); named != "" {
		if len(r.image.Names) == 1 && r.used && !r.force {
			return nil, &Error{Msg: fmt.Sprintf(
				"conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s",
				name, r.container, id), Hint: "remove the container first: tutor rm " + r.container}
		}
		return []string{named}, nil
	}
	if repositories(r.image.Names) > 1 && !r.force {
		return nil, &Error{Msg: fmt.Sprintf(
			"conflict: unable to delete %s (must be forced) - image is referenced in multiple repositories", id),
			Hint: "name the one to remove, or use -f for all: " + strings.Join(r.image.Names, ", ")}
	}
	if r.used && !r.force {
		return nil, &Error{Msg: fmt.Sprintf(
			"conflict: unable to delete %s (must be forced) - image is being used by container %s", id, r.container),
			Hint: "remove the container first: tutor rm " + r.container}
	}
	return r.image.Names, nil
}

// named is the image's name that name means; empty when it was found by its ID.
func (r removal) named(name string) string {
	ref, err := Parse(name)
	if err != nil {
		return ""
	}
	if slices.Contains(r.image.Names, ref.Familiar()) {
		return ref.Familiar()
	}
	for _, n := range r.image.Names {
		if known, err := Parse(n); err == nil && ref.Digest != "" && known.Repository() == ref.Repository() {
			return n
		}
	}
	return ""
}

func repositories(names []string) int {
	seen := map[string]bool{}
	for _, n := range names {
		if ref, err := Parse(n); err == nil {
			seen[ref.Repository()] = true
		}
	}
	return len(seen)
}

// drop rewrites the index, and then frees blobs. In this order a crash leaves a blob too many, never a name
// whose blobs are gone.
func (s *Store) drop(img Image, names []string, used bool) (untagged, deleted []string, err error) {
	index, err := s.index()
	if err != nil {
		return nil, nil, err
	}
	before := index.Manifests
	manifests := s.manifestsOf(img, before)
	keep := used || len(names) < len(img.Names)
	var kept []v1.Descriptor
	for _, entry := range before {
		if name := familiar(entry); name != "" && slices.Contains(names, name) {
			untagged = append(untagged, name)
			delete(entry.Annotations, annotationName)
		}
		gone := manifests[entry.Digest.String()] && entry.Annotations[annotationName] == ""
		if gone && (!keep || mentions(before, entry) || slices.ContainsFunc(kept, func(k v1.Descriptor) bool { return k.Digest == entry.Digest })) {
			continue
		}
		kept = append(kept, entry)
	}
	index.Manifests = kept
	if err := s.writeIndex(index); err != nil {
		return nil, nil, err
	}
	if keep {
		return untagged, nil, nil
	}
	return untagged, append([]string{img.ID}, s.free(manifests, kept, img)...), nil
}

// manifestsOf gives the digests of all manifests in the index that lead to the image.
func (s *Store) manifestsOf(img Image, entries []v1.Descriptor) map[string]bool {
	all := map[string]bool{}
	for _, entry := range entries {
		if other, err := s.describe(entry); err == nil && other.ID == img.ID {
			all[entry.Digest.String()] = true
		}
	}
	return all
}

// free removes the image's blobs that no kept entry leads to, and returns the layers among them.
func (s *Store) free(manifests map[string]bool, kept []v1.Descriptor, img Image) []string {
	needed := map[string]bool{}
	for _, entry := range kept {
		needed[entry.Digest.String()] = true
		other, err := s.describe(entry)
		if err != nil {
			continue
		}
		needed[other.ID] = true
		for _, l := range other.Layers {
			needed[l.Digest] = true
		}
	}
	candidates := []string{img.ID}
	for m := range manifests {
		candidates = append(candidates, m)
	}
	var freed []string
	for _, c := range candidates {
		s.unlink(c, needed)
	}
	for _, l := range slices.Backward(img.Layers) {
		if s.unlink(l.Digest, needed) {
			freed = append(freed, l.Digest)
		}
	}
	return freed
}

func (s *Store) unlink(digest string, needed map[string]bool) bool {
	h, err := parseDigest(digest)
	if err != nil || needed[digest] {
		return false
	}
	return os.Remove(s.blobPath(h)) == nil
}
