package image

import (
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Loaded is one image out of an archive.
type Loaded struct {
	Image    Image
	Name     string // familiar; empty: it came without one
	Replaced string // the ID of the image that had this name before; empty: none had
}

// Load reads the images of an archive as `docker save` writes it (manifest.json) or an OCI layout in a tar
// (index.json), plain or packed. An archive that is both, as new Dockers write it, is read as OCI: there the
// manifests are as the registry had them. All of them are there in the end, or none.
func (s *Store) Load(ctx context.Context, r io.Reader) ([]Loaded, error) {
	t, err := s.newStage(ctx)
	if err != nil {
		return nil, err
	}
	defer t.close()
	loaded, err := t.load(ctx, r)
	if err != nil {
		t.discard(ctx)
	}
	return loaded, err
}

func (t *stage) load(ctx context.Context, r io.Reader) ([]Loaded, error) {
	files, err := t.spool(ctx, r)
	if err != nil {
		return nil, err
	}
	defer files.close()
	var found []arrival
	switch {
	case files.has("index.json"):
		found, err = files.layout()
	case files.has("manifest.json"):
		found, err = files.dockerArchive()
	default:
		err = &Error{Msg: "the archive holds neither index.json nor manifest.json: this is no saved image",
			Hint: "a tar of a file system becomes an image with: tutor import FILE NAME"}
	}
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := t.bring(ctx, files, &found[i]); err != nil {
			return nil, err
		}
	}
	return t.publishAll(found)
}

// An arrival is one image in an archive.
type arrival struct {
	names    []Reference
	data     []byte // the manifest
	manifest *v1.Manifest
	layers   []Layer
}

// bring puts an image's blobs on the stage and checks them.
func (t *stage) bring(ctx context.Context, files *spool, a *arrival) error {
	for _, d := range append(a.manifest.Layers, a.manifest.Config) {
		f, found := files.digest[d.Digest]
		if !found && !t.has(d.Digest, d.Size) {
			return fmt.Errorf("the archive has no blob %s", d.Digest)
		}
		if found {
			if f.size != d.Size {
				return fmt.Errorf("blob %s has %d bytes, the manifest says %d", d.Digest, f.size, d.Size)
			}
			if err := t.adopt(f); err != nil {
				return err
			}
		}
	}
	var err error
	a.layers, err = t.checkedLayers(ctx, a.manifest)
	return err
}

// checkedLayers reads the config and every layer through, and so checks each diff ID.
func (t *stage) checkedLayers(ctx context.Context, m *v1.Manifest) ([]Layer, error) {
	f, err := t.open(m.Config.Digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f, configLimit)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(data, m)
	if err != nil {
		return nil, err
	}
	layers, known := layersOf(m, config), t.store.knownSizes()
	for i, l := range layers {
		if size, checked := known[l.Digest+l.DiffID]; checked {
			layers[i].Unpacked = size
			continue
		}
		if layers[i].Unpacked, err = t.unpackedSize(ctx, l); err != nil {
			return nil, err
		}
		known[l.Digest+l.DiffID] = layers[i].Unpacked
	}
	return layers, nil
}

// publishAll gives the images their names, once all of them are right.
func (t *stage) publishAll(found []arrival) ([]Loaded, error) {
	var loaded []Loaded
	for _, a := range found {
		names := a.names
		if len(names) == 0 {
			names = []Reference{{}}
		}
		for _, ref := range names {
			l := Loaded{}
			if ref.Path != "" {
				l.Name = ref.Familiar()
				if before, err := t.store.findName(ref); err == nil && before.ID != a.manifest.Config.Digest.String() {
					l.Replaced = before.ID
				}
			}
			var err error
			if l.Image, err = t.publish(ref, a.manifest, a.data, a.layers, nil); err != nil {
				return nil, err
			}
			loaded = append(loaded, l)
		}
	}
	return loaded, nil
}
