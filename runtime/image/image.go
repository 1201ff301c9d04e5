package image

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
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

// errSpoilt says that what an entry of the index points to can never be read again.
var errSpoilt = errors.New("the store is damaged")

// describe reads what an entry of the index points to.
func (s *Store) describe(entry v1.Descriptor) (Image, error) {
	data, err := s.readBlob(entry.Digest, manifestLimit)
	if err != nil {
		return Image{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return Image{}, fmt.Errorf("%w: %w", errSpoilt, err)
	}
	data, err = s.readBlob(manifest.Config.Digest, configLimit)
	if err != nil {
		return Image{}, err
	}
	config, err := parseConfig(data, manifest)
	if err != nil {
		return Image{}, fmt.Errorf("%w: %w", errSpoilt, err)
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Op: "store", Msg: fmt.Sprintf("blob %s is gone", h), Err: errSpoilt, Hint: hintDamaged}
	}
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", h, err)
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if got != h {
		return nil, &Error{Op: "store", Msg: fmt.Sprintf("blob %s is damaged: it has digest %s", h, got),
			Err: errSpoilt, Hint: hintDamaged}
	}
	return data, nil
}
