package main_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// Images made by an enemy: what lies in them where tutor mounts and makes files leads to a directory of the
// host, the canary. Whatever happens, it stays as it was, and its secret is not seen. Refusing is as good as
// resolving inside. The control is the same image without the evil bit: it must work.
func TestHostileImages(t *testing.T) {
	root(t)
	canary := filepath.Join(home, "canary")
	require.NoError(t, os.MkdirAll(canary, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(canary, "secret"), []byte("the secret\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(canary, "passwd"), []byte("evil:x:0:0::/:/bin/sh\n"), 0o644))
	before := listing(t, canary)
	link := func(name string) entry {
		return entry{&tar.Header{Name: name, Linkname: canary, Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}
	}
	read := []string{"/bin/cat", "/disk", "/secret", "/proc/self/mountinfo", canary + "/secret"}
	for name, c := range map[string]struct {
		entries []entry
		config  v1.Config
		flags   []string
		control bool
		refused string // what cat has to say
	}{
		"control":                               {control: true},
		"/proc is a link":                       {entries: []entry{link("proc")}},
		"/dev is a link":                        {entries: []entry{link("dev")}},
		"/dev/null is a link":                   {entries: []entry{link("dev/null")}},
		"/sys is a link":                        {entries: []entry{link("sys")}},
		"/etc is a link":                        {entries: []entry{link("etc")}},
		"/etc/hosts is a link":                  {entries: []entry{link("etc/hosts")}, control: true},
		"/etc/passwd is a link":                 {entries: []entry{{&tar.Header{Name: "etc/passwd", Linkname: canary + "/passwd", Typeflag: tar.TypeSymlink}, ""}}, config: v1.Config{User: "evil"}},
		"/etc/passwd is a FIFO":                 {entries: []entry{{&tar.Header{Name: "etc/passwd", Typeflag: tar.TypeFifo, Mode: 0o644}, ""}}},
		"the working directory leads":           {entries: []entry{link("wl")}, config: v1.Config{WorkingDir: "/wl/newdir"}},
		"the working directory is a descriptor": {config: v1.Config{WorkingDir: "/proc/self/fd/9"}},
		"a volume's parent is a link":           {entries: []entry{link("a")}, flags: []string{"-v", t.TempDir() + ":/a/new"}},
		"the host's disk lies in it":            {entries: []entry{{&tar.Header{Name: "disk", Typeflag: tar.TypeBlock, Devmajor: 254, Mode: 0o666}, ""}}, refused: "/disk: Permission denied"},
		"a tmpfs lies on a link":                {entries: []entry{link("a")}, flags: []string{"--tmpfs", "/a"}},
		"the user is too large":                 {config: v1.Config{User: "4294967296"}},
		"the user is a number in disguise":      {config: v1.Config{User: "0x0"}},
		"the command is tutor":                  {config: v1.Config{Entrypoint: []string{"/proc/self/exe", "run"}}},
	} {
		t.Run(name, func(t *testing.T) {
			mirror := serve(t, "library/hostile", hostileImage(t, c.config, c.entries))
			args := append([]string{"-c", `exec "$@" 9<"$0"`, canary, binary, "run", "--rm"}, c.flags...)
			cmd := exec.Command("timeout", append([]string{"20", "sh"}, append(append(args, "hostile"), read...)...)...)
			cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
			r := command(t, cmd)
			require.NotEqual(t, 124, r.code, "it hangs")
			require.NotContains(t, r.stdout+r.stderr, "the secret")
			require.Equal(t, before, listing(t, canary), r.stderr)
			require.Contains(t, r.stderr, c.refused)
			if c.control {
				require.Contains(t, r.stdout, " / / ", "the control must work: %s", r.stderr)
			}
			ok(t, "rmi", "-f", "hostile")
			require.Empty(t, leftovers(t))
		})
	}
	sum, err := exec.Command(binary, "version").Output()
	require.NoError(t, err, "tutor itself was overwritten: %s", sum)
}

type entry struct {
	header  *tar.Header
	content string
}

// hostileImage is a small root with one static program, cat, and what the enemy adds.
func hostileImage(t *testing.T, config v1.Config, entries []entry) v1.Image {
	t.Helper()
	program, err := os.ReadFile(binary)
	require.NoError(t, err)
	all := append([]entry{
		{&tar.Header{Name: "bin/cat", Typeflag: tar.TypeReg, Mode: 0o755}, string(program)},
		{&tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
	}, entries...)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range all {
		e.header.Size = int64(len(e.content))
		require.NoError(t, w.WriteHeader(e.header))
		_, err := w.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer(b.Bytes(), types.DockerUncompressedLayer))
	require.NoError(t, err)
	img, err = mutate.Config(img, config)
	require.NoError(t, err)
	return img
}

// listing is names, types, modes, sizes and owners below dir.
func listing(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("find", dir, "-printf", "%P %y %m %s %U %G %l\n").Output()
	require.NoError(t, err)
	lines := strings.Split(string(out), "\n")
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
