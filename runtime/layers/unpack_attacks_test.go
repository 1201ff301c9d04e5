package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
)

// Each row is one attack, alone in its layer, beside an honest file. It is refused with these words, or, where
// there are none, does only what a container would see it do: then the honest file is there.
func TestAttacks(t *testing.T) {
	needRoot(t)
	c := newCanary(t)
	up := strings.Repeat("../", 20) + c.dir[1:]
	xattr := func(name string) *tar.Header {
		d := dir("d", 0o755)
		d.PAXRecords = map[string]string{"SCHILY.xattr." + name: "/etc"}
		return d
	}
	for name, a := range map[string]struct {
		layer   []byte
		refused string
	}{
		"control":                                         {makeLayer(t, dir("d", 0o755)), ""},
		"the root is a file":                              {makeLayer(t, file(".", "x")), "the root is no directory"},
		"the root is a symlink":                           {makeLayer(t, link("./", c.dir), file("pwn", "x")), "the root is no directory"},
		"the root is a hard link":                         {makeLayer(t, hard(".", "a")), "the root is no directory"},
		"the root is a device":                            {makeLayer(t, special(tar.TypeBlock, ".", 8, 0)), "the root is no directory"},
		"a hard link to the root":                         {makeLayer(t, hard("h", "./")), "hard link to the root"},
		"a hard link over its own directory":              {makeLayer(t, file("d/f", "x"), hard("d", "d/f")), "no such file"},
		"a directory becomes a link, with more":           {makeLayer(t, file("d/a", "x"), link("d", c.dir), file("d/pwn", "x"), dir("d/sub", 0o777), file("d/secret", "x")), ""},
		"a link becomes a directory, with more":           {makeLayer(t, link("d", c.dir), dir("d", 0o755), file("d/pwn", "x")), ""},
		"a link below a link":                             {makeLayer(t, dir("x", 0o755), link("x/l", up), link("m", "x/l/sub"), file("m/pwn", "x")), ""},
		"a link with an empty target":                     {makeLayer(t, link("l", ""), file("l/x", "x")), "no such file"},
		"a target longer than PATH_MAX":                   {makeLayer(t, link("l", strings.Repeat("x/", 2048))), "name too long"},
		"a zero byte in a name":                           {paxLayer("path=a\x00b"), "archive/tar: invalid tar header"},
		"a name longer than NAME_MAX":                     {makeLayer(t, file(strings.Repeat("n", 256), "x")), "name too long"},
		"a name longer than PATH_MAX":                     {makeLayer(t, file(strings.Repeat("nn/", 1400)+"n", "x")), "name too long"},
		"a whiteout through a path of links":              {makeLayer(t, link("l", c.dir), link("m", "l"), file("m/.wh.secret", ""), file("m/.wh..wh..opq", "")), ""},
		"a whiteout that is a link":                       {makeLayer(t, link(".wh.a", c.dir+"/secret")), ""},
		"the device of overlayfs's own mark":              {makeLayer(t, special(tar.TypeChar, "c", 0, 0)), ""},
		"trusted.overlay.redirect":                        {makeLayer(t, xattr("trusted.overlay.redirect")), ""},
		"trusted.overlay.metacopy":                        {makeLayer(t, xattr("trusted.overlay.metacopy")), ""},
		"user.overlay.redirect":                           {makeLayer(t, xattr("user.overlay.redirect")), ""},
		"security.selinux":                                {makeLayer(t, xattr("security.selinux")), ""},
		"a capability that is none":                       {makeLayer(t, xattr("security.capability")), "invalid argument"},
		"an xattr without a name":                         {makeLayer(t, xattr("user.")), "invalid argument"},
		"an xattr larger than any":                        {paxLayer("SCHILY.xattr.user.x=" + strings.Repeat("x", 1<<17)), "fsetxattr"},
		"a device number that is none":                    {makeLayer(t, &tar.Header{Typeflag: tar.TypeBlock, Name: "b", Devmajor: 1 << 40, Format: tar.FormatGNU}), "there is no device"},
		"a PAX size of 8 exabytes":                        {paxLayer("size=9223372036854775807"), "larger than 68719476736 bytes"},
		"a negative PAX size":                             {paxLayer("size=-1"), "no valid tar"},
		"a PAX size that is no number":                    {paxLayer("size=1e9"), "no valid tar"},
		"a PAX record whose length lies":                  {rawEntry('x', "pax", []byte("999999999 path=x\n")), "no valid tar"},
		"a PAX record of 2 MiB":                           {paxLayer("path=" + strings.Repeat("x", 2<<20)), "unpack: "},
		"a negative size in the header":                   {negativeSize(), "no valid tar"},
		"a sparse file with a negative size":              {paxLayer("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=-1"), "no valid tar"},
		"a sparse file larger than any disk":              {paxLayer("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.size=4611686018427387904", "GNU.sparse.numblocks=1", "GNU.sparse.map=0,0"), "larger than 68719476736 bytes"},
		"a sparse map that goes backwards":                {paxLayer("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.size=100", "GNU.sparse.numblocks=2", "GNU.sparse.map=50,1,0,1"), "no valid tar"},
		"a sparse map past the end":                       {paxLayer("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.size=10", "GNU.sparse.numblocks=1", "GNU.sparse.map=9,9"), "no valid tar"},
		"a sparse map with 2^31 entries (CVE-2025-58183)": {paxLayer("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.size=10", "GNU.sparse.numblocks=2147483647", "GNU.sparse.map=0,0"), "no valid tar"},
		"a time that no clock has":                        {paxLayer("mtime=9999999999999999999999"), "no valid tar"},
	} {
		t.Run(name, func(t *testing.T) {
			honest := file("honest", "work")
			s, err := attack(t, c, makeLayer(t, dir("below", 0o755)), append(withoutEnd(makeLayer(t, honest)), a.layer...))
			if a.refused != "" {
				require.ErrorContains(t, err, a.refused)
				return
			}
			require.NoError(t, err)
			data, err := s.ReadFile("honest", 100)
			require.NoError(t, err)
			require.Equal(t, "work", string(data))
			require.NotContains(t, listing(t, s[0]), "overlay.", "a mark of overlayfs's own")
			require.NotContains(t, listing(t, s[0]), "selinux")
		})
	}
}

