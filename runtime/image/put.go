package image

import (
	"context"
	"encoding/json"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Put stores an image that was made here (the built-in tutor/lab, a commit, a load) under a name. It is checked
// as if a stranger had sent it: a wrong diff ID would else be found by whoever runs it.
func (s *Store) Put(ref Reference, img v1.Image, annotations map[string]string) (Image, error) {
	t, err := s.newStage()
	if err != nil {
		return Image{}, err
	}
	defer t.close()
	manifest, entry, err := t.addManifest(img)
	if err != nil {
		return Image{}, err
	}
	layers, err := t.addLayers(img, manifest)
	if err != nil {
		return Image{}, err
	}
	entry.Annotations = maps.Clone(annotations)
	if entry.Annotations == nil {
		entry.Annotations = map[string]string{}
	}
	entry.Annotations[annotationName] = ref.String()
	entry.Annotations[annotationSize] = sizes(layers)
	delete(entry.Annotations, annotationDigest)
	if err := t.commit(append(manifest.Layers, manifest.Config, entry), entry); err != nil {
		return Image{}, err
	}
	return s.describe(entry)
}

// addManifest puts the manifest and the config on the stage, byte for byte as the image has them.
func (t *stage) addManifest(img v1.Image) (*v1.Manifest, v1.Descriptor, error) {
	data, err := img.RawManifest()
	if err != nil {
		return nil, v1.Descriptor{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return nil, v1.Descriptor{}, err
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, v1.Descriptor{}, err
	}
	if err := t.addBytes(digest, data); err != nil {
		return nil, v1.Descriptor{}, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return nil, v1.Descriptor{}, err
	}
	entry := v1.Descriptor{MediaType: mediaType(manifest), Digest: digest, Size: int64(len(data))}
	return manifest, entry, t.addBytes(manifest.Config.Digest, config)
}

func (t *stage) addLayers(img v1.Image, manifest *v1.Manifest) ([]Layer, error) {
	data, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	var config v1.ConfigFile
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	blobs, err := img.Layers()
	if err != nil {
		return nil, err
	}
	if _, err := parseConfig(data, manifest); err != nil {
		return nil, err
	}
	layers := layersOf(manifest, &config)
	for i, blob := range blobs {
		if err := t.addLayer(blob, manifest.Layers[i]); err != nil {
			return nil, err
		}
		if layers[i].Unpacked, err = t.unpackedSize(context.Background(), layers[i]); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

func (t *stage) addLayer(blob v1.Layer, d v1.Descriptor) error {
	if t.has(d.Digest, d.Size) {
		return nil
	}
	r, err := blob.Compressed()
	if err != nil {
		return err
	}
	defer r.Close()
	return t.add(d.Digest, r)
}
