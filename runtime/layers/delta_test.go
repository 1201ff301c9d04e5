package layers

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// An image to change: two layers, so that whiteouts and opaque directories of its own are among them.
func someImage(t testing.TB) Stack {
	t.Helper()
	suid := file("bin/su", "binary")
	suid.Mode, suid.PAXRecords = 0o4755, map[string]string{"SCHILY.xattr.user.note": "hello",
		"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}
	return mustUnpack(t,
		makeLayer(t, dir("bin", 0o755), suid, dir("etc", 0o755), file("etc/passwd", "root"), file("etc/old", "old"), dir("home", 0o755), dir("home/student", 0o700),
			dir("tmp", 0o1777), dir("var", 0o755), dir("var/www", 0o755), file("var/www/index.html", "it works"), dir("var/www/deep", 0o755), file("var/www/deep/a", "a"),
			link("lib", "usr/lib"), file("one", "1"), hard("two", "one"), file("flat", "flat"), file("below/x", "x")),
		makeLayer(t, file("etc/.wh.old", ""), file("below/.wh..wh..opq", ""), file("below/y", "y")))
}

// What a shell can do to a tree, and what Docker's diff says of it: TestDiffSaysWhatDockerSays in cmd/tutor asks
// Docker itself.
var scripts = []struct{ name, script, changes string }{
	{"nothing", "true", ""},
	{"add", "echo x > etc/new", "C /etc, A /etc/new"},
	{"add at the top", "mkdir d d/e; touch d/e/f", "A /d, A /d/e, A /d/e/f"},
	{"change", "echo y >> etc/passwd", "C /etc, C /etc/passwd"},
	{"open, write nothing", ": >> etc/passwd", ""},
	{"delete", "rm etc/passwd", "C /etc, D /etc/passwd"},
	{"delete a tree", "rm -r var", "D /var"},
	{"come and gone", "touch etc/x; rm etc/x", ""},
	{"mode, owner", "chmod 700 tmp; chown 7:8 home/student", "C /home, C /home/student, C /tmp"},
	{"a directory anew", "rm -r var/www; mkdir var/www; echo z > var/www/new", "C /var, C /var/www, D /var/www/deep, D /var/www/index.html, A /var/www/new"},
	{"a directory anew, with a namesake", "rm -r var/www; mkdir -p var/www/deep; echo z > var/www/deep/a; echo z > var/www/deep/b",
		"C /var, C /var/www, C /var/www/deep, C /var/www/deep/a, A /var/www/deep/b, D /var/www/index.html"},
	{"a file for a directory", "rm -r var/www; echo z > var/www", "C /var, C /var/www"},
	{"a directory for a file", "rm flat; mkdir flat; touch flat/in", "C /flat, A /flat/in"},
	{"a directory for a link", "rm lib; mkdir lib; touch lib/in", "C /lib, A /lib/in"},
	{"a link for a directory", "rm -r var; ln -s /etc var", "C /var"},
	{"hard links", "echo x > a; ln a b; mkdir c; ln a c/d; ln etc/passwd c/passwd", "A /a, A /b, A /c, A /c/d, A /c/passwd"},
	{"a hard link of below", "ln one three; echo more >> one", "C /one, A /three"},
	{"a hard link to a symlink", "ln -P lib lib2; mkfifo p; ln p q", "A /lib2, A /p, A /q"},
	{"rename", "mv etc/passwd etc/shadow; mv below/y .", "C /below, D /below/y, C /etc, D /etc/passwd, A /etc/shadow, A /y"},
	{"special files", "mknod null c 1 3; mknod -m 600 disk b 8 17; mkfifo -m 622 fifo; ln -s '/a b' sym", "A /disk, A /fifo, A /null, A /sym"},
	{"names", "touch 'new\nline' ' ' ./-n \"$(printf '\\377\\376')\" \"$(printf %0200d 0)\"; mkdir -p $(printf 'long/%.0s' $(seq 100)); touch $(printf 'long/%.0s' $(seq 100))é",
		""},
	{"times and owners", "touch -d '2001-02-03 04:05:06.789012345' etc/t; touch -d @-1.5 etc/early; touch -h -d @86400 lib; chown 3000000000:70000 etc/t; touch -d @99999 etc",
		"C /etc, A /etc/early, A /etc/t, C /lib"},
	{"xattrs", `touch x; python3 -c 'from os import setxattr as s
s("bin/su", "user.note", b"world"); s("x", "user.new", b"\n\0=\xff"); s("tmp", "user.d", b"d"); s("tmp", "user.overlay.opaque", b"y")'`, "A /x"},
	{"capability", `python3 -c 'import os; os.setxattr("bin/su", "security.capability", bytes.fromhex("0100000200080000000000000000000000000000"))'`, "C /bin, C /bin/su"},
	{"sparse and large", "truncate -s 3M hole; head -c 300000 /dev/urandom >> hole", "A /hole"},
	{"a socket for a file", "rm flat; python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind(\"flat\"); socket.socket(socket.AF_UNIX).bind(\"new\")'", "C /flat, A /new"},
	{"the root", "chmod 711 .; chown 5:6 .; touch x", "A /x"},
	{"over the image's own whiteouts", "echo again > etc/old; mkdir below/x; rm below/y", "C /below, A /below/x, D /below/y, C /etc, A /etc/old"},
}

func needPython(t *testing.T, script string) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil && strings.Contains(script, "python3") {
		t.Skip("needs python3: sockets, xattrs and paths that no shell can make")
	}
}

