package image

import (
	"errors"
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
// the container still stands on them.
func (s *Store) Remove(name string, force bool, inUse InUse) (gone Removed, err error) {
	err = s.locked(func() error {
		img, err := s.Find(name)
		if errors.Is(err, errSpoilt) {
			gone, err = s.forget(name)
			return err
		}
		if err != nil {
			return err
		}
		if img, err = s.Whole(img); err != nil {
			return err
		}
		r := removal{image: img, force: force}
		if inUse != nil {
			r.container, r.used = inUse(img.ID)
		}
		goes, err := r.decide(name)
		if err != nil {
			return err
		}
		gone, err = s.drop(img, goes, r.used)
		return err
	})
	return gone, err
}

// InUse tells if a container needs the image, and which.
type InUse func(id string) (container string, used bool)

// Removed is what a removal came to, in Docker's words.
type Removed struct {
	Untagged []string // names, and digests that went with them
	Deleted  []string // the image's ID, and the chain IDs of layers that nobody else has, topmost first
	Bytes    int64    // of the blobs that were freed
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
	if len(r.image.Names) > 1 && !r.force {
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

// drop rewrites the index, and then frees blobs. In this order a crash leaves a blob too many, never a name
// whose blobs are gone.
func (s *Store) drop(img Image, names []string, used bool) (gone Removed, err error) {
	index, err := s.index()
	if err != nil {
		return gone, err
	}
	ours := s.manifestsOf(img, index.Manifests)
	keep := used || len(names) < len(img.Names)
	before := index.Manifests
	index.Manifests, gone.Untagged = untag(before, ours, names, keep)
	if err := s.writeIndex(index); err != nil {
		return Removed{}, err
	}
	needed, chains, err := s.needed(index.Manifests)
	if err != nil {
		return gone, err
	}
	gone.Bytes = s.free(ours, needed, before)
	if keep {
		return gone, nil
	}
	gone.Deleted = []string{img.ID}
	for _, chain := range slices.Backward(img.ChainIDs()) {
		if !chains[chain] {
			gone.Deleted = append(gone.Deleted, chain)
		}
	}
	return gone, nil
}

// untag takes names from the entries of one image (ours: its manifests), and what nobody needs from the index. A
// registry's digest goes with the last name that was pulled from there.
func untag(entries []v1.Descriptor, ours map[string]bool, names []string, keep bool) (kept []v1.Descriptor, untagged []string) {
	var digests []string
	var nameless []v1.Descriptor
	for _, e := range entries {
		name := familiar(e.Annotations[annotationName])
		named := name != "" && slices.Contains(names, name)
		if !ours[e.Digest.String()] || (!named && keep) {
			kept = append(kept, e)
			continue
		}
		if named {
			untagged = append(untagged, name)
		}
		digests = append(digests, e.Annotations[annotationDigest])
		delete(e.Annotations, annotationName)
		delete(e.Annotations, annotationDigest)
		nameless = append(nameless, e)
	}
	other := slices.ContainsFunc(kept, func(k v1.Descriptor) bool { return ours[k.Digest.String()] })
	if keep && !other { // a container stands on it: one entry must lead to it
		kept = append(kept, nameless[0])
	}
	kept = tidy(kept)
	for _, d := range digests {
		still := slices.ContainsFunc(kept, func(k v1.Descriptor) bool { return k.Annotations[annotationDigest] == d })
		if d != "" && !still && !slices.Contains(untagged, familiar(d)) {
			untagged = append(untagged, familiar(d))
		}
	}
	return kept, untagged
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

// free removes what the entries of an image (ours: its manifests) lead to and nobody needs, and returns the bytes.
// An image may have several manifests, each with layers packed in its own way.
func (s *Store) free(ours, needed map[string]bool, before []v1.Descriptor) (bytes int64) {
	theirs, _, _ := s.needed(slices.DeleteFunc(slices.Clone(before), func(e v1.Descriptor) bool { return !ours[e.Digest.String()] }))
	for digest := range theirs {
		bytes += s.unlink(digest, needed)
	}
	return bytes
}

// needed is everything that the entries lead to: blobs (manifests, configs, layers), and apart from them chain IDs,
// because the chain ID of a lowest layer that is not packed is the digest of its blob. What is spoilt or gone needs nothing; an
// entry that cannot be read just now may need anything.
func (s *Store) needed(entries []v1.Descriptor) (blobs, chains map[string]bool, err error) {
	blobs, chains = map[string]bool{}, map[string]bool{}
	for _, entry := range entries {
		blobs[entry.Digest.String()] = true
		img, failed := s.describe(entry)
		if failed != nil {
			if !errors.Is(failed, errSpoilt) {
				err = errors.Join(err, failed)
			}
			continue
		}
		blobs[img.ID] = true
		for i, chain := range img.ChainIDs() {
			chains[chain], blobs[img.Layers[i].Digest] = true, true
		}
	}
	return blobs, chains, err
}

func (s *Store) unlink(digest string, needed map[string]bool) int64 {
	h, err := parseDigest(digest)
	if err != nil || needed[digest] {
		return 0
	}
	info, err := os.Stat(s.blobPath(h))
	if err != nil || os.Remove(s.blobPath(h)) != nil {
		return 0
	}
	return info.Size()
}
