package image

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

func TestConfigIsReadInDockersKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	c, err := LoadConfig(path, "")
	require.NoError(t, err)
	require.Empty(t, c.Mirrors)
	require.NoError(t, os.WriteFile(path, []byte(`{"registry-mirrors": ["https://file.example"], "insecure-registries": ["10.0.0.0/8"]}`), 0o600))
	c, err = LoadConfig(path, "http://first:5000, https://second.example/hub")
	require.NoError(t, err)
	require.Equal(t, Config{Mirrors: []string{"http://first:5000", "https://second.example/hub", "https://file.example"}, Insecure: []string{"10.0.0.0/8"}}, c)
	for _, bad := range []string{"mirror.example", "ftp://a", "https://", "https://a?b", "https://user:pass@a"} {
		_, err = LoadConfig(path, bad)
		require.ErrorContains(t, err, "invalid mirror", bad)
	}
	require.NoError(t, os.WriteFile(path, []byte(`{`), 0o600))
	_, err = LoadConfig(path, "")
	require.Error(t, err)
}

func put(t *testing.T, s *Store, name string, files ...tarFile) Image {
	t.Helper()
	base := gzipLayer(t, tarFile{"base", "shared"})
	img, err := s.Put(mustParse(t, name), makeImage(t, runtime.GOARCH, base, gzipLayer(t, files...)), nil)
	require.NoError(t, err)
	return img
}

func TestFindByNameAndByID(t *testing.T) {
	s := newStore(t)
	a, b := put(t, s, "a", tarFile{"a", "a"}), put(t, s, "me/b:v1", tarFile{"b", "b"})
	for _, name := range []string{"a", "a:latest", "docker.io/library/a", a.ID, strings.TrimPrefix(a.ID, "sha256:")[:12], strings.TrimPrefix(a.ID, "sha256:")[:4]} {
		img, err := s.Find(name)
		require.NoError(t, err, name)
		require.Equal(t, a.ID, img.ID)
	}
	img, err := s.Find("me/b:v1")
	require.NoError(t, err)
	require.Equal(t, b.ID, img.ID)
	for name, words := range map[string]string{"c": "No such image: c:latest", "me/b": "No such image: me/b:latest", "Foo": "No such image: Foo"} {
		_, err = s.Find(name)
		require.ErrorIs(t, err, ErrNotFound)
		require.EqualError(t, err, words)
	}
	info, err := os.Stat(s.dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm(), "no user of the host reaches an image's setuid files")
}

func blobs(t *testing.T, s *Store) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "blobs/sha256/*"))
	require.NoError(t, err)
	slices.Sort(paths)
	return paths
}

func TestRemoveFreesExactlyWhatNobodyUses(t *testing.T) {
	s := newStore(t)
	put(t, s, "a", tarFile{"a", "a"})
	before := blobs(t, s)
	b := put(t, s, "b", tarFile{"b", "b"})
	put(t, s, "b:other", tarFile{"b", "b"})
	require.Len(t, blobs(t, s), len(before)+3, "manifest, config, one layer: the base is shared")

	gone, err := s.Remove("b:other", false, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"b:other"}, gone.Untagged)
	require.Empty(t, gone.Deleted)

	gone, err = s.Remove("b", false, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"b:latest"}, gone.Untagged)
	require.Equal(t, []string{b.ID, b.ChainIDs()[1]}, gone.Deleted)
	require.Equal(t, before, blobs(t, s))

	_, err = s.Remove("b", false, nil)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.Remove("a", false, nil)
	require.NoError(t, err)
	require.Empty(t, blobs(t, s))
}

func TestRemoveByIDAndNamesInManyRepositories(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", "a"})
	put(t, s, "me/a", tarFile{"a", "a"})
	_, err := s.Remove(a.ID, false, nil)
	require.ErrorContains(t, err, "image is referenced in multiple repositories")
	gone, err := s.Remove(a.ID, true, nil)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"a:latest", "me/a:latest"}, gone.Untagged)
	require.Equal(t, a.ID, gone.Deleted[0])
	require.Empty(t, blobs(t, s))
}

func TestAnImageInUseStays(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", "a"})
	used := func(id string) (string, bool) { return "abc123", id == a.ID }
	before := listing(t, s)
	for _, name := range []string{"a", a.ID} {
		_, err := s.Remove(name, false, used)
		require.ErrorContains(t, err, "container abc123")
	}
	require.Equal(t, before, listing(t, s))
	gone, err := s.Remove("a", true, used)
	require.NoError(t, err)
	require.Equal(t, []string{"a:latest"}, gone.Untagged)
	require.Empty(t, gone.Deleted)
	img, err := s.Find(a.ID)
	require.NoError(t, err)
	require.Empty(t, img.Names)
	_, err = readLayer(s, img.Layers[0])
	require.NoError(t, err)
	gone, err = s.Remove(a.ID, false, nil)
	require.NoError(t, err)
	require.Contains(t, gone.Deleted, a.ID)
	require.Empty(t, blobs(t, s))
}

func TestOpenEndsWithAnErrorWhenTheDiskLies(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", strings.Repeat("content ", 1000)})
	h, err := parseDigest(a.Layers[1].Digest)
	require.NoError(t, err)
	data, err := os.ReadFile(s.blobPath(h))
	require.NoError(t, err)
	data[len(data)-1] ^= 1
	require.NoError(t, os.WriteFile(s.blobPath(h), data, 0o600))
	_, err = readLayer(s, a.Layers[1])
	require.Error(t, err)
	_, err = readLayer(s, a.Layers[0])
	require.NoError(t, err, "the control")
	_, err = s.Open(Layer{Digest: "sha256:../../x"})
	require.ErrorContains(t, err, "invalid digest")
}

// What was half written when somebody was killed is written over, and no part of it stays.
func TestAHalfWrittenIndexIsTheNextOnesToWriteOver(t *testing.T) {
	s := newStore(t)
	require.NoError(t, os.WriteFile(s.path(".index.json.new"), bytes.Repeat([]byte("{"), 1<<20), 0o600))
	put(t, s, "a", tarFile{"a", "a"})
	_, err := s.Find("a")
	require.NoError(t, err)
	entries, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"blobs", "index.json", "lock", "oci-layout", "tmp"}, names)
}

// One config under two manifests: the layers packed in two ways, as a docker archive of an image that is here brings.
func TestRemoveFreesTheOtherManifestOfAnImage(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", "a"})
	before := blobs(t, s)
	plain := make([]v1.Layer, len(a.Layers))
	for i, l := range a.Layers {
		data, err := readLayer(s, l)
		require.NoError(t, err)
		plain[i] = packedLayer(t, data, data, types.OCIUncompressedLayer)
	}
	other, err := s.Put(mustParse(t, "b"), makeImage(t, runtime.GOARCH, plain...), nil)
	require.NoError(t, err)
	require.Equal(t, a.ID, other.ID)
	require.NotEqual(t, a.Manifest, other.Manifest)
	gone, err := s.Remove("b", false, func(string) (string, bool) { return "c", true })
	require.NoError(t, err)
	require.Equal(t, []string{"b:latest"}, gone.Untagged)
	require.Empty(t, gone.Deleted)
	require.Equal(t, before, blobs(t, s))
	_, err = s.Remove("a", true, func(string) (string, bool) { return "c", true })
	require.NoError(t, err)
	require.Equal(t, before, blobs(t, s), "a container stands on it")
	_, err = s.Remove(a.ID, false, nil)
	require.NoError(t, err)
	require.Empty(t, blobs(t, s))
}