func TestWhatIsPackedUnpacksToTheSameTree(t *testing.T) {
	needRoot(t)
	image := someImage(t)
	for _, c := range scripts {
		t.Run(c.name, func(t *testing.T) {
			needPython(t, c.script)
			d := changed(t, image, c.script)
			before := listing(t, d.Upper)
			layer := pack(t, d)
			require.Equal(t, layer, pack(t, d), "two packs of one tree differ")
			require.Equal(t, before, listing(t, d.Upper), "packing changed the container")
			require.Equal(t, view(t, append(Stack{d.Upper}, image...)), view(t, onTop(t, layer, image)))
			if c.changes != "" || c.name == "nothing" {
				require.Equal(t, c.changes, strings.Join(listed(t, d), ", "))
			}
			if c.name == "nothing" {
				n, err := d.Pack(t.Context(), io.Discard)
				require.NoError(t, err)
				require.Zero(t, n)
			}
		})
	}
}

func TestGNUTarReadsWhatIsPacked(t *testing.T) {
	needRoot(t)
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("needs GNU tar")
	}
	d := changed(t, someImage(t), "mkdir -p a/b; echo x > a/b/c; ln a/b/c l; ln -s /c s; mkfifo f; mknod n c 1 3; touch -d @1.5 $(printf %0200d 0); chown 3000000:5 a; chmod 4711 a/b/c")
	to := t.TempDir()
	tar := exec.Command("tar", "-x", "--numeric-owner", "-p", "-C", to)
	tar.Stdin = bytes.NewReader(pack(t, d))
	out, err := tar.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, out)
	find := func(dir string) string {
		find := exec.Command("sh", "-c", `find . -mindepth 1 -printf '%P %y %m %U:%G %T@ %l\n' -type f -links +1 -printf '%n\n' | sort`)
		find.Dir = dir
		out, err := find.Output()
		require.NoError(t, err)
		return string(out)
	}
	require.Equal(t, find(d.Upper), find(to))
}

// The places that the start of a container makes are not its changes; what it did around them is.
func TestMountPointsOfTheStartAreNoChanges(t *testing.T) {
	needRoot(t)
	own := []string{"/proc", "/dev", "/dev/pts", "/etc/hosts", "/run/a/b"}
	image := mustUnpack(t, makeLayer(t, dir("etc", 0o755)))
	start := "mkdir proc dev dev/pts run run/a; touch etc/hosts run/a/b; "
	for script, want := range map[string]string{
		"":                        "",
		"touch etc/x":             "C /etc, A /etc/x",
		"echo x > etc/hosts":      "C /etc, A /etc/hosts", // it was unmounted: the container's own
		"chmod 777 proc":          "A /proc",
		"touch dev/x":             "A /dev, A /dev/x",
		"chown 1 run/a":           "A /run, A /run/a",
		"mkdir run/c":             "A /run, A /run/c",
		"touch -d @5 etc/../proc": "",
	} {
		d := changed(t, image, start+script)
		d.Own = own
		require.Equal(t, want, strings.Join(listed(t, d), ", "), script)
		if want == "" {
			n, err := d.Pack(t.Context(), io.Discard)
			require.NoError(t, err)
			require.Zero(t, n, script)
		}
	}
}

