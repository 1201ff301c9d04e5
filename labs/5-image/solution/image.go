//go:build box

package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

var imageFlag = flag.String("image", "", "an OCI image layout, DIR or DIR:TAG")

// A descriptor names a blob by its content.
type descriptor struct {
	Digest      string
	Platform    struct{ OS, Architecture string }
	Annotations map[string]string
}

// unpack makes one directory of an image's layers, and returns its config.
func unpack(image, to string) (imageConfig, error) {
	layout, tag, _ := strings.Cut(image, ":")
	var index struct{ Manifests, Layers []descriptor }
	content, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		return imageConfig{}, err
	}
	if err := json.Unmarshal(content, &index); err != nil {
		return imageConfig{}, err
	}
	found, err := choose(layout, index.Manifests, tag)
	if err != nil {
		return imageConfig{}, err
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	if err := readJSON(layout, found, &manifest); err != nil {
		return imageConfig{}, err
	}
	var config struct{ Config imageConfig }
	if err := readJSON(layout, manifest.Config, &config); err != nil {
		return imageConfig{}, err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return imageConfig{}, err
	}
	for _, layer := range manifest.Layers {
		blob, err := readBlob(layout, layer)
		if err != nil {
			return imageConfig{}, err
		}
		if err := applyLayer(blob, to); err != nil {
			return imageConfig{}, fmt.Errorf("layer %.20s: %w", layer.Digest, err)
		}
	}
	return config.Config, nil
}

// choose finds the manifest of the tag, for this machine. What it finds may be an index of its own.
func choose(layout string, manifests []descriptor, tag string) (descriptor, error) {
	for _, m := range manifests {
		if tag != "" && m.Annotations["org.opencontainers.image.ref.name"] != tag {
			continue
		}
		if m.Platform.Architecture != "" && (m.Platform.Architecture != runtime.GOARCH || m.Platform.OS != "linux") {
			continue
		}
		var index struct{ Manifests []descriptor }
		if err := readJSON(layout, m, &index); err != nil {
			return descriptor{}, err
		}
		if index.Manifests != nil {
			return choose(layout, index.Manifests, "")
		}
		return m, nil
	}
	return descriptor{}, fmt.Errorf("no image %q for linux/%s in %s", tag, runtime.GOARCH, layout)
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// readBlob believes no file that is not what its name says.
func readBlob(layout string, d descriptor) ([]byte, error) {
	if !digestForm.MatchString(d.Digest) {
		return nil, fmt.Errorf("%q is no digest", d.Digest)
	}
	content, err := os.ReadFile(filepath.Join(layout, "blobs", "sha256", d.Digest[len("sha256:"):]))
	if err != nil {
		return nil, err
	}
	if sum := fmt.Sprintf("sha256:%x", sha256.Sum256(content)); sum != d.Digest {
		return nil, fmt.Errorf("blob %.20s has the content of %.20s", d.Digest, sum)
	}
	return content, nil
}

func readJSON(layout string, d descriptor, into any) error {
	content, err := readBlob(layout, d)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}
