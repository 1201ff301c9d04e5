package main_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// debianTar unpacks packages of Debian or Ubuntu, with all that they need, into one tar: some seconds, once, and
// nothing is installed. base-files has the links of a merged /usr, without which Debian 13 finds no /lib64.
func debianTar(t *testing.T, packages string) string {
	t.Helper()
	tool(t, "mmdebstrap")
	release, err := os.ReadFile("/etc/os-release")
	require.NoError(t, err)
	return cached(t, packages+".tar", string(release), "sh", "-c", `set -e; . /etc/os-release
sources=$(mktemp)
trap 'rm -f "$sources"' EXIT
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u > "$sources"
mmdebstrap --quiet --variant=extract --include="$1,base-files" "$VERSION_CODENAME" "$2" "$sources"`, "sh", packages)
}

// cached is a file that a command makes, whose last argument is its path. It serves later runs of the tests too: what
// it is made of comes from the network, at the network's pace. Another command or another state makes it anew, and
// the old one goes. Nobody else may have put it there: the directory is ours alone.
func cached(t *testing.T, name, state string, command ...string) string {
	t.Helper()
	dir := "/var/tmp/tutor-tests-" + strconv.Itoa(os.Geteuid())
	require.NoError(t, os.MkdirAll(dir, 0o700))
	info, err := os.Lstat(dir)
	require.NoError(t, err)
	require.True(t, info.IsDir() && info.Mode().Perm() == 0o700 && info.Sys().(*syscall.Stat_t).Uid == uint32(os.Geteuid()), "%s is somebody else's", dir)
	key := sha256.Sum256([]byte(state + strings.Join(command, "\x00")))
	path := filepath.Join(dir, fmt.Sprintf("%x-%s", key[:6], name))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	part := filepath.Join(dir, fmt.Sprintf("%d-%s", os.Getpid(), name))
	defer os.Remove(part)
	out, err := exec.Command(command[0], append(command[1:], part)...).CombinedOutput()
	require.NoError(t, err, string(out))
	old, err := filepath.Glob(filepath.Join(dir, "????????????-"+name))
	require.NoError(t, err)
	for _, p := range old {
		require.NoError(t, os.Remove(p))
	}
	require.NoError(t, os.Rename(part, path))
	return path
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
	config := v1.Config{Cmd: []string{"python3"}, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PYTHON_BASIC_REPL=1"}} // the other prompt is not in python3-minimal
	return imageOf(t, config, plainLayer(t, debianTar(t, "python3-minimal,dash,bash,coreutils")))
}
