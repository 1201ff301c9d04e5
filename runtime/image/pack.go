package image

import (
	"context"
	"encoding/json"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// packedAs is what a plain layer becomes on the way out. What commit, import and load bring is stored plain: packing
// costs seconds, and most of it never travels.
var packedAs = map[types.MediaType]types.MediaType{
	types.DockerUncompressedLayer: types.DockerLayer,
	types.OCIUncompressedLayer:    types.OCILayer,
}

// packed is the image's manifest for the registry: the stored bytes, or, where there are plain layers, one with
// every layer packed. Packing gives the same bytes every time, so a layer that was pushed before is found there.
func (p *push) packed(ctx context.Context, img Image) (*v1.Manifest, []byte, error) {
	digest, err := parseDigest(img.Manifest)
	if err != nil {
		return nil, nil, err
	}
	data, err := p.store.readBlob(digest, manifestLimit)
	if err != nil {
		return nil, nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, nil, err
	}
	changed := false
	for i, d := range m.Layers {
		kind, plain := packedAs[d.MediaType]
		if !plain {
			continue
		}
		p.say(Progress{ID: short(img.Layers[i].DiffID), Status: "Packing"})
		if m.Layers[i], err = p.stage.pack(ctx, d); err != nil {
			return nil, nil, err
		}
		m.Layers[i].MediaType = kind
		changed = true
	}
	if changed {
		data, err = json.Marshal(m)
	}
	return m, data, err
}

// pack puts a gzipped copy of a plain layer on the stage.
func (t *stage) pack(ctx context.Context, d v1.Descriptor) (v1.Descriptor, error) {
	in, err := t.open(d.Digest)
	if err != nil {
		return d, err
	}
	defer in.Close()
	return t.make(func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := io.Copy(z, interruptible{ctx, in}); err != nil {
			return err
		}
		return z.Close()
	})
}
