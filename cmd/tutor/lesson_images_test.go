package main_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// nginxImage is Debian's nginx with what its package would have written when it was installed, and set up as the
// image on Docker Hub: in the foreground, its log on standard output, SIGQUIT to end when all is answered.
func nginxImage(t *testing.T) v1.Image {
	t.Helper()
	file := func(name, content string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}, content}
	}
	link := func(name, to string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to, Mode: 0o777}, ""}
	}
	config := v1.Config{
		Cmd:          []string{"nginx", "-g", "daemon off;"},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}},
		StopSignal:   "SIGQUIT",
	}
	return imageOf(t, config, plainLayer(t, debianTar(t, "nginx,dash,coreutils")), static.NewLayer(tarOf(t,
		file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"),
		file("etc/group", "root:x:0:\nwww-data:x:33:\n"),
		file("etc/nginx/sites-enabled/default", "server {\n\tlisten 80;\n\tlisten [::]:80;\n\troot /usr/share/nginx/html;\n}\n"),
		entry{&tar.Header{Name: "run/", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
		link("var/log/nginx/access.log", "/dev/stdout"),
		link("var/log/nginx/error.log", "/dev/stderr"),
	), types.OCIUncompressedLayer))
}

// jupyterImage is JupyterLab of Debian's packages, and starts as jupyter/datascience-notebook does.
func jupyterImage(t *testing.T) v1.Image {
	t.Helper()
	tool(t, "mmdebstrap")
	var recipe string
	for _, script := range []string{"jupyter.sh", "start-notebook.sh"} {
		content, err := os.ReadFile(filepath.Join("testdata", "lesson", script))
		require.NoError(t, err)
		recipe += string(content)
	}
	layer, err := tarball.LayerFromFile(cached(t, "jupyter.tar.zst", recipe, "sh", "testdata/lesson/jupyter.sh"), tarball.WithMediaType(types.OCILayerZStd))
	require.NoError(t, err)
	return imageOf(t, v1.Config{
		User:         "1000",
		WorkingDir:   "/home/jovyan",
		Entrypoint:   []string{"tini", "-g", "--"},
		Cmd:          []string{"start-notebook.sh"},
		Env:          []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/home/jovyan", "SHELL=/bin/bash"},
		ExposedPorts: map[string]struct{}{"8888/tcp": {}},
	}, layer)
}
