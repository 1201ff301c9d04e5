package main_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/layers"
)

// Three images of the distribution's packages, with two layers on top: one that umoci makes of changes to the
// files, and one written by hand with what tools seldom write. Pulled and unpacked by tutor and shown by the
// kernel's overlayfs, they are what `umoci unpack` makes of them, which knows no overlay and really deletes:
// every path, type, mode, owner, time to the nanosecond, xattr, device number, link, target and byte.
func TestEqualToUmoci(t *testing.T) {
	root(t)
	tool(t, "umoci")
	for _, c := range []struct{ name, packages, changes string }{
		{"python", "python3-minimal,dash,bash,coreutils", `
			rm usr/bin/python3 etc/debian_version; rm -r usr/share/doc var/log; mkdir -m 1777 var/log; touch -d '1969-12-31 23:59:58.5 UTC' var/log/old
			rm -r usr/share/python3; ln -s python3.11 usr/share/python3; chmod 4755 $(find . -type f -name bash); chown 65534:4294967294 etc/shadow etc/passwd || :
			chown -h 12:34 etc/os-release; chown 56 usr; chmod 2700 usr/share`},
		{"privileged", "base-files,iputils-ping,sudo,passwd,perl-base,dash,coreutils", `
			mv $(find . -type f -name ping) etc/ping; chmod u-s usr/bin/sudo; rm dev/null; mknod dev/null c 1 3; mknod dev/disk b 259 1048575; mkfifo var/fifo
			ln usr/bin/perl usr/bin/perl-too
			rm -r usr/share/man; touch usr/share/man; mv etc/sudoers.d etc/new; echo > 'etc/a name
of two lines'; echo > "etc/$(printf '\377\376')"`},
		{"nginx", "base-files,nginx-light,tzdata,busybox,dash,coreutils", `
			rm -r usr/share/zoneinfo/Europe; mkdir usr/share/zoneinfo/Europe; echo new > usr/share/zoneinfo/Europe/Berlin
			truncate -s 64M var/lib/sparse; echo end >> var/lib/sparse; chmod 0 etc/nginx
			rm -r etc/nginx/sites-available; mkdir etc/nginx/sites-available; echo in > etc/nginx/sites-available/in; rm usr/sbin/nginx; mkdir usr/sbin/nginx`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			store, err := layout.Write(filepath.Join(dir, "oci"), empty.Index)
			require.NoError(t, err)
			base := imageOf(t, v1.Config{Cmd: []string{"/bin/true"}}, plainLayer(t, debianTar(t, c.packages)))
			keep(t, store, "base", base)
			umoci(t, dir, "unpack", "--image", "oci:base", "base")
			require.NoError(t, exec.Command("cp", "-a", dir+"/base/rootfs", dir+"/untouched").Run())
			out, err := exec.Command("sh", "-ec", "cd "+dir+"/base/rootfs"+c.changes).CombinedOutput()
			require.NoError(t, err, string(out))
			for _, x := range []struct{ file, name, value string }{
				{"usr", "user.note", "of a directory"}, {"etc/issue", "user.note", "of a file"}, {"etc/ping", "security.capability", netRaw}, {"etc/host.conf", "system.posix_acl_access", acl},
			} {
				if err := unix.Setxattr(dir+"/base/rootfs/"+x.file, x.name, []byte(x.value), 0); err != unix.ENOENT {
					require.NoError(t, err, x.file)
				}
			}
			umoci(t, dir, "repack", "--image", "oci:changed", "base")
			changed := take(t, store, "changed")
			final, err := mutate.AppendLayers(changed, static.NewLayer(byHand(t), types.OCIUncompressedLayer))
			require.NoError(t, err)
			keep(t, store, "final", final)
			umoci(t, dir, "unpack", "--image", "oci:final", "final")

			same(t, walked(t, dir+"/untouched"), overlaid(t, pulled(t, base)))
			same(t, walked(t, dir+"/final/rootfs"), overlaid(t, pulled(t, final)))
			ok(t, "rmi", "-f", "umoci")
		})
	}
}

// netRaw is cap_net_raw=ep as setcap(8) writes it (struct vfs_cap_data, version 2).
const netRaw = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// acl is user::rw-,user:1234:rw-,group::r--,mask::rw-,other::r-- as setfacl(1) writes it (linux/posix_acl_xattr.h).
const acl = "\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x06\x00\xd2\x04\x00\x00" +
	"\x04\x00\x04\x00\xff\xff\xff\xff" + "\x10\x00\x06\x00\xff\xff\xff\xff" + "\x20\x00\x04\x00\xff\xff\xff\xff"

