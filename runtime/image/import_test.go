package image

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

func TestImportMakesOneLayerOfATar(t *testing.T) {
	s := newStore(t)
	plain := makeTar(t, tarFile{"bin/sh", "sh"})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(plain)
	z.Close()
	options := ImportOptions{Message: "by hand", Changes: []string{`CMD ["sh"]`, "ENV A=1"}}
	img, err := s.Import(t.Context(), &packed, mustParse(t, "mine"), options)
	require.NoError(t, err)
	require.Equal(t, []string{"mine:latest"}, img.Names)
	require.Equal(t, []string{"sh"}, img.Config.Config.Cmd)
	require.Equal(t, []string{"A=1"}, img.Config.Config.Env)
	require.Equal(t, "by hand", img.Config.History[0].Comment)
	require.Equal(t, runtime.GOARCH, img.Config.Architecture)
	data, err := readLayer(s, img.Layers[0])
	require.NoError(t, err)
	require.Equal(t, plain, data)
	require.Equal(t, int64(len(plain)), img.Size)

	before := listing(t, s)
	for why, c := range map[string]struct {
		data    string
		options ImportOptions
	}{
		"not a tar archive":              {strings.Repeat("no tar", 500), ImportOptions{}},
		"not a tar archive: EOF":         {"", ImportOptions{}},
		"is not a valid change command":  {string(plain), ImportOptions{Changes: []string{"RUN x"}}},
		"is no platform that tutor runs": {string(plain), ImportOptions{Platform: "windows/amd64"}},
	} {
		_, err := s.Import(t.Context(), strings.NewReader(c.data), Reference{}, c.options)
		require.ErrorContains(t, err, why)
		require.Equal(t, before, listing(t, s))
	}
}
