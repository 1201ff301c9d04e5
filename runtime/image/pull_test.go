package image

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

func pullFrom(t *testing.T, s *Store, r *testRegistry, name string) (Image, Pulled, error) {
	t.Helper()
	return s.Pull(t.Context(), mustParse(t, name), PullOptions{Config: Config{Mirrors: []string{r.URL}}})
}

func TestPullByMirrorKeepsDockerHubsName(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	want := r.push(t, "library/python", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "one"}), gzipLayer(t, tarFile{"b", "two"})))
	var seen []string
	img, pulled, err := s.Pull(t.Context(), mustParse(t, "python"), PullOptions{
		Config:   Config{Mirrors: []string{"http://127.0.0.1:1", r.URL}}, // the first is not there
		Progress: func(p Progress) { seen = append(seen, p.Status) },
	})
	require.NoError(t, err)
	require.Equal(t, want.String(), pulled.Digest)
	require.Equal(t, "Status: Downloaded newer image for python:latest", pulled.Status(mustParse(t, "python")))
	require.Equal(t, []string{"python:latest"}, img.Names)
	require.Len(t, img.Layers, 2)
	require.Equal(t, []string{"sh"}, img.Config.Config.Cmd)
	require.Positive(t, img.Size)
	for _, status := range []string{"Pulling from library/python", "Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Pull complete"} {
		require.Contains(t, seen, status)
	}
	found, err := s.Find("python")
	require.NoError(t, err)
	require.Equal(t, img, found)
	data, err := readLayer(s, img.Layers[0])
	require.NoError(t, err)
	require.Equal(t, makeTar(t, tarFile{"a", "one"}), data)
}

func TestMirrorWithAPathAndARegistryOfItsOwn(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	r.push(t, "library/python", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "one"})))
	inner := r.Config.Handler
	r.Config.Handler = http.StripPrefix("/hub", inner)
	_, _, err := s.Pull(t.Context(), mustParse(t, "python"), PullOptions{Config: Config{Mirrors: []string{r.URL + "/hub/"}}})
	require.NoError(t, err)
	r.Config.Handler = inner
	_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/library/python"), PullOptions{Config: Config{Mirrors: []string{"http://127.0.0.1:1"}}})
	require.NoError(t, err, "loopback may be plain HTTP, and mirrors are not asked for it")
	images, err := s.List()
	require.NoError(t, err)
	require.Len(t, images, 1)
	require.Len(t, images[0].Names, 2)
}

func TestIndexLeadsToThePlatform(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	ids := map[string]string{}
	for _, platform := range []string{"amd64", "arm64", "arm/v6", "arm/v7"} {
		arch, variant, _ := strings.Cut(platform, "/")
		img := makeImage(t, arch, gzipLayer(t, tarFile{"arch", platform}))
		config, err := img.ConfigFile()
		require.NoError(t, err)
		config.Variant = variant
		img, err = mutate.ConfigFile(img, config)
		require.NoError(t, err)
		digest := r.push(t, "library/multi", "", img)
		size, err := img.Size()
		require.NoError(t, err)
		name, err := img.ConfigName()
		require.NoError(t, err)
		ids[platform] = name.String()
		index.Manifests = append(index.Manifests, v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: size,
			Platform: &v1.Platform{OS: "linux", Architecture: arch, Variant: variant}})
	}
	data, err := json.Marshal(index)
	require.NoError(t, err)
	inner := r.putManifest(t, "library/multi", "inner", string(types.OCIImageIndex), data)
	data, err = json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex,
		Manifests: []v1.Descriptor{{MediaType: types.OCIImageIndex, Digest: inner, Size: int64(len(data))}}})
	require.NoError(t, err)
	outer := r.putManifest(t, "library/multi", "latest", string(types.OCIImageIndex), data)
	for _, c := range []struct {
		platform, want string
		upToDate       bool
	}{{"amd64", "amd64", false}, {"arm/v6", "arm/v6", false}, {"arm/v7", "arm/v7", false}, {"arm", "arm/v7", true}, {"arm64", "arm64", false}, {"aarch64", "arm64", true}} {
		img, pulled, err := s.Pull(t.Context(), mustParse(t, "multi"), PullOptions{Config: Config{Mirrors: []string{r.URL}}, Platform: "linux/" + c.platform})
		require.NoError(t, err)
		require.Equal(t, outer.String(), pulled.Digest, "the digest is the index's")
		require.Equal(t, ids[c.want], img.ID, c.platform)
		require.Equal(t, c.upToDate, pulled.UpToDate, c.platform)
	}
	_, _, err = s.Pull(t.Context(), Reference{Domain: r.host(), Path: "library/multi", Tag: "latest"}, PullOptions{Platform: "linux/riscv64"})
	require.ErrorContains(t, err, "no matching manifest for linux/riscv64 in the manifest list entries")
	img, err := s.Find("multi@" + outer.String())
	require.NoError(t, err, "an image is found by the digest that the registry gave")
	require.Equal(t, ids["arm64"], img.ID)
}

func TestAnImageWhoseTagHasMovedOnIsFoundByItsDigest(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	digests, ids := map[string]string{}, map[string]string{}
	for _, version := range []string{"old", "new"} {
		digest := r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"version", version})))
		img, _, err := pullFrom(t, s, r, "a")
		require.NoError(t, err)
		digests[version], ids[version] = digest.String(), img.ID
	}
	for version, digest := range digests {
		img, err := s.Find("a@" + digest)
		require.NoError(t, err)
		require.Equal(t, ids[version], img.ID)
	}
	_, err := s.Find("b@" + digests["old"])
	require.ErrorIs(t, err, ErrNotFound, "another repository's")
	gone, err := s.Remove("a@"+digests["old"], false, nil)
	require.NoError(t, err)
	require.Equal(t, ids["old"], gone.Deleted[0])
	require.Equal(t, []string{"a@" + digests["old"]}, gone.Untagged)
	img, err := s.Find("a")
	require.NoError(t, err)
	require.Equal(t, ids["new"], img.ID)
}

