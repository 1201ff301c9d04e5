package image

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Indexes may hold indexes. Nobody nests deeper than one; an index can not contain itself (its digest would
// have to be known before it is), but a long chain of them would keep us fetching for ever.
const indexDepth = 4

// parsePlatform reads --platform: "linux/arm64", "linux/arm/v7", "arm64"; empty is this machine.
func parsePlatform(s string) (v1.Platform, error) {
	if s == "" {
		return v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, nil
	}
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) == 1 && parts[0] != "linux" {
		parts = []string{"linux", parts[0]}
	}
	if len(parts) == 1 {
		parts = append(parts, runtime.GOARCH)
	}
	if len(parts) > 3 || parts[0] != "linux" || parts[1] == "" {
		return v1.Platform{}, &Error{Op: "platform", Msg: fmt.Sprintf("%q is no platform that tutor runs", s),
			Hint: "a platform is linux/ARCHITECTURE[/VARIANT]: linux/amd64, linux/arm64"}
	}
	p := v1.Platform{OS: parts[0], Architecture: alias(parts[1])}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p, nil
}

// alias turns uname's word into Go's, which images use.
func alias(arch string) string {
	switch arch {
	case "x86_64", "x86-64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return arch
}

// imageManifest follows data, what a name stands for, to the manifest of one image for platform p.
func (c *client) imageManifest(ctx context.Context, data []byte, digest v1.Hash, contentType types.MediaType, p v1.Platform) ([]byte, v1.Hash, error) {
	for range indexDepth {
		index, err := isIndex(data, contentType)
		if err != nil {
			return nil, v1.Hash{}, err
		}
		if !index {
			return data, digest, nil
		}
		next, err := choose(data, p)
		if err != nil {
			return nil, v1.Hash{}, err
		}
		data, digest, contentType, err = c.manifest(ctx, next.Digest.String())
		if err != nil {
			return nil, v1.Hash{}, err
		}
		if int64(len(data)) != next.Size {
			return nil, v1.Hash{}, fmt.Errorf("manifest %s has %d bytes, the index says %d", digest, len(data), next.Size)
		}
	}
	return nil, v1.Hash{}, fmt.Errorf("indexes are nested deeper than %d", indexDepth)
}

// choose picks the manifest for p from an index: the one whose variant fits best, the first among equals. An
// entry without a platform (an index inside, an image by a plain tool) is taken when none names p.
func choose(data []byte, p v1.Platform) (v1.Descriptor, error) {
	var index v1.IndexManifest
	if err := decode(data, &index); err != nil {
		return v1.Descriptor{}, fmt.Errorf("index: %w", err)
	}
	best, score := v1.Descriptor{}, 0
	for _, d := range index.Manifests {
		if _, err := parseDigest(d.Digest.String()); err != nil {
			return v1.Descriptor{}, fmt.Errorf("index: %w", err)
		}
		if s := suits(d, p); s > score {
			best, score = d, s
		}
	}
	if score == 0 {
		return v1.Descriptor{}, fmt.Errorf("no matching manifest for %s in the manifest list entries", p)
	}
	return best, nil
}

// suits rates an entry of an index: 0 is unusable.
func suits(d v1.Descriptor, p v1.Platform) int {
	if !d.MediaType.IsIndex() && !d.MediaType.IsImage() {
		return 0
	}
	if d.Platform == nil || d.Platform.OS == "" {
		return 1
	}
	if d.Platform.OS != p.OS || d.Platform.Architecture != p.Architecture {
		return 0
	}
	want := p.Variant
	if want == "" {
		want = usualVariant[p.Architecture]
	}
	switch d.Platform.Variant {
	case want:
		return 4
	case "":
		return 3
	}
	if p.Variant != "" || p.Architecture == "amd64" {
		return 0 // amd64/v3 does not run on every amd64
	}
	return 2
}

// usualVariant is the variant that an architecture has when nobody says (github.com/containerd/platforms).
var usualVariant = map[string]string{"arm64": "v8", "arm": "v7", "amd64": ""}

// checkPlatform refuses what cannot run here: another system, or another processor than was asked for.
func checkPlatform(c *v1.ConfigFile, ref Reference, asked string, p v1.Platform) error {
	if c.OS != "linux" && c.OS != "" {
		return fmt.Errorf("image is for %s: it cannot be used on linux", c.OS)
	}
	if asked != "" && c.Architecture != "" && c.Architecture != p.Architecture {
		return fmt.Errorf("image with reference %s was found but its platform (%s/%s) does not match the specified platform (%s)",
			ref.Familiar(), c.OS, c.Architecture, p)
	}
	return nil
}
