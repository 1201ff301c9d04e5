package image

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// layout reads index.json: an OCI image layout (image-spec, image-layout.md).
func (s *spool) layout() ([]arrival, error) {
	data, err := s.document("index.json", manifestLimit)
	if err != nil {
		return nil, err
	}
	var index v1.IndexManifest
	if err := decode(data, &index); err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	platform, err := parsePlatform("")
	if err != nil {
		return nil, err
	}
	var found []arrival
	for _, d := range index.Manifests {
		if d.Annotations["vnd.docker.reference.type"] != "" { // a build's attestation, not an image
			continue
		}
		a := arrival{names: layoutNames(d.Annotations)}
		if a.data, err = s.imageIn(d, platform); err != nil {
			return nil, err
		}
		if err := s.hold(2 * len(a.data)); err != nil { // and once more what they say
			return nil, err
		}
		if a.manifest, err = parseManifest(a.data); err != nil {
			return nil, err
		}
		found = append(found, a)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("index.json lists no image")
	}
	return found, nil
}

// layoutNames is the name of an entry: Docker writes all of it into an annotation of containerd's; Podman all of it,
// and others the tag alone, into the image-spec's. A tag alone names nothing.
func layoutNames(annotations map[string]string) []Reference {
	for _, key := range []string{"io.containerd.image.name", annotationName} {
		name := annotations[key]
		if !strings.ContainsAny(name, ":/") {
			continue
		}
		if ref, err := Parse(name); err == nil {
			return []Reference{ref}
		}
	}
	return nil
}

// imageIn follows an entry to the manifest of one image for this machine.
func (s *spool) imageIn(d v1.Descriptor, p v1.Platform) ([]byte, error) {
	for range indexDepth {
		if _, err := parseDigest(d.Digest.String()); err != nil {
			return nil, err
		}
		data, err := s.blob(d.Digest, manifestLimit)
		if err != nil {
			return nil, err
		}
		index, err := isIndex(data, d.MediaType)
		if err != nil || !index {
			return data, err
		}
		if d, err = choose(data, p); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("indexes are nested deeper than %d", indexDepth)
}
