package image

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// make puts a blob on the stage whose name is known only when its last byte is written: a layer that is made here.
// It goes straight into a file, because it may be larger than memory.
func (t *stage) make(fill func(w io.Writer) error) (v1.Descriptor, error) {
	f, err := os.CreateTemp(t.store.path("tmp"), "make-")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20)
	if err := fill(w); err != nil {
		return v1.Descriptor{}, err
	}
	if err := w.Flush(); err != nil {
		return v1.Descriptor{}, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return v1.Descriptor{}, err
	}
	if err := f.Sync(); err != nil {
		return v1.Descriptor{}, err
	}
	file := spooled{path: f.Name(), hash: hashOf(sum.Sum(nil)), size: size}
	return v1.Descriptor{Digest: file.hash, Size: size}, t.adopt(file)
}

func hashOf(sum []byte) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum)} }

// adopt gives a file on this file system, whose digest was taken as it was written, its name on the stage.
func (t *stage) adopt(f spooled) error {
	if t.has(f.hash, f.size) {
		return nil
	}
	t.mutex.Lock()
	t.added = append(t.added, f.hash)
	t.mutex.Unlock()
	return os.Rename(f.path, t.path(f.hash))
}

// addDocument puts a config or a manifest on the stage.
func (t *stage) addDocument(kind types.MediaType, data []byte) (v1.Descriptor, error) {
	sum := sha256.Sum256(data)
	d := v1.Descriptor{MediaType: kind, Size: int64(len(data)), Digest: hashOf(sum[:])}
	return d, t.addBytes(d.Digest, data)
}

// finish makes an image of layers that are on the stage: its config, its manifest, its line in the index. A
// reference that is empty gives it no name.
func (t *stage) finish(ref Reference, m *v1.Manifest, config *v1.ConfigFile, layers []Layer) (Image, error) {
	data, err := json.Marshal(config)
	if err != nil {
		return Image{}, err
	}
	if len(data) > configLimit {
		return Image{}, fmt.Errorf("the image's config would have %d bytes (limit %d)", len(data), configLimit)
	}
	if m.Config, err = t.addDocument(m.Config.MediaType, data); err != nil {
		return Image{}, err
	}
	if data, err = json.Marshal(m); err != nil {
		return Image{}, err
	}
	if _, err := parseManifest(data); err != nil { // one layer too many, for example
		return Image{}, err
	}
	return t.publish(ref, m, data, layers, nil)
}

// publish gives an image its line in the index, and so its name. extra are annotations of the caller's.
func (t *stage) publish(ref Reference, m *v1.Manifest, manifest []byte, layers []Layer, extra map[string]string) (Image, error) {
	entry, err := t.addDocument(mediaType(m), manifest)
	if err != nil {
		return Image{}, err
	}
	entry.Annotations = map[string]string{}
	maps.Copy(entry.Annotations, extra)
	entry.Annotations[annotationSize] = sizes(layers)
	if ref.Path != "" {
		entry.Annotations[annotationName] = ref.String()
	}
	if err := t.commit(append(m.Layers, m.Config, entry), entry); err != nil {
		return Image{}, err
	}
	return t.store.describe(entry)
}
