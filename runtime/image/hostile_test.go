package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// refused pulls from the registry itself (no other endpoint to fall back to) and demands an error that says why,
// and a store as it was. Afterwards a good image can be pulled, so no lock is held by the dead.
func refused(t *testing.T, r *testRegistry, name, why string) {
	t.Helper()
	refusedLeaving(t, r, name, why, listing)
}

// visible is the store without what waits for the next pull.
func visible(t testing.TB, s *Store) string {
	t.Helper()
	all := listing(t, s)
	return regexp.MustCompile(`(?m)^/tmp/.*\n`).ReplaceAllString(all, "")
}

func refusedLeaving(t *testing.T, r *testRegistry, name, why string, listing func(testing.TB, *Store) string) {
	t.Helper()
	s := newStore(t)
	before := listing(t, s)
	start := time.Now()
	_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/"+name), PullOptions{})
	require.ErrorContains(t, err, why)
	require.Equal(t, before, listing(t, s))
	require.Less(t, time.Since(start), pace.Times(15*time.Second))
	r.mutex.Lock()
	r.between = nil
	r.mutex.Unlock()
	r.push(t, "good", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"good", "good"})))
	_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/good"), PullOptions{})
	require.NoError(t, err, "the control")
}

// answer serves other bytes for one blob, or one manifest.
func answer(suffix string, serve func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		serve(w)
		return true
	}
}

