package main_test

import (
	"archive/tar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tutor/runtime/pace"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// Layers made by an enemy: entries of a tar that want out of the directory that they are unpacked into. Each row
// is one attack, in one or more layers on top of an honest one; it is refused with these words, or `cat` in the
// container shows what became of it, inside.
func TestHostileLayers(t *testing.T) {
	pace.Fast(t)
	root(t)
	c := newCanary(t)
	file := func(name, content string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o666}, content}
	}
	link := func(name, target string) entry {
		return entry{&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}
	}
	hard := func(name, target string) entry {
		return entry{&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink, Mode: 0o4777, Uid: 99}, ""}
	}
	dir := func(name string, records map[string]string) entry {
		return entry{&tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o4777, Uid: 99, PAXRecords: records}, ""}
	}
	up := strings.Repeat("../", 20) + c.dir[1:]
	out := link("l", c.dir)
	type layers = [][]entry
	for name, a := range map[string]struct {
		layers  layers
		refused string
		shows   string
	}{
		"control":                                {layers{{file("plain", "plain sight")}}, "", "plain sight"},
		"a name with ..":                         {layers{{file(up+"/pwn", "x")}}, "leads out of the layer", ""},
		"a name with .. later":                   {layers{{file("a/b/../../../pwn", "x")}}, "leads out of the layer", ""},
		"an absolute name":                       {layers{{file(c.dir+"/plain", "x"), link("plain", c.dir+"/plain"), file(c.dir+"/plain", "inside")}}, "", "inside"},
		"written through a link (CVE-2014-9356)": {layers{{out, file("l/pwn", "inside")}}, "", "inside"},
		"written through a link of a layer below (CVE-2025-47290)": {layers{{out}, {file("l/pwn", "inside")}}, "", "inside"},
		"written through a relative link":                          {layers{{link("l", up)}, {file("l/pwn", "inside")}}, "", "inside"},
		"written through two links":                                {layers{{link("m", c.dir)}, {link("l", "m"), file("l/pwn", "inside")}}, "", "inside"},
		"a directory becomes a link, with more to come":            {layers{{dir("l", nil), file("l/a", "x"), out, file("l/pwn", "inside")}}, "", "inside"},
		"a hard link out (CVE-2014-6407)":                          {layers{{hard("hl", c.dir+"/secret")}}, "no such file", ""},
		"a hard link up (CVE-2014-6407)":                           {layers{{hard("hl", up+"/secret")}}, "leads out of the layer", ""},
		"a hard link through a link":                               {layers{{out, hard("hl", "l/secret")}}, "no such file", ""},
		"a hard link through a link of a layer below":              {layers{{out}, {hard("hl", "l/secret")}}, "no such file", ""},
		"mode and owner by a link to a link (CVE-2021-32760)":      {layers{{link("l", c.dir+"/secret"), hard("hl", "l"), file("plain", "inside")}}, "", "inside"},
		"mode and owner by a link to a link, two layers":           {layers{{link("l", c.dir+"/secret")}, {hard("hl", "l"), file("plain", "inside")}}, "", "inside"},
		"mode and owner of a directory that is a link":             {layers{{out}, {dir("l", nil), file("l/pwn", "inside")}}, "", "inside"},
		"a whiteout through a link":                                {layers{{out, file("l/.wh.secret", ""), file("plain", "inside")}}, "", "inside"},
		"a whiteout through a link of a layer below":               {layers{{out}, {file("l/.wh.secret", ""), file("plain", "inside")}}, "", "inside"},
		"an opaque mark through a link of a layer below":           {layers{{out}, {file("l/.wh..wh..opq", ""), file("plain", "inside")}}, "", "inside"},
		"a whiteout of the parent":                                 {layers{{dir("l", nil)}, {file("l/.wh...", "")}}, "a whiteout of", ""},
		"a whiteout of the directory":                              {layers{{file(".wh..", "")}}, "a whiteout of", ""},
		"a whiteout of nothing":                                    {layers{{file(".wh.", "")}}, "a whiteout of", ""},
		"a whiteout of what never was":                             {layers{{file(".wh.never", ""), file("plain", "inside")}}, "", "inside"},
		"a whiteout beside its name":                               {layers{{file("plain", "x")}, {file(".wh.plain", ""), file("plain", "inside")}}, "", "inside"},
		"a name beside its whiteout":                               {layers{{file("plain", "x")}, {file("plain", "inside"), file(".wh.plain", "")}}, "", "inside"},
		"the root becomes a link":                                  {layers{{link("./", c.dir)}}, "the root is no directory", ""},
		"the root becomes a file":                                  {layers{{file(".", "x")}}, "the root is no directory", ""},
		"overlayfs's redirect":                                     {layers{{dir("l", map[string]string{"SCHILY.xattr.trusted.overlay.redirect": "/etc"}), file("l/pwn", "inside")}}, "", "inside"},
		"overlayfs's opaque mark":                                  {layers{{dir("l", nil), file("l/pwn", "inside")}, {dir("l", map[string]string{"SCHILY.xattr.trusted.overlay.opaque": "y"})}}, "", "inside"},
		"a name longer than a name can be":                         {layers{{file(strings.Repeat("n", 256), "x")}}, "name too long", ""},
		"a path longer than a path can be":                         {layers{{file(strings.Repeat("d/", 5000)+"x", "x")}}, "name too long", ""},
		"two thousand directories, one in another":                 {layers{{file(strings.Repeat("d/", 2000)+"x", "x"), file("plain", "inside")}}, "", "inside"},
		"names that are no text":                                   {layers{{file("a\n\x1b[2J\xff", "x"), file("plain", "inside")}}, "", "inside"},
		"an error with a name that is no text":                     {layers{{file("\x1b[2J\n/../x", "x")}}, `\x1b[2J\n/../x`, ""},
		"a FIFO and a device where a file is expected":             {layers{{{&tar.Header{Name: "etc/hosts", Typeflag: tar.TypeFifo}, ""}, {&tar.Header{Name: "etc/hostname", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 8}, ""}, file("plain", "inside")}}, "", "inside"},
		"an owner that chown takes for 'leave it' (4294967295)":    {layers{{{&tar.Header{Name: "x", Typeflag: tar.TypeReg, Uid: 1<<32 - 1, Format: tar.FormatGNU}, ""}}}, "is no user and group ID", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.trial(t, hostileImage(t, v1.Config{}, a.layers...), nil, "/bin/cat", "/plain", "/l/pwn", "/l/secret", "/hl", c.dir+"/pwn", c.dir+"/secret")
			if a.refused != "" {
				require.Equal(t, 125, r.code, r.stdout)
				require.Contains(t, r.stderr, a.refused)
				_, said, _ := strings.Cut(r.stderr, "\ntutor: ")
				require.Less(t, len(said), 400, "a line for people")
				require.NotContains(t, said, "\x1b[2J", "it speaks to the terminal")
				return
			}
			require.Contains(t, r.stdout, a.shows, r.stderr)
		})
	}
}