func TestWhatNoLayerCanHoldIsRefused(t *testing.T) {
	needRoot(t)
	image := someImage(t)
	for name, c := range map[string]struct{ script, want string }{
		"a name that means another": {"touch etc/.wh.passwd", `pack "/etc/.wh.passwd": a layer can hold no file whose name begins with .wh.`},
		"a file beyond all bounds":  {"truncate -s 1T huge", `pack "/huge": the layer's files are larger than 68719476736 bytes`},
		"a path beyond":             {"python3 -c 'import os\nfor i in range(30):\n  os.mkdir(\"d\" * 200); os.chdir(\"d\" * 200)'", "each of at most 4095 bytes"},
		"an xattr beyond tar":       {`touch x; python3 -c 'import os; os.setxattr("x", "user.a=b", b"c")'`, `no extended attribute of the name "user.a=b"`},
	} {
		t.Run(name, func(t *testing.T) {
			needPython(t, c.script)
			d := changed(t, image, c.script)
			_, err := d.Pack(t.Context(), io.Discard)
			require.ErrorContains(t, err, c.want)
		})
	}
	for _, xattr := range []string{"trusted.overlay.metacopy", "trusted.overlay.redirect"} {
		d := changed(t, image, "touch x")
		require.NoError(t, unix.Setxattr(filepath.Join(d.Upper, "x"), xattr, []byte("y"), 0))
		_, err := d.Pack(t.Context(), io.Discard)
		require.ErrorContains(t, err, `"/x": it has `+xattr)
	}
}

func TestAMarkIsNoLongerThanAPath(t *testing.T) {
	p := &packing{tar: tar.NewWriter(io.Discard)}
	require.NoError(t, p.mark(strings.Repeat("x", 4095)))
	require.ErrorIs(t, p.mark(strings.Repeat("x", 4096)), unix.ENAMETOOLONG, "nobody could unpack it")
}

func TestASymlinkIsNeverFollowed(t *testing.T) {
	needRoot(t)
	bird := newCanary(t)
	image := someImage(t)
	d := changed(t, image, "ln -s "+bird.dir+" link; mkdir real; touch real/secret; rm -r var; ln -s "+bird.dir+" var; ln -s "+bird.dir+"/secret etc/s")
	layer := pack(t, d)
	require.NotContains(t, string(layer), secret)
	bird.sings(t)
	_, err := Delta{Upper: filepath.Join(d.Upper, "link"), Below: image}.Pack(t.Context(), io.Discard)
	require.NoError(t, err, "tutor's own path to the upper may lead through links")
}

// A container that runs on (--pause=false) swaps and grows files while they are read.
func TestAFileThatChangesWhileItIsRead(t *testing.T) {
	needRoot(t)
	image := someImage(t)
	for _, c := range []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"grows", func(p string) error { return os.Truncate(p, 4<<20) }, ""},
		{"shrinks", func(p string) error { return os.Truncate(p, 1<<20) }, "became shorter"},
		{"is replaced", func(p string) error { os.Remove(p); return os.Symlink("/etc/shadow", p) }, ""},
	} {
		d := changed(t, image, "truncate -s 2M file")
		var layer bytes.Buffer
		w := &tripwire{to: &layer, at: 1 << 10, do: func() { require.NoError(t, c.change(filepath.Join(d.Upper, "file"))) }}
		_, err := d.Pack(t.Context(), w)
		if c.want != "" {
			require.ErrorContains(t, err, c.want, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		h, err := tar.NewReader(&layer).Next()
		require.NoError(t, err)
		require.EqualValues(t, 2<<20, h.Size, c.name)
	}
}

// A tripwire passes bytes on and does something once so many have passed.
type tripwire struct {
	to io.Writer
	at int
	do func()
}

func (w *tripwire) Write(p []byte) (int, error) {
	if w.at -= len(p); w.at <= 0 && w.do != nil {
		w.do()
		w.do = nil
	}
	return w.to.Write(p)
}

func TestTheNamesOfADirectoryComeInTheOrderOfTheirBytes(t *testing.T) {
	needRoot(t)
	d := changed(t, someImage(t), "touch b a c é Z; mkdir a.d; touch a.d/x")
	lines := listed(t, d)
	require.Equal(t, []string{"A /Z", "A /a", "A /a.d", "A /a.d/x", "A /b", "A /c", "A /é"}, lines)
}
