package image

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits on what a blob may unpack to. A gzip of one megabyte can hold a gigabyte of zeros, a zstd far more;
// real layers shrink to a third, and to a fiftieth at best.
const (
	unpackedLimit = 64 << 30 // no layer is larger
	unpackedFloor = 1 << 30  // no layer is refused below this
	unpackedRatio = 200      // above the floor: this many bytes out for one in
	zstdWindow    = 128 << 20
)

// unpackedMax is how many bytes a blob of the given size may unpack to.
func unpackedMax(size int64) int64 {
	return min(unpackedFloor+unpackedRatio*size, unpackedLimit)
}

// Open gives a layer's tar stream, unpacked. Whoever reads it to io.EOF has read the right bytes: the stream
// ends with an error instead of io.EOF when the blob has not the digest that the manifest gave, when the tar
// has not the diff ID that the config gave, or when it unpacks to more than a layer can honestly hold. A
// reader that stops at the tar's end marker has checked nothing, so read on to io.EOF.
func (s *Store) Open(l Layer) (io.ReadCloser, error) {
	digest, err := parseDigest(l.Digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(s.blobPath(digest))
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.Digest, err)
	}
	r, err := verify(f, l, hintDamaged)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// A layer was right when it came into the store.
const hintDamaged = "the store is damaged; remove the image and pull it again: tutor rmi -f NAME; tutor pull NAME"

// A verifier counts and hashes on both sides of the decompressor.
type verifier struct {
	layer  Layer
	blob   *os.File
	packed hash.Hash     // of the bytes read from the blob
	raw    *bufio.Reader // the blob, through packed
	tar    io.ReadCloser // what the decompressor gives
	plain  hash.Hash     // of the bytes given out
	count  int64         // of bytes given out
	limit  int64
	end    error // set once: io.EOF, or why not
	hint   string
}

func verify(blob *os.File, l Layer, hint string) (*verifier, error) {
	info, err := blob.Stat()
	if err != nil {
		return nil, err
	}
	v := &verifier{layer: l, blob: blob, packed: sha256.New(), plain: sha256.New(), limit: unpackedMax(info.Size()), hint: hint}
	v.raw = bufio.NewReaderSize(io.TeeReader(blob, v.packed), 64<<10)
	plain, err := decompress(v.raw)
	if err != nil {
		return nil, v.wrong(err)
	}
	v.tar = readAhead(plain)
	return v, nil
}

// decompress believes the first bytes and not the media type, as Docker does: the digests decide what is right.
// All of it is Go: a helper looked up in PATH could be the image's own (CVE-2014-9357).
func decompress(r *bufio.Reader) (io.ReadCloser, error) {
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.HasSuffix(magic, []byte{0x2a, 0x4d, 0x18}): // a skippable frame
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.end != nil {
		return 0, v.end
	}
	n, err := v.tar.Read(p)
	v.plain.Write(p[:n])
	v.count += int64(n)
	if v.count > v.limit {
		v.end = v.wrong(fmt.Errorf("it unpacks to more than %d bytes: a decompression bomb", v.limit))
		return 0, v.end
	}
	if errors.Is(err, io.EOF) {
		v.end = v.finish()
		return n, v.end
	}
	if err != nil {
		v.end = v.wrong(err)
		return n, v.end
	}
	return n, nil
}

// finish compares both digests once everything was read. What follows the compressed data in the blob is part
// of the blob's digest too.
func (v *verifier) finish() error {
	if _, err := io.Copy(io.Discard, v.raw); err != nil {
		return v.wrong(err)
	}
	if got := fmt.Sprintf("sha256:%x", v.packed.Sum(nil)); got != v.layer.Digest {
		return v.wrong(fmt.Errorf("its bytes have digest %s", got))
	}
	if got := fmt.Sprintf("sha256:%x", v.plain.Sum(nil)); got != v.layer.DiffID {
		return v.wrong(fmt.Errorf("unpacked it has diff ID %s, the config says %s", got, v.layer.DiffID))
	}
	return io.EOF
}

func (v *verifier) wrong(err error) error {
	return &Error{Op: "layer " + v.layer.Digest, Msg: err.Error(), Err: err, Hint: v.hint}
}

func (v *verifier) Close() error {
	v.tar.Close()
	return v.blob.Close()
}
