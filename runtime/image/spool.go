package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

// A spool is the files of an archive that came as a stream. They lie under numbers: what the archive calls them is
// only ever a key of a map, so no name in it can lead anywhere (CVE-2014-9358).
type spool struct {
	dir    string
	count  int // of files so far, also of those that have one name
	byName map[string]spooled
	digest map[v1.Hash]spooled // the same files, by what is in them
	links  map[string]string   // symlinks: docker save wrote one for a layer that it had written before
	held   int                 // bytes of memory in names, links, and the manifests that were read
}

// heldLimit is far above what the names and manifests of a hundred images take.
const heldLimit = 64 << 20

// hold counts what stays in memory: an archive of a few packed bytes may have a manifest that is named ten thousand times.
func (s *spool) hold(bytes int) error {
	if s.held += bytes; s.held > heldLimit {
		return fmt.Errorf("the archive's names and manifests need more than %d bytes of memory", heldLimit)
	}
	return nil
}

type spooled struct {
	path string
	hash v1.Hash
	size int64
}

// Files in one archive: images have some hundred.
const spoolLimit = 100_000

// spool reads a tar stream, packed or not, into a directory of its own below tmp/. tell hears of the bytes.
func (t *stage) spool(ctx context.Context, r io.Reader) (*spool, error) {
	dir, err := os.MkdirTemp(t.store.path("tmp"), "load-")
	if err != nil {
		return nil, err
	}
	s := &spool{dir: dir, byName: map[string]spooled{}, digest: map[v1.Hash]spooled{}, links: map[string]string{}}
	if err := s.read(ctx, r); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *spool) close() { os.RemoveAll(s.dir) }

func (s *spool) read(ctx context.Context, r io.Reader) error {
	plain, err := unpacked(interruptible{ctx, r})
	if err != nil {
		return err
	}
	defer plain.Close()
	archive := tar.NewReader(plain)
	for range spoolLimit {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return notAnArchive(err)
		}
		if len(h.Name) >= unix.PathMax || len(h.Linkname) >= unix.PathMax {
			return fmt.Errorf("the archive has a name of %d bytes (limit %d)", max(len(h.Name), len(h.Linkname)), unix.PathMax-1)
		}
		if h.PAXRecords["GNU.sparse.realsize"] != "" || h.PAXRecords["GNU.sparse.size"] != "" || h.Typeflag == tar.TypeGNUSparse {
			return fmt.Errorf("the archive has a sparse file, %.40q, which no image has: its holes could fill any disk", h.Name)
		}
		if err := s.hold(len(h.Name) + len(h.Linkname)); err != nil {
			return err
		}
		name := path.Join("/", h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			err = s.add(name, archive)
		case tar.TypeSymlink:
			s.links[name] = h.Linkname
			if !path.IsAbs(h.Linkname) {
				s.links[name] = path.Join(path.Dir(name), h.Linkname)
			}
		case tar.TypeLink:
			s.links[name] = path.Join("/", h.Linkname)
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return err
		}
	}
	return fmt.Errorf("the archive holds more than %d files", spoolLimit)
}

func notAnArchive(err error) error {
	var here *fs.PathError
	if errors.Is(err, context.Canceled) || errors.As(err, &here) { // our own disk, and not the archive
		return err
	}
	return &Error{Msg: "not a tar archive: " + err.Error(), Err: err, Hint: "a tar, plain or packed by gzip or zstd: for load what 'tutor save', 'docker save' and 'skopeo copy … oci-archive:' write"}
}

// unpacked is decompress for archives: a file from a person, who may well have packed it with xz.
// How much comes in is not known beforehand, so the bound on what may come out grows with it.
func unpacked(from io.Reader) (io.ReadCloser, error) {
	in := &counter{r: from}
	r := bufio.NewReaderSize(in, 64<<10)
	magic, _ := r.Peek(6)
	if bytes.Equal(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}) || bytes.HasPrefix(magic, []byte("BZh")) {
		return nil, &Error{Msg: "the archive is packed with xz or bzip2, which is not read", Hint: "unpack it on the way: xz -dc FILE | tutor load (or tutor import -)"}
	}
	plain, err := decompress(r)
	if err != nil {
		return nil, notAnArchive(err)
	}
	return honest{&counter{r: plain}, in, plain}, nil
}

// A counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// An honest stream ends with an error when it has given more than what came in can hold.
type honest struct {
	*counter
	in *counter
	io.Closer
}

func (h honest) Read(p []byte) (int, error) {
	n, err := h.counter.Read(p)
	if limit := max(unpackedMax(h.in.n), h.in.n); h.n > limit {
		return 0, fmt.Errorf("it unpacks to more than %d bytes: a decompression bomb", limit)
	}
	return n, err
}

// Plain is a tar stream as it is, or unpacked by gzip or zstd: here and by our own code. Who runs the host's xz for
// it, or worse the one of the container's, has run a stranger's program as root (CVE-2014-9357).
func Plain(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		return io.NopCloser(in), nil // nothing at all is an archive without entries
	}
	return unpacked(in)
}

func (s *spool) add(name string, r io.Reader) error {
	s.count++
	f, err := os.Create(path.Join(s.dir, strconv.Itoa(s.count)))
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), r)
	var here *fs.PathError
	if errors.As(err, &here) { // our own disk, and not the archive
		return err
	}
	if err != nil {
		return fmt.Errorf("the archive is cut off in %q: %w", name, err)
	}
	file := spooled{path: f.Name(), hash: hashOf(sum.Sum(nil)), size: size}
	s.byName[name], s.digest[file.hash] = file, file
	return f.Sync()
}

// find is the file that a manifest names, through a link or two.
func (s *spool) find(name string) (spooled, error) {
	name = path.Join("/", name)
	for range 4 {
		if f, found := s.byName[name]; found {
			return f, nil
		}
		target, found := s.links[name]
		if !found {
			break
		}
		name = path.Clean(target)
	}
	return spooled{}, fmt.Errorf("the archive has no file %q", strings.TrimPrefix(name, "/"))
}

func (s *spool) has(name string) bool {
	_, err := s.find(name)
	return err == nil
}

// document reads a small file whole.
func (s *spool) document(name string, limit int64) ([]byte, error) {
	f, err := s.find(name)
	if err != nil {
		return nil, err
	}
	return readFile(f.path, limit)
}

// blob reads a small file by its digest.
func (s *spool) blob(h v1.Hash, limit int64) ([]byte, error) {
	f, found := s.digest[h]
	if !found {
		return nil, fmt.Errorf("the archive has no blob %s", h)
	}
	return readFile(f.path, limit)
}
