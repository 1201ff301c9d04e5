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
	"time"

	"tutor/runtime/pace"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// Images made by an enemy: what lies in them where tutor mounts, reads and makes files leads to a directory of
// the host, the canary. Whatever happens, it stays as it was, and its secret is not seen. Refusing is as good as
// resolving inside. The control is the same image without the evil bit: it must work.
func TestHostileImages(t *testing.T) {
	pace.Fast(t)
	root(t)
	c := newCanary(t)
	link := func(name string) []entry {
		return []entry{{&tar.Header{Name: name, Linkname: c.dir, Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}}
	}
	inside := func(name string) []entry {
		return []entry{{&tar.Header{Name: "foo", Typeflag: tar.TypeDir, Mode: 0o755}, ""}, {&tar.Header{Name: name, Linkname: "/foo", Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}}
	}
	file := func(name, target string) []entry {
		return []entry{{&tar.Header{Name: name, Linkname: c.dir + target, Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}}
	}
	special := func(name string, kind byte, major int64) []entry {
		return []entry{{&tar.Header{Name: name, Typeflag: kind, Mode: 0o666, Devmajor: major}, ""}}
	}
	large := []entry{{&tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}, strings.Repeat("evil:x:0:0::/:/bin/sh\n", 500_000)}}
	for name, a := range map[string]struct {
		entries []entry
		config  v1.Config
		flags   []string
		works   bool   // it must
		says    string // tutor, or cat
	}{
		"control":                                                {works: true},
		"/proc is a link (CVE-2019-19921)":                       {entries: link("proc")},
		"/proc is a link within (CVE-2019-19921)":                {entries: inside("proc"), says: "the image's /proc is a link to /foo"},
		"/dev is a link within":                                  {entries: inside("dev"), says: "the image's /dev is a link to /foo"},
		"/dev is a link (CVE-2026-41579)":                        {entries: link("dev")},
		"/dev/null is a link (CVE-2025-31133)":                   {entries: link("dev/null")},
		"/sys is a link":                                         {entries: link("sys")},
		"/etc is a link":                                         {entries: link("etc")},
		"/etc/hosts is a link":                                   {entries: link("etc/hosts"), works: true},
		"/etc/hostname is a link":                                {entries: file("etc/hostname", "/secret"), works: true},
		"/etc/resolv.conf is a link":                             {entries: file("etc/resolv.conf", "/secret"), works: true},
		"/etc/passwd is a link (CVE-2024-9676)":                  {entries: file("etc/passwd", "/passwd"), config: v1.Config{User: "evil"}, says: "unable to find user evil"},
		"/etc/passwd is a FIFO (CVE-2024-9676)":                  {entries: special("etc/passwd", tar.TypeFifo, 0), says: "not a regular file"},
		"/etc/group is a FIFO":                                   {entries: special("etc/group", tar.TypeFifo, 0), says: "not a regular file"},
		"/etc/passwd is a device":                                {entries: special("etc/passwd", tar.TypeChar, 5), says: "not a regular file"},
		"/etc/passwd is eleven megabytes":                        {entries: large, config: v1.Config{User: "evil"}, says: "larger than 10485760 bytes"},
		"the working directory leads out (CVE-2026-55686)":       {entries: link("wl"), config: v1.Config{WorkingDir: "/wl/newdir"}},
		"the working directory is a descriptor (CVE-2024-21626)": {config: v1.Config{WorkingDir: "/proc/self/fd/9"}, says: "it would leave the container"},
		"the working directory climbs":                           {config: v1.Config{WorkingDir: "/../../../.." + c.dir}, works: true},
		"a volume's parent is a link (CVE-2024-45310)":           {entries: link("a"), flags: []string{"-v", t.TempDir() + ":/a/new"}},
		"a tmpfs lies on a link":                                 {entries: link("a"), flags: []string{"--tmpfs", "/a"}},
		"the image's volume climbs (CVE-2022-23648)":             {config: v1.Config{Volumes: map[string]struct{}{"/../../.." + c.dir: {}}}},
		"the image's volume is a link (CVE-2022-23648)":          {entries: link("wl"), config: v1.Config{Volumes: map[string]struct{}{"/wl": {}}}},
		"the host's disk lies in it":                             {entries: special("disk", tar.TypeBlock, 254), says: "/disk: Permission denied"},
		"the user is too large (CVE-2024-40635)":                 {config: v1.Config{User: "4294967296"}, says: "unable to find user"},
		"the user is a number in disguise":                       {config: v1.Config{User: "0x0"}, says: "unable to find user"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.trial(t, hostileImage(t, a.config, a.entries), a.flags, "/bin/cat", "/disk", "/secret", "/wl/secret", "/proc/self/mountinfo", c.dir+"/secret")
			require.Contains(t, r.stderr, a.says)
			if a.works {
				require.Contains(t, r.stdout, " / / ", "%s", r.stderr)
			}
		})
	}
}

// A canary is a directory of the host that nothing inside may see or change.
type canary struct{ dir, before string }

func newCanary(t *testing.T) canary {
	t.Helper()
	dir := filepath.Join(home, "canary")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("the secret\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "passwd"), []byte("evil:x:0:0::/:/bin/sh\n"), 0o644))
	return canary{dir, listing(t, dir)}
}

// trial runs an image from a caller who has the canary open, and looks at the canary afterwards.
func (c canary) trial(t *testing.T, img v1.Image, flags []string, program ...string) run {
	t.Helper()
	mirror := serve(t, "library/hostile", img)
	args := append([]string{seconds(20 * time.Second), "sh", "-c", `exec "$@" 9<"$0"`, c.dir, binary, "run", "--rm"}, flags...)
	cmd := exec.Command("timeout", append(append(args, "hostile"), program...)...)
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
	r := command(t, cmd)
	require.NotEqual(t, 124, r.code, "it hangs")
	require.NotContains(t, r.stdout+r.stderr, "the secret")
	require.Equal(t, c.before, listing(t, c.dir), r.stderr)
	tutor(t, "rmi", "-f", "hostile")
	require.Empty(t, leftovers(t))
	return r
}

type entry struct {
	header  *tar.Header
	content string
}

// hostileImage is a small root with a few static programs, and on top of it what the enemy adds, in as many
// layers as there are lists.
func hostileImage(t *testing.T, config v1.Config, added ...[]entry) v1.Image {
	t.Helper()
	layers := []v1.Layer{programLayer(t)}
	for _, entries := range added {
		layers = append(layers, static.NewLayer(tarOf(t, entries...), types.OCIUncompressedLayer))
	}
	return imageOf(t, config, layers...)
}

// programLayer has tutor itself in it, a static program that is every tool of the image tutor/lab.
func programLayer(t *testing.T) v1.Layer {
	t.Helper()
	program, err := os.ReadFile(binary)
	require.NoError(t, err)
	entries := []entry{
		{&tar.Header{Name: "bin/cat", Typeflag: tar.TypeReg, Mode: 0o755}, string(program)},
		{&tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}, ""},
	}
	for _, name := range []string{"true", "sh", "ls", "stat", "id"} {
		entries = append(entries, entry{&tar.Header{Name: "bin/" + name, Typeflag: tar.TypeLink, Linkname: "bin/cat", Mode: 0o755}, ""})
	}
	return static.NewLayer(tarOf(t, entries...), types.OCIUncompressedLayer)
}

// tarOf writes entries as they are, the names too.
func tarOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.header.Size = int64(len(e.content))
		require.NoError(t, w.WriteHeader(e.header))
		_, err := w.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
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
