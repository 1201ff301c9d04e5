package registry

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"

	"tutor/runtime/image"
)

func TestASpoiltManifestIsFetchedAgain(t *testing.T) {
	u := newUpstream(t)
	want := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	before := s.get("/v2/library/a/manifests/" + want).body
	require.NoError(t, s.Cache.putDocument(want, bytes.ReplaceAll(before, []byte("2"), []byte("3"))))
	sameBytes(t, before, s.get("/v2/library/a/manifests/"+want).body)
}

func TestAServerThatIsItsOwnMirrorAsksTheNext(t *testing.T) {
	u := newUpstream(t)
	want := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	s := serve(t, newStore(t), t.TempDir())
	s.Cache.config.Mirrors = []string{s.url, u.URL}
	got := make(chan string)
	go func() { got <- s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest") }()
	select {
	case digest := <-got:
		require.Equal(t, want, digest)
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for itself")
	}
}

func TestWhatWasMadeHereIsNobodyElses(t *testing.T) {
	u, store := newUpstream(t), newStore(t)
	u.push(t, "library/mine", newImage(t, "amd64"))
	ref, err := image.Parse("mine")
	require.NoError(t, err)
	made, err := store.Put(ref, mutate.MediaType(newImage(t, "amd64"), "application/vnd.oci.image.manifest.v1+json"), nil)
	require.NoError(t, err)
	s := serve(t, store, t.TempDir(), u.URL)
	require.Equal(t, made.Manifest, s.get("/v2/library/mine/manifests/latest").Header.Get("Docker-Content-Digest"))
	require.Equal(t, made.Layers[0].Digest, digestOf(s.get("/v2/library/mine/blobs/"+made.Layers[0].Digest).body))
	require.Zero(t, u.times("mine"), "upstream never hears of it")
	require.Contains(t, s.journal.String(), " store ")
}

func TestAPulledImageKeepsItsOtherPlatforms(t *testing.T) {
	u, store := newUpstream(t), newStore(t)
	index, amd, _ := twoPlatforms(t)
	want := u.pushIndex(t, "library/a", index)
	ref, err := image.Parse("a")
	require.NoError(t, err)
	pulled, _, err := store.Pull(t.Context(), ref, image.PullOptions{Config: image.Config{Mirrors: []string{u.URL}}, Platform: "linux/amd64"})
	require.NoError(t, err)
	u.set(nil)
	s := serve(t, store, t.TempDir(), u.URL)
	require.Equal(t, want.String(), s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"), "the index, not what the store has of it")
	layer, data := layerOf(t, amd)
	sameBytes(t, data, s.get("/v2/library/a/blobs/"+layer).body)
	require.Zero(t, u.times("/blobs/"), "layers of the store are not fetched")
	u.Close()
	offline := serve(t, store, t.TempDir(), u.URL)
	require.Equal(t, pulled.Manifest, offline.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"), "better than nothing")
}

func TestOneServerACacheAndPruneOnlyWhenNobodyServes(t *testing.T) {
	u := newUpstream(t)
	layer, data := layerOf(t, u.push(t, "library/a", newImage(t, "amd64")))
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	s.get("/v2/library/a/manifests/latest")
	s.get("/v2/library/a/blobs/" + layer)
	_, err := OpenCache(s.dir, image.Config{}, &Journal{})
	require.ErrorContains(t, err, "in use by another")
	_, err = Prune(s.dir)
	require.ErrorContains(t, err, "in use by another")
	s.Cache.Close()
	freed, err := Prune(s.dir)
	require.NoError(t, err)
	require.Greater(t, freed, int64(len(data)))
	again := serve(t, newStore(t), s.dir, u.URL)
	require.Empty(t, again.kept())
	require.Empty(t, again.Cache.names())
	sameBytes(t, data, again.get("/v2/library/a/blobs/"+layer).body)
}

func TestAnEmptyIndexIsAnIndex(t *testing.T) {
	u := newUpstream(t)
	want := u.pushIndex(t, "library/none", empty.Index)
	s := serve(t, newStore(t), t.TempDir(), u.URL)
	require.Equal(t, want.String(), s.get("/v2/library/none/manifests/latest").Header.Get("Docker-Content-Digest"))
}

func TestADamagedMemoryOfTagsIsAskedAgain(t *testing.T) {
	u := newUpstream(t)
	want := digestOfImage(t, u.push(t, "library/a", newImage(t, "amd64")))
	for _, damage := range []string{"null", "{", `{"docker.io/library/a:latest": {"digest": "sha256:../../x", "asked": "2999-01-01T00:00:00Z"}}`} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tags.json"), []byte(damage), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".new-1"), []byte("half"), 0o600)) // and a write that was cut off
		s := serve(t, newStore(t), dir, u.URL)
		require.Equal(t, want, s.get("/v2/library/a/manifests/latest").Header.Get("Docker-Content-Digest"), damage)
		require.NoFileExists(t, filepath.Join(dir, ".new-1"))
	}
}
