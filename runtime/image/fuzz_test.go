package image

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// What a registry answers is a stranger's. Whatever it is: no panic, and what is accepted can be used as it is,
// each digest as a file's name, each size as a promise.
func FuzzDocuments(f *testing.F) {
	layer := fmt.Sprintf(`{"mediaType":%q,"size":1,"digest":%q}`, types.OCILayer, someDigest)
	config := fmt.Sprintf(`{"mediaType":%q,"size":2,"digest":%q}`, types.OCIConfigJSON, someDigest)
	for _, seed := range []string{
		`{"config":` + config + `,"layers":[` + layer + `]}`,
		`{"config":` + config + `,"layers":[` + layer + `],"manifests":[]}`,
		`{"manifests":[{"mediaType":"` + string(types.OCIManifestSchema1) + `","size":1,"digest":"` + someDigest + `","platform":{"os":"linux","architecture":"` + runtime.GOARCH + `"}}]}`,
		`{"manifests":[{"platform":null,"digest":"sha256:zz/../x"}],"MANIFESTS":null}`,
		`{"os":"linux","rootfs":{"type":"layers","diff_ids":["` + someDigest + `"]}}`,
		`{"layers":null,"config":null}`, `[]`, `null`, `{"schemaVersion":1,"fsLayers":[]}`, `{"config":{"size":1e400}}`, strings.Repeat("[", 20_000),
	} {
		f.Add([]byte(seed), string(types.OCIManifestSchema1))
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		if index, err := isIndex(data, types.MediaType(contentType)); err == nil && index {
			if chosen, err := choose(data, v1.Platform{OS: "linux", Architecture: runtime.GOARCH}); err == nil {
				requireDigest(t, chosen.Digest)
			}
		}
		m, err := parseManifest(data)
		if err == nil {
			requireDigest(t, m.Config.Digest)
			require.LessOrEqual(t, m.Config.Size, int64(configLimit))
			require.LessOrEqual(t, len(m.Layers), layerLimit)
			for _, l := range m.Layers {
				requireDigest(t, l.Digest)
				require.True(t, l.Size >= 0 && l.Size <= blobLimit, l.Size)
			}
		}
		for n := range 3 {
			if c, err := parseConfig(data, &v1.Manifest{Layers: make([]v1.Descriptor, n)}); err == nil {
				require.Len(t, c.RootFS.DiffIDs, n)
				for _, id := range c.RootFS.DiffIDs {
					requireDigest(t, id)
				}
				checkPlatform(c, Reference{}, "linux/amd64", v1.Platform{})
			}
		}
	})
}

func requireDigest(t *testing.T, h v1.Hash) {
	t.Helper()
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, h.String())
}

// A platform that is accepted is one of Linux, and means the same when it is read again.
func FuzzPlatform(f *testing.F) {
	for _, s := range []string{"", "linux/amd64", "arm64", "LINUX/arm/v7", "x86_64", "linux/", "windows/amd64", "a/b/c/d", "linux//v7", "linux/../x", "linux/arm/", "linux(1)/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePlatform(s)
		if err != nil {
			return
		}
		require.Equal(t, "linux", p.OS)
		require.NotEmpty(t, p.Architecture)
		require.NotContains(t, p.Architecture+p.Variant, "/")
		again, err := parsePlatform(p.String())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

// The index of the store is ours, but a disk may spoil it, and another tool may write it.
func FuzzStoreIndex(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"digest":"` + someDigest + `","size":3,"annotations":{"org.opencontainers.image.ref.name":"a","tutor.size":"1 x -3"}}]}`))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:../../x","size":-1}]}`))
	f.Add([]byte(`{"manifests":null}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newStore(t)
		require.NoError(t, s.replace("index.json", data))
		images, err := s.List()
		if json.Valid(data) && err == nil {
			require.Empty(t, images, "there are no blobs")
		}
		s.Find("a")
		s.Find("0123456789ab")
		require.Empty(t, s.knownSizes())
	})
}