func TestSecondPullIsUpToDateAndFetchesNothing(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	base := gzipLayer(t, tarFile{"base", "same"})
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, base))
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	blobs, before := r.asked("/blobs/"), listing(t, s)
	manifests := r.asked("GET /v2/library/a/manifests")
	_, pulled, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	require.Equal(t, "Status: Image is up to date for a:latest", pulled.Status(mustParse(t, "a")))
	require.Equal(t, blobs, r.asked("/blobs/"))
	require.Equal(t, manifests, r.asked("GET /v2/library/a/manifests"), "HEAD is enough, and the hub does not count it")
	require.Equal(t, before, listing(t, s))

	changed := makeImage(t, runtime.GOARCH, base, gzipLayer(t, tarFile{"new", "layer"}))
	r.push(t, "library/a", "latest", changed)
	var already int
	img, pulled, err := s.Pull(t.Context(), mustParse(t, "a"), PullOptions{Config: Config{Mirrors: []string{r.URL}}, Progress: func(p Progress) {
		if p.Status == "Already exists" {
			already++
		}
	}})
	require.NoError(t, err)
	require.False(t, pulled.UpToDate)
	require.Equal(t, 1, already)
	require.Len(t, img.Layers, 2)
	images, err := s.List()
	require.NoError(t, err)
	require.Len(t, images, 2, "the image that had the name stays, nameless")
}

func TestOneBlobForOneLayerHoweverOften(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	l := gzipLayer(t, tarFile{"twice", "x"})
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, l, l))
	img, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	digest, _ := l.Digest()
	require.Equal(t, 1, r.asked("GET /v2/library/a/blobs/"+digest.String()))
	require.Equal(t, img.Layers[0], img.Layers[1])
}

func TestBrokenConnectionIsTakenUpAgain(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	plain := makeTar(t, tarFile{"big", strings.Repeat("abcdefgh", 100_000)})
	layer := packedLayer(t, plain, plain, types.OCIUncompressedLayer)
	digest, _ := layer.Digest()
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layer))
	var offsets []string
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, digest.String()) {
			return false
		}
		offsets = append(offsets, req.Header.Get("Range"))
		if len(offsets) > 1 {
			http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(plain))
			return true
		}
		w.Header().Set("Content-Length", "1000000")
		w.Write(plain[:300_000])
		return true
	}
	_, _, err := pullFrom(t, s, r, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"", fmt.Sprintf("bytes=300000-%d", len(plain)-1)}, offsets)
}

func TestTwoPullsAtOnce(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	base := gzipLayer(t, tarFile{"base", "same"})
	for _, name := range []string{"a", "b", "c", "d"} {
		r.push(t, "library/"+name, "latest", makeImage(t, runtime.GOARCH, base, gzipLayer(t, tarFile{name, name})))
	}
	shared, err := base.Digest()
	require.NoError(t, err)
	var group sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "a", "b"} {
		group.Go(func() {
			other, err := OpenStore(s.dir)
			if err == nil {
				_, _, err = other.Pull(context.Background(), mustParse(t, name), PullOptions{Config: Config{Mirrors: []string{r.URL}}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, r.asked("/blobs/"+shared.String()), "the work is done once")
	images, err := s.List()
	require.NoError(t, err)
	require.Len(t, images, 4)
	for _, img := range images {
		require.Len(t, img.Names, 1)
		for _, l := range img.Layers {
			_, err := readLayer(s, l)
			require.NoError(t, err)
		}
	}
	left, _ := filepath.Glob(filepath.Join(s.dir, "tmp", "*"))
	require.Empty(t, left)
}

// Whoever watches sees how many layers there are, and how they lie, from the beginning to the end.
func TestLayersAreAnnouncedInTheirOrder(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	var layers []v1.Layer
	var ids []string
	for _, name := range []string{"e", "d", "c", "b", "a"} {
		layer := gzipLayer(t, tarFile{name, name})
		digest, err := layer.Digest()
		require.NoError(t, err)
		layers, ids = append(layers, layer), append(ids, digest.Hex[:12])
	}
	r.push(t, "library/a", "latest", makeImage(t, runtime.GOARCH, layers...))
	with := map[string][]string{}
	_, _, err := s.Pull(t.Context(), mustParse(t, "a"), PullOptions{Config: Config{Mirrors: []string{r.URL}}, Progress: func(p Progress) {
		if p.Status == "Downloading" {
			require.Equal(t, ids, with["Pulling fs layer"], "all are announced before the first begins")
		}
		with[p.Status] = append(with[p.Status], p.ID)
	}})
	require.NoError(t, err)
	require.Equal(t, ids, with["Pulling fs layer"])
	require.Equal(t, ids[parallel:], with["Waiting"])
	require.Equal(t, ids, with["Pull complete"])
}

func TestForeignSystemsAndPlatformsAreRefused(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	r.push(t, "a", "latest", makeImage(t, "arm64", gzipLayer(t, tarFile{"a", "a"})))
	_, _, err := s.Pull(t.Context(), mustParse(t, r.host()+"/a"), PullOptions{Platform: "linux/amd64"})
	require.ErrorContains(t, err, "does not match the specified platform (linux/amd64)")
	_, _, err = s.Pull(t.Context(), mustParse(t, r.host()+"/a"), PullOptions{Platform: "windows/amd64"})
	require.ErrorContains(t, err, "no platform that tutor runs")
}