// byHand is a layer with what umoci itself never writes.
func byHand(t *testing.T) []byte {
	t.Helper()
	at := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	header := func(kind byte, name, target string, mode int64) *tar.Header {
		return &tar.Header{Typeflag: kind, Name: name, Linkname: target, Mode: mode, ModTime: at, Format: tar.FormatPAX}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		header(tar.TypeDir, "etc/default", "", 0o751),
		header(tar.TypeReg, "etc/default/.wh..wh..opq", "", 0),
		header(tar.TypeReg, "etc/default/only", "", 0o600),
		header(tar.TypeReg, "etc/.wh.pam.d", "", 0),
		header(tar.TypeReg, "etc/.wh.never-was", "", 0),
		header(tar.TypeReg, "usr/share/.wh.doc", "", 0),
		header(tar.TypeDir, "usr/share/doc", "", 0o755),
		header(tar.TypeReg, "usr/share/doc/only", "", 0o644),
		header(tar.TypeDir, "./", "", 0o755),
		header(tar.TypeDir, "/absolute/", "", 0o755),
		header(tar.TypeDir, "quite", "", 0o755),
		header(tar.TypeDir, "quite/new", "", 0o755),
		header(tar.TypeDir, "quite/new/deep", "", 0o755),
		header(tar.TypeReg, "quite/new/deep/file", "", 0o644),
		header(tar.TypeLink, "quite/new/link", "quite/new/deep/file", 0o644),
		header(tar.TypeLink, "quite/issue-too", "etc/issue", 0o644),
		header(tar.TypeSymlink, "quite/out", "/../../etc", 0o777),
		header(tar.TypeDir, "quite/out", "", 0o700),
		header(tar.TypeReg, "quite/out/in", "", 0o444),
		header(tar.TypeReg, "quite/twice", "", 0o444),
		header(tar.TypeReg, "quite/twice", "", 0o755),
		header(tar.TypeReg, "/absolute/"+strings.Repeat("n", 255), "", 0o644),
	} {
		require.NoError(t, w.WriteHeader(h))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func keep(t *testing.T, store layout.Path, tag string, img v1.Image) {
	t.Helper()
	require.NoError(t, store.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})))
}

func take(t *testing.T, store layout.Path, tag string) v1.Image {
	t.Helper()
	index, err := store.ImageIndex()
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	for _, d := range manifest.Manifests {
		if d.Annotations["org.opencontainers.image.ref.name"] == tag {
			img, err := store.Image(d.Digest)
			require.NoError(t, err)
			return img
		}
	}
	t.Fatalf("umoci made no %s", tag)
	return nil
}

func umoci(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("umoci", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "umoci %s: %s", args, out)
}

// pulled brings an image through a registry into tutor's store and unpacks it.
func pulled(t *testing.T, img v1.Image) layers.Stack {
	t.Helper()
	cmd := exec.Command(binary, "pull", "-q", "umoci")
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+serve(t, "library/umoci", img))
	r := command(t, cmd)
	require.Zero(t, r.code, r.stderr)
	home := container.Home{Root: os.Getenv("TUTOR_ROOT"), Run: os.Getenv("TUTOR_RUN")}
	store, err := image.OpenStore(filepath.Join(home.Root, "images"))
	require.NoError(t, err)
	found, err := store.Find("umoci")
	require.NoError(t, err)
	stack, err := home.Unpack(t.Context(), store, found)
	require.NoError(t, err)
	return stack
}

// same compares two listings and shows where they differ, not all of them.
func same(t *testing.T, umoci, tutor []string) {
	t.Helper()
	require.Greater(t, len(umoci), 1000)
	var differ []string
	for _, line := range umoci {
		if _, found := slices.BinarySearch(tutor, line); !found {
			differ = append(differ, "umoci: "+line)
		}
	}
	for _, line := range tutor {
		if _, found := slices.BinarySearch(umoci, line); !found {
			differ = append(differ, "tutor: "+line)
		}
	}
	slices.SortStableFunc(differ, func(a, b string) int { return strings.Compare(a[7:], b[7:]) })
	require.Empty(t, strings.Join(differ, "\n"), "of %d paths", len(umoci))
}
