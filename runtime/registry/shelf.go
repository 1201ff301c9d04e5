package registry

import (
	"bytes"
	"io"
	"slices"

	"tutor/runtime/image"
)

// A Shelf is what of a store is for everybody: the images of Docker Hub and those made here under a name without
// a registry. An image of another registry was perhaps pulled with somebody's password, and is served only if
// All says so.
type Shelf struct {
	Store *image.Store
	All   bool
}

// Entries lists what is served.
func (s Shelf) Entries() ([]image.Entry, error) {
	all, err := s.Store.Entries()
	return slices.DeleteFunc(all, func(e image.Entry) bool { return !s.All && !e.Ref.OnHub() }), err
}

// find looks for a tag.
func (s Shelf) find(ref image.Reference) (image.Entry, bool) {
	all, err := s.Entries()
	i := slices.IndexFunc(all, func(e image.Entry) bool { return e.Ref.String() == ref.String() })
	if err != nil || i < 0 {
		return image.Entry{}, false
	}
	return all[i], true
}

// open opens a blob of an image that is served under a name of the same registry. The store may hold others,
// and to know a digest is no right to have it.
func (s Shelf) open(ref image.Reference) (content, bool) {
	all, err := s.Entries()
	if err != nil || !slices.ContainsFunc(all, func(e image.Entry) bool {
		return e.Ref.Domain == ref.Domain && slices.Contains(e.Blobs, ref.Digest)
	}) {
		return content{}, false
	}
	f, err := s.Store.OpenBlob(ref.Digest)
	if err != nil {
		return content{}, false // removed at this moment
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return content{}, false
	}
	return content{ReadSeeker: f, size: info.Size(), from: "store"}, true
}

// document reads a manifest that open found.
func (s Shelf) document(ref image.Reference) ([]byte, bool) {
	c, found := s.open(ref)
	if !found {
		return nil, false
	}
	defer c.Close()
	return readDocument(c)
}

// documentLimit is how large a manifest may be (distribution-spec: 4 MiB).
const documentLimit = 4 << 20

func readDocument(r io.Reader) ([]byte, bool) {
	data, err := io.ReadAll(io.LimitReader(r, documentLimit+1))
	if err != nil || len(data) > documentLimit {
		return nil, false
	}
	_, err = image.MediaType(data, "")
	return data, err == nil
}

func fromMemory(data []byte, from string) content {
	return content{ReadSeeker: bytes.NewReader(data), size: int64(len(data)), from: from}
}

// Close closes what stands behind the content, if that can be closed.
func (c content) Close() {
	if closer, ok := c.ReadSeeker.(io.Closer); ok {
		closer.Close()
	}
}