func TestWrongBlobIsRefused(t *testing.T) {
	layer := gzipLayer(t, tarFile{"a", "some content"})
	digest, _ := layer.Digest()
	rc, err := layer.Compressed()
	require.NoError(t, err)
	right, err := io.ReadAll(rc)
	require.NoError(t, err)
	flipped := bytes.Clone(right)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		why   string
		left  func(testing.TB, *Store) string
		serve func(w http.ResponseWriter)
	}{
		"a flipped bit": {"its bytes have digest", listing, func(w http.ResponseWriter) { w.Write(flipped) }},
		"cut off": {"ended after", visible, func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", fmt.Sprint(len(right)))
			w.Write(right[:20])
		}},
		"too short": {"ended after", visible, func(w http.ResponseWriter) { w.Write(right[:20]) }},
		"too long":  {"larger than", listing, func(w http.ResponseWriter) { w.Write(append(bytes.Clone(right), make([]byte, 1<<20)...)) }},
		"not there": {"blob unknown", visible, func(w http.ResponseWriter) {
			w.WriteHeader(404)
			io.WriteString(w, `{"errors":[{"code":"BLOB_UNKNOWN"}]}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			r.push(t, "bad", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"first", "fine"}), layer))
			r.between = answer(digest.String(), c.serve)
			refusedLeaving(t, r, "bad", c.why, c.left)
		})
	}
}

func TestWrongConfigAndManifestAreRefused(t *testing.T) {
	r := newRegistry(t)
	img := makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"}))
	config, _ := img.ConfigName()
	digest := r.push(t, "bad", "latest", img)
	r.between = answer(config.String(), func(w http.ResponseWriter) {
		data, _ := img.RawConfigFile()
		w.Write(bytes.Replace(data, []byte("sh"), []byte("su"), 1))
	})
	refused(t, r, "bad", "its bytes have digest")
	r.between = answer(digest.String(), func(w http.ResponseWriter) { io.WriteString(w, `{"layers":[]}`) })
	refused(t, r, "bad@"+digest.String(), "asked for was")
	r.between = answer("/latest", func(w http.ResponseWriter) { w.Write(bytes.Repeat([]byte(" "), manifestLimit+1)) })
	refused(t, r, "bad", "larger than 4194304 bytes")
}

func TestWrongDiffIDIsRefused(t *testing.T) {
	r := newRegistry(t)
	other, _, err := v1.SHA256(strings.NewReader("another"))
	require.NoError(t, err)
	layer := madeLayer{gzipLayer(t, tarFile{"a", "a"}), other}
	r.push(t, "bad", "latest", makeImage(t, runtime.GOARCH, layer))
	refused(t, r, "bad", "unpacked it has diff ID")

	s := newStore(t) // the blob is there already, under a config that tells the truth
	r.push(t, "fine", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})))
	_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/fine"), PullOptions{})
	require.NoError(t, err)
	_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/bad"), PullOptions{})
	require.ErrorContains(t, err, "unpacked it has diff ID")
	_, err = s.Put(mustParse(t, "local"), makeImage(t, runtime.GOARCH, layer), nil)
	require.ErrorContains(t, err, "unpacked it has diff ID")
}

func TestBombsAndGarbageAreRefused(t *testing.T) {
	zeros := gzipped(t, make([]byte, 64<<20)) // 64 MB in 64 kB; members follow one another (RFC 1952)
	bomb := bytes.Repeat(zeros, 40)
	for name, c := range map[string]struct {
		blob []byte
		kind types.MediaType
		why  string
	}{
		"gzip bomb":      {bomb, types.OCILayer, "decompression bomb"},
		"zstd bomb":      {bytes.Repeat(zstdded(t, make([]byte, 64<<20)), 40), types.OCILayerZStd, "decompression bomb"},
		"zstd window":    {zstdWindowed(1 << 31), types.OCILayerZStd, "window size exceeded"},
		"cut gzip":       {gzipped(t, makeTar(t, tarFile{"a", "a"}))[:60], types.OCILayer, "unexpected EOF"},
		"cut gzip head":  {[]byte{0x1f, 0x8b, 8}, types.OCILayer, "EOF"},
		"trailing bytes": {append(gzipped(t, makeTar(t)), "garbage"...), types.OCILayer, "EOF"},
		"cut zstd":       {zstdded(t, makeTar(t, tarFile{"a", strings.Repeat("ab", 999)}))[:20], types.OCILayerZStd, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			layer := packedLayer(t, nil, c.blob, c.kind)
			r.push(t, "bad", "latest", makeImage(t, runtime.GOARCH, layer))
			refused(t, r, "bad", c.why)
		})
	}
}

// zstdWindowed is a frame that wants size bytes of memory before it says anything (RFC 8878, 3.1.1.1.2).
func zstdWindowed(size uint64) []byte {
	exponent := byte(bits.Len64(size) - 1 - 10)
	return []byte{0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0}
}

func TestOtherCompressionsWork(t *testing.T) {
	plain := makeTar(t, tarFile{"a", strings.Repeat("content", 1000)})
	for kind, packed := range map[types.MediaType][]byte{
		types.OCILayer: gzipped(t, plain), types.OCILayerZStd: zstdded(t, plain), types.OCIUncompressedLayer: plain,
		types.DockerLayer: gzipped(t, plain), types.DockerUncompressedLayer: plain,
	} {
		s := newStore(t)
		img, err := s.Put(mustParse(t, "a"), makeImage(t, runtime.GOARCH, packedLayer(t, plain, packed, kind)), map[string]string{"tutor.made-of": "x"})
		require.NoError(t, err, kind)
		require.Equal(t, "x", img.Annotations["tutor.made-of"])
		data, err := readLayer(s, img.Layers[0])
		require.NoError(t, err, kind)
		require.Equal(t, plain, data)
		require.EqualValues(t, len(plain), img.Size)
	}
}

// refusedDocument serves a manifest that no honest registry has.
func refusedDocument(t *testing.T, kind types.MediaType, document string, why string) {
	t.Helper()
	r := newRegistry(t)
	r.between = answer("/manifests/latest", func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", string(kind))
		io.WriteString(w, document)
	})
	refused(t, r, "bad", why)
}

func TestStrangeManifestsAreRefused(t *testing.T) {
	config := fmt.Sprintf(`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":%q}`, someDigest)
	layer := func(kind, digest string, size int64, more string) string {
		return fmt.Sprintf(`{%s,"layers":[{"mediaType":%q,"size":%d,"digest":%q%s}]}`, config, kind, size, digest, more)
	}
	gz := string(types.OCILayer)
	for name, c := range map[string]struct {
		kind     types.MediaType
		document string
		why      string
	}{
		"two in one":         {types.OCIImageIndex, `{"layers":[],"manifests":[]}`, "both"},
		"two in one, config": {types.OCIManifestSchema1, `{` + config + `,"manifests":[]}`, "both"},
		"neither":            {types.OCIManifestSchema1, `{}`, "neither"},
		"index by type only": {types.OCIImageIndex, `{"layers":[]}`, "calls itself"},
		"calls itself index": {types.OCIManifestSchema1, `{"mediaType":"application/vnd.oci.image.index.v1+json","layers":[]}`, "calls itself"},
		"schema 1":           {types.DockerManifestSchema1, `{"fsLayers":[]}`, "schema 1"},
		"no JSON":            {types.OCIManifestSchema1, `<html>`, "not JSON"},
		"path as digest":     {types.OCIManifestSchema1, layer(gz, "sha256:../../../canary/x", 1, ""), "hash"},
		"short digest":       {types.OCIManifestSchema1, layer(gz, "sha256:12", 1, ""), "hex digits"},
		"sha512":             {types.OCIManifestSchema1, layer(gz, "sha512:"+strings.Repeat("0", 128), 1, ""), "only sha256"},
		"no digest":          {types.OCIManifestSchema1, `{` + config + `,"layers":[{"mediaType":"` + gz + `"}]}`, "invalid digest"},
		"digest in an index": {types.OCIImageIndex, `{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"sha256:zz/../x"}]}`, "hash"},
		"negative size":      {types.OCIManifestSchema1, layer(gz, someDigest, -1, ""), "size of -1"},
		"enormous size":      {types.OCIManifestSchema1, layer(gz, someDigest, 1<<60, ""), "limit"},
		"foreign layer":      {types.OCIManifestSchema1, layer(string(types.DockerForeignLayer), someDigest, 1, `,"urls":["http://127.0.0.1/x"]`), "foreign"},
		"no image":           {types.OCIManifestSchema1, layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", someDigest, 1, ""), "no container image"},
	} {
		t.Run(name, func(t *testing.T) { refusedDocument(t, c.kind, c.document, c.why) })
	}
}

func TestEndlessIndexesAreRefused(t *testing.T) {
	r := newRegistry(t)
	data := []byte(`{"manifests":[]}`)
	for range 8 {
		h := r.putManifest(t, "bad", "latest", string(types.OCIImageIndex), data)
		next, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, Manifests: []v1.Descriptor{{MediaType: types.OCIImageIndex, Digest: h, Size: int64(len(data))}}})
		require.NoError(t, err)
		data = next
	}
	refused(t, r, "bad", "nested deeper")
}

func TestDigestHeaderIsCheckedBeforeItIsUsed(t *testing.T) {
	r := newRegistry(t)
	img := makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"}))
	r.push(t, "bad", "latest", img)
	r.between = answer("/manifests/latest", func(w http.ResponseWriter) {
		data, _ := img.RawManifest()
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
		w.Header().Set("Docker-Content-Digest", "sha256:zz/../x")
		w.Write(data)
	})
	refused(t, r, "bad", `invalid digest "sha256:zz/../x"`)
}
