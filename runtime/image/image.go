package image

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// An Image is what the store knows of one config, under however many names.
type Image struct {
	ID          string            // "sha256:…", the digest of the config: what Docker calls IMAGE ID
	Names       []string          // familiar names, sorted: "python:latest"; empty: <none>
	Digests     []string          // what registries answered, sorted: "python@sha256:…", of an index or a manifest
	Manifest    string            // digest of the manifest in the store
	Created     time.Time         // from the config
	Size        int64             // bytes of all layers unpacked (their tar streams)
	Config      *v1.ConfigFile    // the whole config document
	Layers      []Layer           // lowest first, as in the manifest
	Annotations map[string]string // of the entry in index.json: ours and Put's, never a stranger's
}

// A Layer is one tar archive of an image: the same bytes have a digest as they travel and another as they unpack.
type Layer struct {
	DiffID    string // "sha256:…" of the uncompressed tar: what the config signs
	Digest    string // "sha256:…" of the blob as stored: what the manifest signs
	Size      int64  // bytes of the blob
	Unpacked  int64  // bytes of the tar; 0 when the store was not filled by tutor
	MediaType string
}

// Annotations of an entry in index.json. The first is the image-spec's, and what skopeo looks for in
// oci:DIR:NAME; it holds the full name, because a store with many images has many "latest".
const (
	annotationName   = "org.opencontainers.image.ref.name"
	annotationDigest = "tutor.digest" // REPOSITORY@DIGEST, what the registry answered: needed to tell "up to date"
	annotationSize   = "tutor.size"   // unpacked bytes of each layer, counted when it was checked
)

// describe reads what an entry of the index points to.
func (s *Store) describe(entry v1.Descriptor) (Image, error) {
	data, err := s.readBlob(entry.Digest, manifestLimit)
	if err != nil {
		return Image{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return Image{}, err
	}
	data, err = s.readBlob(manifest.Config.Digest, configLimit)
	if err != nil {
		return Image{}, err
	}
	config, err := parseConfig(data, manifest)
	if err != nil {
		return Image{}, err
	}
	img := Image{
		ID:          manifest.Config.Digest.String(),
		Manifest:    entry.Digest.String(),
		Created:     config.Created.Time,
		Config:      config,
		Layers:      layersOf(manifest, config),
		Annotations: maps.Clone(entry.Annotations),
	}
	for i, size := range unpackedSizes(entry.Annotations[annotationSize]) {
		if i < len(img.Layers) {
			img.Layers[i].Unpacked = size
			img.Size += size
		}
	}
	img.Names, img.Digests = namesOf([]v1.Descriptor{entry})
	return img, nil
}

// namesOf gives the names that entries have, and the digests that registries gave for them, as people write them.
func namesOf(entries []v1.Descriptor) (names, digests []string) {
	for _, e := range entries {
		if name := familiar(e.Annotations[annotationName]); name != "" {
			names = append(names, name)
		}
		if digest := familiar(e.Annotations[annotationDigest]); digest != "" {
			digests = append(digests, digest)
		}
	}
	slices.Sort(names)
	slices.Sort(digests)
	return slices.Compact(names), slices.Compact(digests)
}

// ChainIDs names each layer with all below it, lowest first, because what unpacking gives depends on them
// (image-spec, config.md, "Layer ChainID").
func (img Image) ChainIDs() []string {
	ids, chain := make([]string, len(img.Layers)), ""
	for i, l := range img.Layers {
		if i == 0 {
			chain = l.DiffID
		} else {
			chain = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(chain+" "+l.DiffID)))
		}
		ids[i] = chain
	}
	return ids
}

func layersOf(manifest *v1.Manifest, config *v1.ConfigFile) []Layer {
	layers := make([]Layer, len(manifest.Layers))
	for i, d := range manifest.Layers {
		layers[i] = Layer{
			DiffID:    config.RootFS.DiffIDs[i].String(),
			Digest:    d.Digest.String(),
			Size:      d.Size,
			MediaType: string(d.MediaType),
		}
	}
	return layers
}

func familiar(name string) string {
	if ref, err := Parse(name); err == nil {
		return ref.Familiar()
	}
	return name
}

// readBlob reads a small blob and checks it against its name: a bit that fell over on disk is an error here,
// and not a strange configuration later.
func (s *Store) readBlob(h v1.Hash, limit int64) ([]byte, error) {
	data, err := readFile(s.blobPath(h), limit)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", h, err)
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if got != h {
		return nil, &Error{Op: "store", Msg: fmt.Sprintf("blob %s is damaged: it has digest %s", h, got),
			Hint: hintDamaged}
	}
	return data, nil
}

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
// same repository, whatever tag it was pulled by.
func answers(entry v1.Descriptor, ref Reference) bool {
	name := entry.Annotations[annotationName]
	if name == "" {
		return false
	}
	if name == ref.String() {
		return true
	}
	known, err := Parse(name)
	if err != nil || ref.Digest == "" || known.Repository() != ref.Repository() {
		return false
	}
	return entry.Annotations[annotationDigest] == ref.Repository()+"@"+ref.Digest || entry.Digest.String() == ref.Digest
}

func notFound(name string, ref Reference, parse error) error {
	if parse == nil {
		name = ref.Familiar()
	}
	return &Error{Msg: "No such image: " + name, Err: ErrNotFound}
}
