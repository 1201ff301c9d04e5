package image

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Put stores an image that was made here (the built-in tutor/lab, a commit, an import) under a name. It is checked
// as if a stranger had sent it: a wrong diff ID would else be found by whoever runs it. The empty Reference stores
// it without a name, as <none>.
func (s *Store) Put(ref Reference, img v1.Image, annotations map[string]string) (Image, error) {
	ctx := context.Background()
	t, err := s.newStage(ctx)
	if err != nil {
		return Image{}, err
	}
	defer t.close()
	stored, err := t.put(ctx, ref, img, annotations)
	if err != nil {
		t.discard(ctx)
	}
	return stored, err
}

func (t *stage) put(ctx context.Context, ref Reference, img v1.Image, annotations map[string]string) (Image, error) {
	data, err := img.RawManifest()
	if err != nil {
		return Image{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return Image{}, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return Image{}, err
	}
	if err := t.addBytes(manifest.Config.Digest, config); err != nil {
		return Image{}, err
	}
	if err := t.addLayers(ctx, img); err != nil {
		return Image{}, err
	}
	layers, err := t.checkedLayers(ctx, manifest)
	if err != nil {
		return Image{}, err
	}
	return t.publish(ref, manifest, data, layers, annotations)
}

// addLayers puts the layers on the stage, byte for byte as the image has them packed.
func (t *stage) addLayers(ctx context.Context, img v1.Image) error {
	blobs, err := img.Layers()
	if err != nil {
		return err
	}
	for _, blob := range blobs {
		if err := t.addLayer(ctx, blob); err != nil {
			return err
		}
	}
	return nil
}

func (t *stage) addLayer(ctx context.Context, blob v1.Layer) error {
	digest, err := blob.Digest()
	if err != nil {
		return err
	}
	size, err := blob.Size()
	if err != nil || t.has(digest, size) {
		return err
	}
	r, err := blob.Compressed()
	if err != nil {
		return err
	}
	defer r.Close()
	return t.add(ctx, digest, r)
}
