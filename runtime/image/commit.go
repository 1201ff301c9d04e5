package image

import (
	"context"
	"io"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A Commit is an image that is made of another and of what a container changed.
type Commit struct {
	Parent  Image
	Config  v1.Config // what to start, in place of the parent's
	Author  string
	Comment string
	By      string // the command that made the changes: "created by" in the history

	// Pack writes the tar stream of the changes, and returns how many entries it has. Without any the image has
	// a line of history more and the parent's layers, as in Docker.
	Pack func(w io.Writer) (entries int, err error)
}

// Commit stores the image under a name, or without one if ref is empty. The layer goes straight into a file on the
// stage: it may be larger than memory. After an error, a full disk among them, nothing of it is left.
//
// It is stored as it is, not compressed: a commit is made often and travels seldom.
func (s *Store) Commit(ref Reference, c Commit) (Image, error) {
	ctx := context.Background()
	t, err := s.newStage(ctx)
	if err != nil {
		return Image{}, err
	}
	defer t.close()
	img, err := t.committed(ref, c)
	if err != nil {
		t.discard(ctx)
	}
	return img, err
}

func (t *stage) committed(ref Reference, c Commit) (Image, error) {
	below, err := t.store.manifestOf(c.Parent)
	if err != nil {
		return Image{}, err
	}
	entries := 0
	layer, err := t.make(func(w io.Writer) (err error) {
		entries, err = c.Pack(w)
		return err
	})
	if err != nil {
		return Image{}, err
	}
	manifest := &v1.Manifest{SchemaVersion: 2, MediaType: mediaType(below), Config: below.Config, Layers: slices.Clone(below.Layers)}
	layers := slices.Clone(c.Parent.Layers)
	if entries > 0 {
		layer.MediaType = plainLayer(manifest.MediaType)
		manifest.Layers = append(manifest.Layers, layer)
		layers = append(layers, Layer{Unpacked: layer.Size})
	}
	return t.finish(ref, manifest, c.config(layer.Digest, entries > 0), layers)
}

func (s *Store) manifestOf(img Image) (*v1.Manifest, error) {
	digest, err := parseDigest(img.Manifest)
	if err != nil {
		return nil, err
	}
	data, err := s.readBlob(digest, manifestLimit)
	if err != nil {
		return nil, err
	}
	return parseManifest(data)
}

// plainLayer is what the manifest's family calls a layer that is not compressed. One image, one family: Docker
// refuses a manifest of its own kind with OCI layers in it.
func plainLayer(manifest types.MediaType) types.MediaType {
	if manifest == types.DockerManifestSchema2 {
		return types.DockerUncompressedLayer
	}
	return types.OCIUncompressedLayer
}

// config is the parent's with what is new: uncompressed, a layer's diff ID is its digest.
func (c Commit) config(layer v1.Hash, changed bool) *v1.ConfigFile {
	now := v1.Time{Time: time.Now().UTC()}
	config := c.Parent.Config.DeepCopy()
	config.Config, config.Author, config.Created, config.Container = c.Config, c.Author, now, ""
	config.History = append(config.History, v1.History{Created: now, CreatedBy: c.By, Author: c.Author, Comment: c.Comment, EmptyLayer: !changed})
	if changed {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer)
	}
	return config
}
