package image

import (
	"bytes"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

func TestPushUploadsEachLayerOnceAndTheManifestLast(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	img := makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"}), gzipLayer(t, tarFile{"b", "b"}), gzipLayer(t, tarFile{"a", "a"}))
	ref := mustParse(t, r.host()+"/team/app:1")
	_, err := s.Put(ref, img, nil)
	require.NoError(t, err)
	var seen []string
	pushed, err := s.Push(t.Context(), ref, PushOptions{Progress: func(p Progress) { seen = append(seen, p.Status) }})
	require.NoError(t, err)
	digest, _ := img.Digest()
	require.Equal(t, digest.String(), pushed.Digest)
	require.Equal(t, 2, strings.Count(strings.Join(seen, "\n"), "Pushed"))
	found, err := s.Find(ref.String())
	require.NoError(t, err)
	require.Equal(t, []string{r.host() + "/team/app@" + digest.String()}, found.Digests)

	seen = nil
	require.NoError(t, s.Tag(ref.String(), mustParse(t, r.host()+"/team/app:2")))
	_, err = s.Push(t.Context(), mustParse(t, r.host()+"/team/app:2"), PushOptions{Progress: func(p Progress) { seen = append(seen, p.Status) }})
	require.NoError(t, err)
	require.NotContains(t, seen, "Pushed")
	require.Contains(t, seen, "Layer already exists")

	other := newStore(t)
	back, _, err := other.Pull(t.Context(), ref, PullOptions{})
	require.NoError(t, err)
	require.Equal(t, found.ID, back.ID)
}

func TestPlainLayersTravelPackedAndTheImageStaysTheSame(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	plain := makeTar(t, tarFile{"big", strings.Repeat("compress me ", 100_000)})
	img, err := s.Import(t.Context(), bytes.NewReader(plain), mustParse(t, r.host()+"/mine"), ImportOptions{})
	require.NoError(t, err)
	ref := mustParse(t, r.host()+"/mine")
	first, err := s.Push(t.Context(), ref, PushOptions{})
	require.NoError(t, err)
	again, err := s.Push(t.Context(), ref, PushOptions{})
	require.NoError(t, err)
	require.Equal(t, first, again, "packing gives the same bytes every time")
	back, pulled, err := newStore(t).Pull(t.Context(), ref, PullOptions{})
	require.NoError(t, err)
	require.Equal(t, first.Digest, pulled.Digest)
	require.Equal(t, img.ID, back.ID)
	require.Equal(t, string(types.OCILayer), back.Layers[0].MediaType)
	require.Less(t, back.Layers[0].Size, int64(len(plain))/50)
	left, err := s.Collect()
	require.NoError(t, err)
	require.Zero(t, left, "no packed copy stays behind")
}

func TestAPushThatFailsSaysWhy(t *testing.T) {
	r, s := newRegistry(t), newStore(t)
	ref := mustParse(t, r.host()+"/team/app")
	_, err := s.Push(t.Context(), ref, PushOptions{})
	require.ErrorContains(t, err, "tag does not exist: "+r.host()+"/team/app:latest")
	_, err = s.Put(ref, makeImage(t, runtime.GOARCH, gzipLayer(t, tarFile{"a", "a"})), nil)
	require.NoError(t, err)
	r.between = func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	_, err = s.Push(t.Context(), ref, PushOptions{})
	require.EqualError(t, err, "push: denied: requested access to the resource is denied")
	var typed *Error
	require.ErrorAs(t, err, &typed)
	require.Contains(t, typed.Hint, "tutor login")
}
