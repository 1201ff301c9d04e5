package main_test

import (
	"archive/tar"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// CVE-2022-23648, CVE-2024-45310, CVE-2019-19921 and their kin: the image says where its volumes are, and lies.
func TestVolumesOfHostileImages(t *testing.T) {
	root(t)
	noVolumes(t)
	canary := filepath.Join(home, "volumes-canary")
	require.NoError(t, os.MkdirAll(canary, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(canary, "secret"), []byte("the secret\n"), 0o644))
	before := listing(t, canary)
	at := func(paths ...string) (c v1.Config) {
		c.Volumes = map[string]struct{}{}
		for _, p := range paths {
			c.Volumes[p] = struct{}{}
		}
		return c
	}
	up := strings.Repeat("/..", 20)
	var many []string
	for i := range 2000 {
		many = append(many, fmt.Sprintf("/v%d", i))
	}
	for name, c := range map[string]struct {
		config  v1.Config
		entries []entry
		refused string
	}{
		"control":                       {config: at("/data"), entries: []entry{file("data/x", 0o644, "x")}},
		"dots":                          {config: at(up + canary)},
		"relative dots":                 {config: at(up[1:] + canary)},
		"a link to the host":            {config: at("/wl"), entries: []entry{symlink("wl", canary)}},
		"a link to the host, above":     {config: at("/wl/new"), entries: []entry{symlink("wl", canary)}},
		"a link by dots":                {config: at("/wl"), entries: []entry{symlink("wl", up[1:]+canary)}},
		"a link inside the volume":      {config: at("/data", "/data/wl"), entries: []entry{symlink("data/wl", canary)}},
		"links in a circle":             {config: at("/wl"), entries: []entry{symlink("wl", "lw"), symlink("lw", "wl")}, refused: "too many levels of symbolic links"},
		"the root":                      {config: at("/x/.."), refused: "destination can't be '/'"},
		"/proc":                         {config: at("/proc"), refused: "destination can't be '/proc'"},
		"below /proc":                   {config: at("/proc/sys"), refused: "inside /proc"},
		"a link to /proc":               {config: at("/wl"), entries: []entry{symlink("wl", "proc")}, refused: "destination can't be '/proc'"},
		"below a link to /proc":         {config: at("/wl/sys"), entries: []entry{symlink("wl", "/proc")}, refused: "inside /proc"},
		"/proc by a link of many steps": {config: at("/a/b/self/attr"), entries: []entry{symlink("a", "c"), symlink("c/b", "../../proc")}, refused: "inside /proc"},
		"a path with an escape":         {config: at("/a\x1b[2J"), refused: "is no path"},
		"a path without an end":         {config: at("/" + strings.Repeat("a/", 3000)), refused: "is no path"},
		"too many":                      {config: at(many...), refused: "the image asks for 2000 volumes"},
		"a FIFO":                        {config: at("/data"), entries: []entry{{&tar.Header{Name: "data/x", Typeflag: tar.TypeFifo, Mode: 0o644}, ""}}},
		"the volume is a FIFO":          {config: at("/data"), entries: []entry{{&tar.Header{Name: "data", Typeflag: tar.TypeFifo, Mode: 0o644}, ""}}, refused: "cannot mount volume over existing file"},
	} {
		t.Run(name, func(t *testing.T) {
			bring(t, "hostile", c.config, c.entries...)
			t.Cleanup(func() { tutor(t, "rm", "-f", "-v", "hostile") })
			r := command(t, exec.Command("timeout", seconds(20*time.Second), binary, "run", "--name", "hostile", "hostile", "/bin/cat", "/proc/self/mountinfo"))
			require.Contains(t, r.stderr, c.refused)
			require.Equal(t, before, listing(t, canary))
			for _, data := range globbed(t, volumeData("*")) {
				require.NotContains(t, listing(t, data), "secret", "the host's files are in the volume")
			}
			if c.refused != "" {
				require.Equal(t, 125, r.code)
				return
			}
			require.Zero(t, r.code, r.stderr)
			require.Contains(t, r.stdout, "/_data /")
		})
	}
}

// CVE-2025-52881: this time the link to /proc lies in a volume, where only the kernel finds it. The values that the
// start writes to /proc/sys must not go where the enemy's files lead.
func TestALinkInAVolumeHasNothingWrittenElsewhere(t *testing.T) {
	root(t)
	noVolumes(t)
	ok(t, "volume", "create", "outer")
	ok(t, "volume", "create", "inner")
	require.NoError(t, os.Symlink("/proc", filepath.Join(volumeData("outer"), "way")))
	value := filepath.Join(volumeData("inner"), "net/ipv4/ip_unprivileged_port_start")
	require.NoError(t, os.MkdirAll(filepath.Dir(value), 0o755))
	require.NoError(t, os.WriteFile(value, []byte("as it was"), 0o644))
	tutor(t, "run", "--rm", "-v", "outer:/x", "-v", "inner:/x/way/sys", "tutor/lab", "true")
	require.Equal(t, "as it was", read(filepath.Dir(value), filepath.Base(value)))
}