// withoutEnd is an archive that more entries may follow.
func withoutEnd(archive []byte) []byte { return archive[:len(archive)-1024] }

// rawEntry is a header and its content as they are, for what no writer writes.
func rawEntry(kind byte, name string, content []byte) []byte {
	b := make([]byte, 512+(len(content)+511)/512*512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x0000000000000\x00", len(content)))
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	copy(b[512:], content)
	return checked(b)
}

// checked gives a header the right sum.
func checked(b []byte) []byte {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// paxLayer is one empty file with records before it.
func paxLayer(records ...string) []byte {
	var b bytes.Buffer
	for _, r := range records {
		size := len(r) + 3 // a blank, a newline, and the digits of the size itself
		for len(fmt.Sprint(size))+len(r)+2 != size {
			size++
		}
		fmt.Fprintf(&b, "%d %s\n", size, r)
	}
	return append(rawEntry('x', "pax", b.Bytes()), rawEntry('0', "f", nil)...)
}

func negativeSize() []byte {
	b := rawEntry('0', "f", nil)
	copy(b[124:136], bytes.Repeat([]byte{0xff}, 12))
	return checked(b)
}

func TestNamesAndTimesOfAnyKindAreKept(t *testing.T) {
	needRoot(t)
	strange := []string{"a\nb", "\xff\xfe", "\x1b[31mred", " ", "-rf", "...", strings.Repeat("n", 255), "ünï", "a\\b", "*"}
	var headers []*tar.Header
	for _, name := range strange {
		headers = append(headers, file("names/"+name, name))
	}
	times := map[string]time.Time{
		"before 1970":         time.Unix(-2, 500_000_000),
		"the year 1901":       time.Unix(-2_147_483_648, 0),
		"after 2262":          time.Unix(10_413_889_446, 678_901_234),
		"far beyond any disk": time.Unix(1<<55, 0),
	}
	for name, at := range times {
		for _, h := range []*tar.Header{file(name, ""), dir(name+" dir", 0o755), link(name+" link", "x")} {
			h.ModTime = at
			headers = append(headers, h)
		}
	}
	s := mustUnpack(t, makeLayer(t, headers...))
	for _, name := range strange {
		data, err := s.ReadFile("names/"+name, 1000)
		require.NoError(t, err)
		require.Equal(t, name, string(data))
	}
	for name, at := range times {
		for _, kind := range []string{"", " dir", " link"} {
			if st := lstat(t, filepath.Join(s[0], name+kind)); at.Unix() < 1<<40 {
				require.Equal(t, unix.Timespec{Sec: at.Unix(), Nsec: int64(at.Nanosecond())}, st.Mtim, name+kind)
			}
		}
	}
}

// processorTime is what this process has used, however much others have meanwhile.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// What costs a stranger a few bytes must not cost the host minutes, and always ends with the context.
func TestLittleLayersCostLittle(t *testing.T) {
	pace.Fast(t)
	needRoot(t)
	var chain []*tar.Header
	for i := range 39 {
		chain = append(chain, link(fmt.Sprint("l", i+1), strings.Repeat("d/../", 800)+fmt.Sprint("l", i)))
	}
	chain = append(chain, dir("d", 0o755), dir("l0", 0o755))
	for i := range 2_000 {
		chain = append(chain, file(fmt.Sprint("l", 38+i%2, "/", i), ""))
	}
	var many, marks []*tar.Header
	for i := range 20_000 {
		many, marks = append(many, file(fmt.Sprint(i), "")), append(marks, file(".wh..wh..opq", ""), file(fmt.Sprint("d", i%2, "/.wh..wh..opq"), ""))
	}
	long := strings.Repeat("n/", 2000)
	var nested []*tar.Header
	for name := "d"; len(name) < unix.PathMax; name += "/d" {
		nested = append(nested, dir(name, 0o755))
	}
	for name, c := range map[string]struct {
		layers  [][]byte
		refused string
	}{
		"links that lead through links, again and again": {[][]byte{makeLayer(t, chain...)}, "too many names on the way"},
		"a path longer than PATH_MAX, by links":          {[][]byte{makeLayer(t, dir(long, 0o755), link("l", long), file("l/"+long+"x", "x"))}, "name too long"},
		"an opaque root, again and again":                {[][]byte{makeLayer(t, many...), makeLayer(t, marks...)}, ""},
		"two thousand directories, one in another":       {[][]byte{makeLayer(t, nested...), makeLayer(t, file(".wh.d", "")), makeLayer(t, nested...)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := processorTime(t)
			_, err := unpackAll(t, c.layers...)
			require.Less(t, processorTime(t)-before, pace.Times(time.Minute))
			if c.refused != "" {
				require.ErrorContains(t, err, c.refused)
				return
			}
			require.NoError(t, err)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := Unpack(ctx, bytes.NewReader(sparseClaim(t, 60<<30)), t.TempDir(), nil)
	require.True(t, errors.Is(err, context.DeadlineExceeded), "a hole of 60 GB is read without the stream: %v", err)
}
