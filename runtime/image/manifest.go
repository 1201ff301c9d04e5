package image

import (
	"bytes"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A document is what a registry may answer under a name: an image's manifest or an index of several. Which one
// it is, its fields say: one document with both could be shown to a checker as the one and run as the other
// (CVE-2021-41190), so it is refused.
type document struct {
	MediaType types.MediaType `json:"mediaType"`
	Manifests json.RawMessage `json:"manifests"`
	Layers    json.RawMessage `json:"layers"`
	Config    json.RawMessage `json:"config"`
	FSLayers  json.RawMessage `json:"fsLayers"`
}

// isIndex tells the two kinds of document apart, or says why it is neither. contentType is what the registry
// called it; empty when it comes from the store.
func isIndex(data []byte, contentType types.MediaType) (bool, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return false, fmt.Errorf("manifest is not JSON: %w", err)
	}
	index, image := len(d.Manifests) > 0, len(d.Layers) > 0 || len(d.Config) > 0
	if d.FSLayers != nil {
		return false, fmt.Errorf("manifest has Docker's schema 1, which no registry should serve any more (since 2019)")
	}
	if index && image {
		return false, fmt.Errorf("manifest has both \"manifests\" and \"layers\": it would be two images in one (CVE-2021-41190)")
	}
	if !index && !image {
		return false, fmt.Errorf("manifest has neither \"manifests\" nor \"layers\": this is no image")
	}
	for _, says := range []types.MediaType{d.MediaType, contentType} {
		if (says.IsIndex() && !index) || (says.IsImage() && !image) {
			return false, fmt.Errorf("manifest calls itself %s and is something else", says)
		}
	}
	return index, nil
}

// decode reads a stranger's JSON. Three bytes, "{},", can become a descriptor of 136: a document of 4 MiB that is
// nothing else would take 600 MB, so one with more commas than the largest honest ones is refused before.
func decode(data []byte, to any) error {
	const limit = 200_000
	if n := bytes.Count(data, []byte(",")); n > limit {
		return fmt.Errorf("it has %d parts; no honest one has more than %d", n, limit)
	}
	return json.Unmarshal(data, to)
}

// Layers that one mount takes: mount(2) has a page for the options, and each layer's directory is named there. Docker
// stops at 125.
const layerLimit = 127

// A blob larger than this is not downloaded.
const blobLimit = 64 << 30

// parseManifest reads an image's manifest and refuses what could not be run.
func parseManifest(data []byte) (*v1.Manifest, error) {
	index, err := isIndex(data, "")
	if err != nil {
		return nil, err
	}
	if index {
		return nil, fmt.Errorf("an index where an image's manifest was expected")
	}
	var m v1.Manifest
	if err := decode(data, &m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if err := checkBlob("config", m.Config, configLimit); err != nil {
		return nil, err
	}
	if len(m.Layers) > layerLimit {
		return nil, fmt.Errorf("image has %d layers; one mount takes %d", len(m.Layers), layerLimit)
	}
	for _, layer := range m.Layers {
		if err := checkLayer(layer); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

func checkBlob(what string, d v1.Descriptor, limit int64) error {
	if _, err := parseDigest(d.Digest.String()); err != nil {
		return fmt.Errorf("manifest: %s: %w", what, err)
	}
	if d.Size < 0 || d.Size > limit {
		return fmt.Errorf("manifest: %s %s has a size of %d bytes (limit %d)", what, d.Digest, d.Size, limit)
	}
	return nil
}

// checkLayer takes the tar archives of both families. Foreign layers lie at a URL of the manifest's choosing,
// not in the registry; Windows has them, Linux images do not.
func checkLayer(d v1.Descriptor) error {
	switch d.MediaType {
	case types.DockerLayer, types.DockerUncompressedLayer, types.OCILayer, types.OCIUncompressedLayer, types.OCILayerZStd:
		return checkBlob("layer", d, blobLimit)
	case types.DockerForeignLayer, types.OCIRestrictedLayer, types.OCIUncompressedRestrictedLayer,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd":
		return fmt.Errorf("layer %s is a foreign layer (%s), kept outside of the registry: refused", d.Digest, d.MediaType)
	}
	return fmt.Errorf("layer %s has type %q: this is no container image", d.Digest, d.MediaType)
}

// parseConfig reads an image's config. It must know as many layers as the manifest: DiffIDs are what Open
// compares the unpacked bytes with.
func parseConfig(data []byte, m *v1.Manifest) (*v1.ConfigFile, error) {
	var c v1.ConfigFile
	if err := decode(data, &c); err != nil {
		return nil, fmt.Errorf("config %s: %w", m.Config.Digest, err)
	}
	if len(c.RootFS.DiffIDs) != len(m.Layers) {
		return nil, fmt.Errorf("config %s knows %d layers, the manifest %d", m.Config.Digest, len(c.RootFS.DiffIDs), len(m.Layers))
	}
	for _, id := range c.RootFS.DiffIDs {
		if _, err := parseDigest(id.String()); err != nil {
			return nil, fmt.Errorf("config %s: diff_ids: %w", m.Config.Digest, err)
		}
	}
	return &c, nil
}
