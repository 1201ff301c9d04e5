package grader

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Images for box, as OCI layouts (image-layout.md). They are written by hand, since some of them are as no tool would
// write them.

// An entry is a file of a layer, in the order in which it shall stand there.
type entry struct {
	name    string // with a "/" at the end: a directory
	content string
	link    string // a symbolic link to there
}

// A picture is an image to be made.
type picture struct {
	arch   string    // "": this machine's
	layers [][]entry // above the probe's
	config map[string]any
}

// A layout collects blobs and an index.
type layout struct {
	dir       string
	base      *packed // the probe's layer, the lowest of every image
	manifests []map[string]any
	lastLayer string // where the last layer lies: to spoil it
}

// layout makes one in the sandbox.
func (s *Sandbox) layout(path string) (*layout, error) {
	base, err := s.bench.probeLayer()
	if err != nil {
		return nil, err
	}
	l := &layout{dir: s.host(path), base: base}
	if err := os.MkdirAll(filepath.Join(l.dir, "blobs/sha256"), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(l.dir, "blobs/sha256", base.sum), base.zipped, 0o644); err != nil {
		return nil, err
	}
	return l, os.WriteFile(filepath.Join(l.dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

// blob stores content under its digest, and describes it.
func (l *layout) blob(kind string, content []byte) (map[string]any, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	described := map[string]any{"mediaType": kind, "digest": "sha256:" + sum, "size": len(content)}
	return described, os.WriteFile(filepath.Join(l.dir, "blobs/sha256", sum), content, 0o644)
}

func (l *layout) json(kind string, value map[string]any) (map[string]any, error) {
	value["schemaVersion"], value["mediaType"] = 2, kind
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return l.blob(kind, content)
}

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// image makes one and describes its manifest, with the platform.
func (l *layout) image(p picture) (map[string]any, error) {
	if p.arch == "" {
		p.arch = runtime.GOARCH
	}
	layers := []map[string]any{{"mediaType": layerType, "digest": "sha256:" + l.base.sum, "size": len(l.base.zipped)}}
	diffs := []string{"sha256:" + l.base.diff}
	for _, entries := range p.layers {
		one, err := pack(entries)
		if err != nil {
			return nil, err
		}
		described, err := l.blob(layerType, one.zipped)
		if err != nil {
			return nil, err
		}
		layers, diffs = append(layers, described), append(diffs, "sha256:"+one.diff)
		l.lastLayer = filepath.Join(l.dir, "blobs/sha256", described["digest"].(string)[len("sha256:"):])
	}
	if p.config == nil {
		p.config = map[string]any{} // null is not allowed (image-spec, config.md)
	}
	content, err := json.Marshal(map[string]any{"os": "linux", "architecture": p.arch, "config": p.config, "rootfs": map[string]any{"type": "layers", "diff_ids": diffs}})
	if err != nil {
		return nil, err
	}
	config, err := l.blob(configType, content)
	if err != nil {
		return nil, err
	}
	manifest, err := l.json(manifestType, map[string]any{"config": config, "layers": layers})
	if err != nil {
		return nil, err
	}
	manifest["platform"] = map[string]any{"os": "linux", "architecture": p.arch}
	return manifest, nil
}

// name adds what it describes to the layout's index, under a tag.
func (l *layout) name(described map[string]any, tag string) {
	if tag != "" {
		described["annotations"] = map[string]string{"org.opencontainers.image.ref.name": tag}
	}
	l.manifests = append(l.manifests, described)
}

func (l *layout) write() error {
	content, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": l.manifests})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, "index.json"), content, 0o644)
}

// A packed layer is one as it is stored, and two digests: of the blob, and of the tar in it.
type packed struct {
	zipped    []byte
	sum, diff string
}

// pack makes a layer. It is not squeezed: the probe is large, and every reader of gzip reads this as well.
func pack(entries []entry) (*packed, error) {
	var plain, gz bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.name[len(e.name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	z, err := gzip.NewWriterLevel(&gz, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(plain.Bytes()); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &packed{gz.Bytes(), fmt.Sprintf("%x", sha256.Sum256(gz.Bytes())), fmt.Sprintf("%x", sha256.Sum256(plain.Bytes()))}, nil
}

// probeLayer is the lowest layer of every image. It is large, and made once.
func (b *Bench) probeLayer() (*packed, error) {
	if b.packed != nil {
		return b.packed, nil
	}
	probe, err := os.ReadFile(filepath.Join(b.tools(), "tutor"))
	if err != nil {
		return nil, err
	}
	b.packed, err = pack([]entry{{name: "bin/"}, {name: "bin/tutor", content: string(probe)}, {name: "proc/"}, {name: "etc/"}, {name: "tmp/"}})
	return b.packed, err
}
