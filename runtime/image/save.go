package image

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Save writes images as one tar that is both kinds of archive, as Docker does since version 25: an OCI layout
// (oci-layout, index.json, blobs/), which skopeo and Podman read, and beside it the manifest.json that any Docker
// reads. Blobs go as they are stored. A NAME without a tag means all of its tags, as in Docker. The archive of one
// image is the same bytes every time.
func (s *Store) Save(ctx context.Context, w io.Writer, names []string) error {
	chosen, err := s.chosen(names)
	if err != nil {
		return err
	}
	out := saving{store: s, ctx: ctx, w: tar.NewWriter(w), written: map[v1.Hash]bool{}}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	var legacy []dockerImage
	for _, c := range chosen {
		entries, old, err := out.image(c)
		if err != nil {
			return err
		}
		index.Manifests, legacy = append(index.Manifests, entries...), append(legacy, old)
	}
	if err := out.document("index.json", index); err != nil {
		return err
	}
	if err := out.document("manifest.json", legacy); err != nil {
		return err
	}
	if err := out.document("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}); err != nil {
		return err
	}
	return out.w.Close()
}

// A dockerImage is an image's entry in manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string // null for an image that was asked for by its ID
	Layers   []string
}

// A choice is one image to save, under the names it was asked for by.
type choice struct {
	image Image
	names []Reference
}

// chosen finds every image first: an archive that ends in the middle helps nobody.
func (s *Store) chosen(names []string) ([]choice, error) {
	images, err := s.List()
	if err != nil {
		return nil, err
	}
	var all []choice
	for _, name := range names {
		found, refs, err := s.meant(name, images)
		if err != nil {
			return nil, err
		}
		for i, img := range found {
			at := slices.IndexFunc(all, func(c choice) bool { return c.image.Manifest == img.Manifest })
			if at < 0 {
				at, all = len(all), append(all, choice{image: img})
			}
			if refs[i].Path != "" && !slices.Contains(all[at].names, refs[i]) {
				all[at].names = append(all[at].names, refs[i])
			}
		}
	}
	return all, nil
}

// meant is the images that one word of the command line stands for, and the names that go with them.
func (s *Store) meant(word string, images []Image) (found []Image, refs []Reference, err error) {
	ref, parseErr := Parse(word)
	if parseErr == nil && ref.Implied {
		for _, img := range images {
			for _, name := range img.Names {
				if known, err := Parse(name); err == nil && known.Tag != "" && known.Repository() == ref.Repository() {
					one, err := s.findName(known)
					if err != nil {
						return nil, nil, err
					}
					found, refs = append(found, one), append(refs, known)
				}
			}
		}
		if len(found) > 0 {
			return found, refs, nil
		}
	}
	img, err := s.Find(word)
	if err != nil {
		return nil, nil, err
	}
	if parseErr != nil || !slices.Contains(img.Names, ref.Familiar()) || ref.Tag == "" {
		ref = Reference{} // by its ID, or by a digest
	}
	return []Image{img}, []Reference{ref}, nil
}

// A saving is an archive on its way out.
type saving struct {
	store   *Store
	ctx     context.Context
	w       *tar.Writer
	written map[v1.Hash]bool
}

// image writes an image's blobs, and returns its entries in both tables of contents.
func (s *saving) image(c choice) ([]v1.Descriptor, dockerImage, error) {
	manifest, err := parseDigest(c.image.Manifest)
	if err != nil {
		return nil, dockerImage{}, err
	}
	config, err := parseDigest(c.image.ID)
	if err != nil {
		return nil, dockerImage{}, err
	}
	data, err := s.store.readBlob(manifest, manifestLimit)
	if err != nil {
		return nil, dockerImage{}, err
	}
	parsed, err := parseManifest(data)
	if err != nil {
		return nil, dockerImage{}, err
	}
	old := dockerImage{Config: blobName(config)}
	blobs := []v1.Hash{manifest, config}
	for _, l := range parsed.Layers {
		blobs = append(blobs, l.Digest)
		old.Layers = append(old.Layers, blobName(l.Digest))
	}
	for _, h := range blobs {
		if err := s.blob(h); err != nil {
			return nil, dockerImage{}, err
		}
	}
	plain := v1.Descriptor{MediaType: mediaType(parsed), Digest: manifest, Size: int64(len(data))}
	if len(c.names) == 0 {
		return []v1.Descriptor{plain}, old, nil
	}
	var entries []v1.Descriptor
	for _, ref := range c.names {
		entry := plain
		entry.Annotations = map[string]string{"io.containerd.image.name": ref.String(), annotationName: ref.Tag}
		entries, old.RepoTags = append(entries, entry), append(old.RepoTags, ref.Familiar())
	}
	return entries, old, nil
}

func blobName(h v1.Hash) string { return "blobs/sha256/" + h.Hex }

// blob copies a blob into the archive, once.
func (s *saving) blob(h v1.Hash) error {
	if s.written[h] {
		return nil
	}
	s.written[h] = true
	f, err := os.Open(s.store.blobPath(h))
	if err != nil {
		return &Error{Op: "save", Msg: fmt.Sprintf("blob %s: %v", h, err), Err: err, Hint: hintDamaged}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return s.file(blobName(h), info.Size(), f)
}

func (s *saving) document(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.file(name, int64(len(data)), bytes.NewReader(data))
}

func (s *saving) file(name string, size int64, r io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if size >= 8<<30 { // more than USTAR can say
		h.Format = tar.FormatPAX
	}
	if err := s.w.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(s.w, interruptible{s.ctx, r})
	return err
}
