package image

import (
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"

	"tutor/runtime/filters"
)

func TestFiltersChooseAsDockersDo(t *testing.T) {
	s := newStore(t)
	when := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i, name := range []string{"old", "middle", "me/new:2"} {
		img, err := mutate.CreatedAt(makeImage(t, "amd64", gzipLayer(t, tarFile{name, name})), v1.Time{Time: when.AddDate(0, i, 0)})
		require.NoError(t, err)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		config.Config.Labels = map[string]string{"stage": name}
		img, err = mutate.ConfigFile(img, config)
		require.NoError(t, err)
		_, err = s.Put(mustParse(t, name), img, nil)
		require.NoError(t, err)
	}
	put(t, s, "again", tarFile{"x", "1"})
	put(t, s, "again", tarFile{"x", "2"}) // of 2024, and the first loses its name
	now := when.AddDate(0, 6, 0)
	for _, c := range []struct {
		filters []string
		want    []string
	}{
		{nil, []string{"me/new:2", "middle:latest", "old:latest", "again:latest", "<none>"}},
		{[]string{"dangling=true"}, []string{"<none>"}},
		{[]string{"dangling=false"}, []string{"me/new:2", "middle:latest", "old:latest", "again:latest"}},
		{[]string{"before=middle"}, []string{"old:latest", "again:latest", "<none>"}},
		{[]string{"since=middle"}, []string{"me/new:2"}},
		{[]string{"since=old", "before=me/new:2"}, []string{"middle:latest"}},
		{[]string{"label=stage"}, []string{"me/new:2", "middle:latest", "old:latest"}},
		{[]string{"label=stage=old"}, []string{"old:latest"}},
		{[]string{"label!=stage"}, []string{"again:latest", "<none>"}},
		{[]string{"reference=*d*"}, []string{"middle:latest", "old:latest"}},
		{[]string{"reference=me/*:2", "reference=old"}, []string{"me/new:2", "old:latest"}},
		{[]string{"until=2026-01-15"}, []string{"old:latest", "again:latest", "<none>"}},
		{[]string{"until=3000h"}, []string{"middle:latest", "old:latest", "again:latest", "<none>"}},
	} {
		f, err := filters.Parse(c.filters, FilterKeys...)
		require.NoError(t, err)
		images, err := s.List()
		require.NoError(t, err)
		images, err = s.Choose(images, f, now)
		require.NoError(t, err)
		var got []string
		for _, img := range images {
			got = append(got, append(slices.Clone(img.Names), "<none>")[0])
		}
		require.ElementsMatch(t, c.want, got, "%v", c.filters)
	}
	_, err := s.Choose(nil, filters.Filters{"before": {"nosuch"}}, now)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestTagIsAnotherNameAndNothingElse(t *testing.T) {
	s := newStore(t)
	a := put(t, s, "a", tarFile{"a", "a"})
	before := blobs(t, s)
	require.NoError(t, s.Tag("a", mustParse(t, "me/b:1")))
	require.NoError(t, s.Tag(a.ID[7:19], mustParse(t, "c")))
	require.NoError(t, s.Tag("a", mustParse(t, "a")), "its own name again")
	require.Equal(t, before, blobs(t, s))
	img, err := s.Find("c")
	require.NoError(t, err)
	require.Equal(t, []string{"a:latest", "c:latest", "me/b:1"}, img.Names)
	require.ErrorIs(t, s.Tag("nosuch", mustParse(t, "x")), ErrNotFound)
	b := put(t, s, "b", tarFile{"b", "b"})
	require.NoError(t, s.Tag("b", mustParse(t, "a")))
	moved, err := s.Find("a")
	require.NoError(t, err)
	require.Equal(t, b.ID, moved.ID)
	err = s.Tag("a", mustParse(t, "x@"+a.Manifest))
	require.ErrorContains(t, err, "refusing to create a tag with a digest reference")
}

func TestPruneTakesWhatNobodyNeeds(t *testing.T) {
	s := newStore(t)
	put(t, s, "a", tarFile{"a", "1"})
	used := put(t, s, "used", tarFile{"u", "1"})
	put(t, s, "a", tarFile{"a", "2"})
	inUse := func(id string) (string, bool) { return "container", id == used.ID }
	gone, err := s.Prune(false, nil, inUse)
	require.NoError(t, err)
	require.Empty(t, gone.Untagged)
	require.Len(t, gone.Deleted, 2)
	require.Positive(t, gone.Bytes)
	gone, err = s.Prune(true, nil, inUse)
	require.NoError(t, err)
	require.Equal(t, []string{"a:latest"}, gone.Untagged)
	images, err := s.List()
	require.NoError(t, err)
	require.Len(t, images, 1)
	require.Equal(t, used.ID, images[0].ID)
	_, err = readLayer(s, images[0].Layers[0])
	require.NoError(t, err)
	require.Len(t, blobs(t, s), 2+len(images[0].Layers))
}