// Other users of the host must not reach the setuid programs of images (CVE-2021-41091, CVE-2021-41103,
// CVE-2024-25621), which inside are what they are.
func TestOtherUsersOfTheHostReachNoImage(t *testing.T) {
	root(t)
	c := newCanary(t)
	su := []entry{{&tar.Header{Name: "bin/su", Typeflag: tar.TypeReg, Mode: 0o4755}, "setuid"}, {&tar.Header{Name: "bin/open", Typeflag: tar.TypeReg, Mode: 0o6777}, "setuid"}}
	r := c.trial(t, hostileImage(t, v1.Config{}, su), nil, "/bin/stat", "-c", "%a", "/bin/su", "/bin/open")
	require.Equal(t, "4755\n6777\n", r.stdout, r.stderr)

	mirror := serve(t, "library/hostile", hostileImage(t, v1.Config{}, su))
	cmd := exec.Command(binary, "run", "--name", "kept", "hostile", "/bin/cat", "/bin/su")
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
	require.Equal(t, "setuid", command(t, cmd).stdout)
	t.Cleanup(func() {
		kept, _ := filepath.Glob(filepath.Join(home, "root/containers/*"))
		for _, dir := range kept {
			os.RemoveAll(dir)
		}
		tutor(t, "rmi", "-f", "hostile")
	})
	search := func(who *syscall.Credential) string {
		find := exec.Command("find", filepath.Join(home, "root"), filepath.Join(home, "run"), "-mindepth", "2", "-print")
		find.SysProcAttr = &syscall.SysProcAttr{Credential: who}
		out, _ := find.Output() // it complains
		return string(out)
	}
	require.Contains(t, search(nil), "/bin/su", "the control: root finds it")
	require.Empty(t, search(&syscall.Credential{Uid: 65534, Gid: 65534}), "nobody finds what is there")
}

// No program of the image's, and none that lies in PATH, is run to decompress, mount or set up: whoever could put
// one there would be root of the host (CVE-2014-9357, CVE-2026-41567).
func TestNoHelperIsRun(t *testing.T) {
	root(t)
	c := newCanary(t)
	dir := t.TempDir()
	var evil []entry
	for _, name := range []string{"xz", "gzip", "unpigz", "pigz", "zstd", "tar", "mount", "umount", "ip", "nft", "iptables", "mknod", "nsenter", "getent"} {
		script := "#!/bin/sh\ntouch " + c.dir + "/pwned\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
		evil = append(evil, entry{&tar.Header{Name: "usr/bin/" + name, Typeflag: tar.TypeReg, Mode: 0o4755}, script})
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", dir+":"+path)
	img := imageOf(t, v1.Config{Env: []string{"PATH=/usr/bin:/bin", "LD_PRELOAD=/evil.so", "GODEBUG=inittrace=1"}}, programLayer(t), sparseLayer(t, "gzip", 1), sparseLayer(t, "zstd", 1))
	require.Zero(t, c.trial(t, img, nil, "/bin/true").code)
	r := c.trial(t, hostileImage(t, v1.Config{Env: []string{"PATH=/usr/bin:/bin"}}, evil), nil, "/bin/cat", "/usr/bin/xz")
	require.Contains(t, r.stdout, "pwned", "the control: they are there")
}
