package main_test

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutor/runtime/pace"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// Archives made by an enemy, for `tutor load`: what they call their files, images and blobs wants to be a path
// (CVE-2014-9358). Each is refused with these words, and nothing of it is left; or it is loaded, and the honest one
// after it still works.
func TestHostileArchives(t *testing.T) {
	pace.Fast(t)
	root(t)
	c := newCanary(t)
	img := hostileImage(t, v1.Config{Cmd: []string{"/bin/cat", "/secret", c.dir + "/secret"}})
	config, err := img.RawConfigFile()
	require.NoError(t, err)
	blobs, err := img.Layers()
	require.NoError(t, err)
	content, err := blobs[0].Uncompressed()
	require.NoError(t, err)
	bytes, err := io.ReadAll(content)
	require.NoError(t, err)
	layer := string(bytes)
	file := func(name, content string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}, content}
	}
	link := func(name, target string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}, ""}
	}
	manifest := func(config, tag, layer string) entry {
		return file("manifest.json", fmt.Sprintf(`[{"Config":%q,"RepoTags":[%q],"Layers":[%q]}]`, config, tag, layer))
	}
	index := func(digest string) []entry {
		return []entry{file("oci-layout", `{"imageLayoutVersion":"1.0.0"}`), file("index.json", `{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"`+digest+`"}]}`)}
	}
	up := strings.Repeat("../", 20) + c.dir[1:]
	evil := strings.Replace(string(config), "/bin/cat", "/bin/sh0", 1) // of the same length
	honest := []entry{manifest("c.json", "hostile", "l.tar"), file("c.json", string(config)), file("l.tar", layer)}
	whole := string(tarOf(t, honest...))
	for name, a := range map[string]struct {
		archive string
		refused string
	}{
		"control":                       {whole, ""},
		"a layer named up":              {string(tarOf(t, manifest("c.json", "hostile", up+"/secret"), file("c.json", string(config)))), "the archive has no file"},
		"a layer named from the root":   {string(tarOf(t, manifest("c.json", "hostile", c.dir+"/secret"), file("c.json", string(config)))), "the archive has no file"},
		"a config named up":             {string(tarOf(t, manifest(up+"/passwd", "hostile", "l.tar"), file("l.tar", layer))), "the archive has no file"},
		"a file named up":               {string(tarOf(t, append(honest, file(up+"/pwn", "x"))...)), ""},
		"a layer that is a link out":    {string(tarOf(t, manifest("c.json", "hostile", "l.tar"), file("c.json", string(config)), link("l.tar", c.dir+"/secret"))), "the archive has no file"},
		"a layer that is a link up":     {string(tarOf(t, manifest("c.json", "hostile", "l.tar"), file("c.json", string(config)), link("l.tar", up+"/secret"))), "the archive has no file"},
		"links in a circle":             {string(tarOf(t, manifest("c.json", "hostile", "l.tar"), file("c.json", string(config)), link("l.tar", "m.tar"), link("m.tar", "l.tar"))), "the archive has no file"},
		"a manifest that is a link":     {string(tarOf(t, link("manifest.json", c.dir+"/passwd"))), "no saved image"},
		"a tag that is a path":          {string(tarOf(t, manifest("c.json", "../../x", "l.tar"), honest[1], honest[2])), "invalid reference format"},
		"a tag with a zero byte":        {string(tarOf(t, manifest("c.json", "a\x00b", "l.tar"), honest[1], honest[2])), "invalid"},
		"a digest that is a path":       {string(tarOf(t, index("sha256:../../../../canary/x")...)), "non-hex character in hash"},
		"a digest that is not there":    {string(tarOf(t, index("sha256:"+strings.Repeat("0", 64))...)), "the archive has no blob"},
		"another config under its name": {string(tarOf(t, honest[0], honest[2], file("c.json", string(config)), file("c.json", string(config)), file("x", evil))), ""},
		"a layer that is no layer":      {string(tarOf(t, honest[0], honest[1], file("l.tar", "not the layer"))), "diff ID"},
		"cut off":                       {whole[:len(whole)/2], "unexpected EOF"},
		"garbage":                       {strings.Repeat("garbage!", 1000), "not a tar archive"},
		"a FIFO and a device":           {string(tarOf(t, append(honest, entry{&tar.Header{Name: "l.tar", Typeflag: tar.TypeFifo}, ""}, entry{&tar.Header{Name: "c.json", Typeflag: tar.TypeBlock, Devmajor: 254}, ""})...)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.tar")
			require.NoError(t, os.WriteFile(path, []byte(a.archive), 0o600))
			r := tutor(t, "load", "-i", path)
			require.Equal(t, c.before, listing(t, c.dir), r.stderr)
			require.NotContains(t, r.stdout+r.stderr, "the secret")
			if a.refused != "" {
				require.Equal(t, 1, r.code, r.stdout)
				require.Contains(t, r.stderr, a.refused)
				require.Empty(t, stored(t), "nothing is left in the store")
			} else {
				require.Zero(t, r.code, r.stderr)
			}
			require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
			ok(t, "load", "-i", path)
			r = tutor(t, "run", "--rm", "hostile")
			require.Contains(t, r.stderr, "/secret: No such file", "the control")
			require.NotContains(t, r.stdout+r.stderr, "the secret")
			ok(t, "rmi", "-f", "hostile")
			require.Empty(t, stored(t))
		})
	}
}

// stored is the blobs in the store, those of the built-in image apart.
func stored(t *testing.T) []string {
	t.Helper()
	tutor(t, "rmi", "-f", "tutor/lab")
	found, err := filepath.Glob(filepath.Join(home, "root/images/blobs/sha256/*"))
	require.NoError(t, err)
	return found
}
