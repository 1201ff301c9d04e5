package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// debianTar unpacks packages of Debian or Ubuntu, with all that they need, into one tar: a few seconds, and
// nothing is installed.
func debianTar(t *testing.T, packages string) string {
	t.Helper()
	tool(t, "mmdebstrap")
	dir := t.TempDir()
	layer, sources := filepath.Join(dir, "layer.tar"), filepath.Join(dir, "sources.list")
	script := `set -e; . /etc/os-release
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u > "$2"
mmdebstrap --quiet --variant=extract --include="$3" "$VERSION_CODENAME" "$1" "$2"`
	out, err := exec.Command("sh", "-c", script, "sh", layer, sources, packages).CombinedOutput()
	require.NoError(t, err, string(out))
	return layer
}

// plainLayer is a layer as it unpacks: nothing is compressed, so nothing waits for it.
func plainLayer(t *testing.T, path string) v1.Layer {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return static.NewLayer(content, types.OCIUncompressedLayer)
}

// imageOf is an OCI image for this machine, of layers lowest first.
func imageOf(t *testing.T, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.AppendLayers(base, layers...)
	require.NoError(t, err)
	file, err := img.ConfigFile()
	require.NoError(t, err)
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	img, err = mutate.ConfigFile(img, file)
	require.NoError(t, err)
	return img
}

// pythonImage is python made of the distribution's own packages.
func pythonImage(t *testing.T) v1.Image {
	t.Helper()
	config := v1.Config{Cmd: []string{"python3"}, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}}
	return imageOf(t, config, plainLayer(t, debianTar(t, "python3-minimal,dash,bash,coreutils")))
}
