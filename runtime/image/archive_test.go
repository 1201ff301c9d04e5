package image

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

// saved is what Save writes for names.
func saved(t *testing.T, s *Store, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.Save(t.Context(), &b, names))
	return b.Bytes()
}

func load(t *testing.T, s *Store, archive []byte) ([]Loaded, error) {
	t.Helper()
	return s.Load(t.Context(), bytes.NewReader(archive))
}

func TestWhatIsSavedLoadsAsTheSameImage(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", "a"})
	put(t, s, "a:other", tarFile{"a", "a"})
	b := put(t, s, "localhost:5000/team/b:1", tarFile{"b", "b"})
	archive := saved(t, s, "a", "localhost:5000/team/b:1")
	require.Equal(t, archive, saved(t, s, "a", "localhost:5000/team/b:1"), "the same bytes every time")

	other := newStore(t)
	loaded, err := load(t, other, archive)
	require.NoError(t, err)
	var names []string
	for _, l := range loaded {
		names = append(names, l.Name)
	}
	require.Equal(t, []string{"a:latest", "a:other", "localhost:5000/team/b:1"}, names, "a name without a tag means all its tags")
	for name, want := range map[string]Image{"a": a, "a:other": a, "localhost:5000/team/b:1": b} {
		got, err := other.Find(name)
		require.NoError(t, err)
		require.Equal(t, want.ID, got.ID)
		require.Equal(t, want.Manifest, got.Manifest)
		require.Equal(t, want.Size, got.Size)
		_, err = readLayer(other, got.Layers[0])
		require.NoError(t, err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(archive)
	z.Close()
	_, err = load(t, newStore(t), packed.Bytes())
	require.NoError(t, err, "packed as well")

	byID, err := load(t, newStore(t), saved(t, s, a.ID))
	require.NoError(t, err)
	require.Equal(t, "", byID[0].Name)
	require.Equal(t, a.ID, byID[0].Image.ID)
}

func TestALoadedNameIsTakenFromTheImageThatHadIt(t *testing.T) {
	s, other := newStore(t), newStore(t)
	put(t, s, "a", tarFile{"a", "new"})
	before := put(t, other, "a", tarFile{"a", "old"})
	loaded, err := load(t, other, saved(t, s, "a"))
	require.NoError(t, err)
	require.Equal(t, before.ID, loaded[0].Replaced)
	old, err := other.Find(before.ID)
	require.NoError(t, err)
	require.Empty(t, old.Names)
	require.True(t, old.Dangling())
	again, err := load(t, other, saved(t, s, "a"))
	require.NoError(t, err)
	require.Empty(t, again[0].Replaced)
}

// An entry is one entry of an archive made by hand.
type entry struct {
	name, content, link string
}

func archiveOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.link != "" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// oldArchive is what docker save wrote before version 25: layers plain, each in a directory of its own, and a
// layer that comes twice as a symlink to the first.
func oldArchive(t *testing.T, change func(entries []entry, manifest map[string]any) []entry) []byte {
	t.Helper()
	layer := makeTar(t, tarFile{"file", "content"})
	img := makeImage(t, runtime.GOARCH, packedLayer(t, layer, layer, types.DockerUncompressedLayer), packedLayer(t, layer, layer, types.DockerUncompressedLayer))
	config, err := img.RawConfigFile()
	require.NoError(t, err)
	manifest := map[string]any{"Config": "c.json", "RepoTags": []string{"old:1", "old:2"}, "Layers": []string{"one/layer.tar", "two/layer.tar"}}
	entries := []entry{
		{name: "one/layer.tar", content: string(layer)},
		{name: "one/VERSION", content: "1.0"},
		{name: "two/layer.tar", link: "../one/layer.tar"},
		{name: "c.json", content: string(config)},
	}
	if change != nil {
		entries = change(entries, manifest)
	}
	data, err := json.Marshal([]any{manifest})
	require.NoError(t, err)
	return archiveOf(t, append(entries, entry{name: "manifest.json", content: string(data)})...)
}

func TestAnArchiveOfAnOldDockerLoads(t *testing.T) {
	s := newStore(t)
	loaded, err := load(t, s, oldArchive(t, nil))
	require.NoError(t, err)
	require.Len(t, loaded, 2)
	require.Equal(t, "old:1", loaded[0].Name)
	img, err := s.Find("old:2")
	require.NoError(t, err)
	require.Equal(t, []string{"old:1", "old:2"}, img.Names)
	require.Len(t, img.Layers, 2)
	data, err := readLayer(s, img.Layers[1])
	require.NoError(t, err)
	require.Equal(t, makeTar(t, tarFile{"file", "content"}), data)
}

func TestOfAnArchiveWithAFaultNothingIsKept(t *testing.T) {
	good := newStore(t)
	put(t, good, "a", tarFile{"a", "a"})
	whole := saved(t, good, "a")
	for name, c := range map[string]struct {
		archive []byte
		why     string
	}{
		"empty":          {nil, "neither index.json nor manifest.json"},
		"rubbish":        {[]byte(strings.Repeat("rubbish!", 1000)), "not a tar archive"},
		"cut off":        {whole[:700], "cut off"},
		"xz":             {[]byte("\xfd7zXZ\x00rest"), "packed with xz"},
		"a file system":  {makeTar(t, tarFile{"bin/sh", "x"}), "no saved image"},
		"no blob":        {archiveOf(t, entry{name: "index.json", content: fmt.Sprintf(`{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%064d","size":3}]}`, 1)}), "has no blob"},
		"no image":       {archiveOf(t, entry{name: "index.json", content: `{"manifests":[]}`}), "lists no image"},
		"bad digest":     {archiveOf(t, entry{name: "index.json", content: `{"manifests":[{"digest":"sha256:../../x","size":3}]}`}), "non-hex"},
		"index not JSON": {archiveOf(t, entry{name: "index.json", content: `{`}), "index.json"},
		"a layer outside": {oldArchive(t, func(e []entry, m map[string]any) []entry {
			m["Layers"] = []string{"../../../../etc/passwd", "two/layer.tar"}
			return e
		}), `no file "etc/passwd"`},
		"a config outside": {oldArchive(t, func(e []entry, m map[string]any) []entry { m["Config"] = "/etc/hostname"; return e }), `no file "etc/hostname"`},
		"a link outside":   {oldArchive(t, func(e []entry, _ map[string]any) []entry { e[2].link = "/etc/passwd"; return e }), `no file "etc/passwd"`},
		"a link to itself": {oldArchive(t, func(e []entry, _ map[string]any) []entry { e[2].link = "layer.tar"; return e }), "no file"},
		"a hostile name":   {oldArchive(t, func(e []entry, m map[string]any) []entry { m["RepoTags"] = []string{"../../x"}; return e }), "invalid reference"},
		"one layer less":   {oldArchive(t, func(e []entry, m map[string]any) []entry { m["Layers"] = []string{"one/layer.tar"}; return e }), "knows 2 layers, the manifest 1"},
		"another layer": {oldArchive(t, func(e []entry, _ map[string]any) []entry {
			e[0].content = string(makeTar(t, tarFile{"file", "changed"}))
			return e
		}), "diff ID"},
		"a layer of rubbish": {oldArchive(t, func(e []entry, _ map[string]any) []entry { e[0].content = "\x1f\x8brubbish"; return e }), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			before := listing(t, s)
			_, err := load(t, s, c.archive)
			require.ErrorContains(t, err, c.why)
			require.Equal(t, before, listing(t, s))
			_, err = load(t, s, whole)
			require.NoError(t, err, "the control")
		})
	}
}

func TestCancelEndsALoadAndLeavesNothing(t *testing.T) {
	s, other := newStore(t), newStore(t)
	put(t, s, "a", tarFile{"a", strings.Repeat("a", 1<<20)})
	before := listing(t, other)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := other.Load(ctx, bytes.NewReader(saved(t, s, "a")))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, listing(t, other))
}

// A gzip of gigabytes of zeros is a megabyte: it ends where no honest archive would still go on.
func TestAPackedBombEndsEarly(t *testing.T) {
	s := newStore(t)
	before := listing(t, s)
	bomb, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		zeros := make([]byte, 1<<20)
		header := &tar.Header{Name: "blobs/sha256/zeros", Typeflag: tar.TypeReg, Size: 8 << 30}
		archive := tar.NewWriter(z)
		err := archive.WriteHeader(header)
		for err == nil {
			_, err = archive.Write(zeros)
		}
		w.CloseWithError(err)
	}()
	_, err := s.Load(t.Context(), bomb)
	bomb.Close()
	require.ErrorContains(t, err, "a decompression bomb")
	require.Equal(t, before, listing(t, s))
}
