package image

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ImportOptions are what an image has beside its files.
type ImportOptions struct {
	Message  string   // the comment in its history
	Changes  []string // Dockerfile instructions: CMD, ENV, …
	Platform string   // "linux/arm64"; empty: this machine
}

// Import makes an image of one layer from a tar of a file system, packed or not: what `docker export` writes, or
// mmdebstrap. The empty Reference leaves it without a name. Nothing is kept of a stream that is no tar.
func (s *Store) Import(ctx context.Context, r io.Reader, ref Reference, opts ImportOptions) (Image, error) {
	platform, err := parsePlatform(opts.Platform)
	if err != nil {
		return Image{}, err
	}
	config := &v1.ConfigFile{OS: platform.OS, Architecture: platform.Architecture, Variant: platform.Variant, RootFS: v1.RootFS{Type: "layers"}}
	if err := Changes(&config.Config, opts.Changes); err != nil {
		return Image{}, err
	}
	t, err := s.newStage(ctx)
	if err != nil {
		return Image{}, err
	}
	defer t.close()
	img, err := t.imported(ctx, r, ref, config, opts.Message)
	if err != nil {
		t.discard(ctx)
	}
	return img, err
}

func (t *stage) imported(ctx context.Context, r io.Reader, ref Reference, config *v1.ConfigFile, message string) (Image, error) {
	layer, err := t.plainTar(ctx, r)
	if err != nil {
		return Image{}, err
	}
	now := v1.Time{Time: time.Now().UTC()}
	config.Created = now
	config.RootFS.DiffIDs = []v1.Hash{layer.Digest} // it is not packed, so both are one
	config.History = []v1.History{{Created: now, Comment: message}}
	m := &v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Layers: []v1.Descriptor{layer}}
	m.Config.MediaType = types.OCIConfigJSON
	return t.finish(ref, m, config, []Layer{{Unpacked: layer.Size}})
}

// plainTar puts a tar on the stage, unpacked, once it has been read as one to its end.
func (t *stage) plainTar(ctx context.Context, r io.Reader) (v1.Descriptor, error) {
	plain, err := unpacked(interruptible{ctx, r})
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer plain.Close()
	layer, err := t.make(func(w io.Writer) error {
		stream := io.TeeReader(plain, w)
		archive := tar.NewReader(stream)
		for entries := 0; ; entries++ {
			_, err := archive.Next()
			if errors.Is(err, io.EOF) && entries > 0 {
				break
			}
			if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
				return notAnArchive(err)
			}
		}
		_, err := io.Copy(io.Discard, stream)
		return err
	})
	layer.MediaType = types.OCIUncompressedLayer
	return layer, err
}
