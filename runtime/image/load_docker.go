package image

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// dockerArchive reads manifest.json: for each image its config, its layers as files and its names.
func (s *spool) dockerArchive() ([]arrival, error) {
	data, err := s.document("manifest.json", manifestLimit)
	if err != nil {
		return nil, err
	}
	var images []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := decode(data, &images); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	var found []arrival
	for _, img := range images {
		a := arrival{}
		if a.names, err = parseNames(img.RepoTags); err != nil {
			return nil, err
		}
		if a.data, a.manifest, err = s.dockerManifest(img.Config, img.Layers); err != nil {
			return nil, err
		}
		found = append(found, a)
	}
	return found, nil
}

func parseNames(words []string) ([]Reference, error) {
	var names []Reference
	for _, word := range words {
		ref, err := Parse(word)
		if err != nil {
			return nil, fmt.Errorf("name %q: %w", word, err)
		}
		names = append(names, ref)
	}
	return names, nil
}

// dockerManifest makes the manifest that such an archive lacks.
func (s *spool) dockerManifest(config string, layers []string) ([]byte, *v1.Manifest, error) {
	m := v1.Manifest{SchemaVersion: 2, MediaType: types.DockerManifestSchema2, Layers: []v1.Descriptor{}}
	c, err := s.find(config)
	if err != nil {
		return nil, nil, err
	}
	m.Config = v1.Descriptor{MediaType: types.DockerConfigJSON, Digest: c.hash, Size: c.size}
	for _, name := range layers {
		l, err := s.find(name)
		if err != nil {
			return nil, nil, err
		}
		kind, err := layerKind(l.path)
		if err != nil {
			return nil, nil, err
		}
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: kind, Digest: l.hash, Size: l.size})
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, nil, err
	}
	checked, err := parseManifest(data)
	return data, checked, err
}

// layerKind looks whether a layer is packed.
func layerKind(path string) (types.MediaType, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var magic [4]byte
	io.ReadFull(f, magic[:]) // a shorter file is no packed one
	switch magic {
	case [4]byte{0x1f, 0x8b, 8, magic[3]}:
		return types.DockerLayer, nil
	case [4]byte{0x28, 0xb5, 0x2f, 0xfd}:
		return types.OCILayerZStd, nil
	}
	return types.DockerUncompressedLayer, nil
}
