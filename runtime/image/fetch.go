package image

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	parallel = 3                // downloads at a time, as Docker
	attempts = 3                // for one blob
	patience = 60 * time.Second // without a byte a download is dead
)

// fetch gets the config and every layer that the store has not, and checks each layer's diff ID.
func (p *pull) fetch(ctx context.Context, c *client, m *v1.Manifest) ([]Layer, error) {
	if !p.stage.has(m.Config.Digest, m.Config.Size) {
		if err := p.download(ctx, c, m.Config, func(int64) {}); err != nil {
			return nil, err
		}
	}
	config, err := p.config(m)
	if err != nil {
		return nil, err
	}
	layers := layersOf(m, config)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	known, slots, group := p.stage.store.knownSizes(), make(chan struct{}, parallel), sync.WaitGroup{}
	first := map[string]int{}
	for i, l := range layers {
		if before, seen := first[l.Digest]; seen && layers[before].DiffID == l.DiffID {
			continue
		}
		first[l.Digest] = i
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := p.layer(ctx, c, m.Layers[i], &layers[i], known); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for i, l := range layers {
		layers[i].Unpacked = layers[first[l.Digest]].Unpacked
	}
	return layers, nil
}

// config reads the config from the stage or the store, and checks that it is for this machine.
func (p *pull) config(m *v1.Manifest) (*v1.ConfigFile, error) {
	f, err := p.stage.open(m.Config.Digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f, configLimit)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(data, m)
	if err != nil {
		return nil, err
	}
	return config, checkPlatform(config, p.ref, p.asked, p.platform)
}

// layer brings one layer. A blob that is here already is not fetched again, but is read through if this config
// gives it a diff ID that was never checked; should the disk have spoilt it, it is fetched after all.
func (p *pull) layer(ctx context.Context, c *client, d v1.Descriptor, l *Layer, known map[string]int64) (err error) {
	id := short(l.Digest)
	if p.stage.has(d.Digest, d.Size) {
		size, checked := known[l.Digest+l.DiffID]
		if !checked {
			size, err = p.stage.unpackedSize(ctx, *l)
		}
		if err == nil {
			l.Unpacked = size
			p.tell(Progress{ID: id, Status: "Already exists"})
			return nil
		}
	}
	p.tell(Progress{ID: id, Status: "Pulling fs layer", Total: d.Size})
	err = p.download(ctx, c, d, func(done int64) {
		p.tell(Progress{ID: id, Status: "Downloading", Done: done, Total: d.Size})
	})
	if err != nil {
		return err
	}
	p.tell(Progress{ID: id, Status: "Verifying Checksum", Done: d.Size, Total: d.Size})
	l.Unpacked, err = p.stage.unpackedSize(ctx, *l)
	if err != nil {
		return err
	}
	p.tell(Progress{ID: id, Status: "Download complete", Done: d.Size, Total: d.Size})
	return nil
}

// download brings one blob to the stage. A connection that breaks is taken up where it broke.
func (p *pull) download(ctx context.Context, c *client, d v1.Descriptor, tell func(done int64)) error {
	return p.stage.write(d.Digest, func(f *os.File) error {
		sum, done := sha256.New(), int64(0)
		for attempt := 1; ; attempt++ {
			err := p.resume(ctx, c, d, f, &done, sum, tell)
			if err == nil {
				return sameDigest(d.Digest, sum.Sum(nil))
			}
			var broken brokenError
			if !errors.As(err, &broken) || attempt == attempts {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(attempt) * 300 * time.Millisecond):
			}
		}
	})
}

// A brokenError is a connection that ended early: the one failure that is worth another try.
type brokenError struct{ error }

func (b brokenError) Unwrap() error { return b.error }

// A resettable hash.
type hasher interface {
	io.Writer
	Reset()
}

// resume reads the rest of a blob, at most one byte more than the manifest promised.
func (p *pull) resume(ctx context.Context, c *client, d v1.Descriptor, f *os.File, done *int64, sum hasher, tell func(int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(patience, func() { cancel(fmt.Errorf("no answer for %s", patience)) })
	defer watchdog.Stop()
	body, partial, err := c.blob(ctx, d.Digest, *done)
	if err != nil {
		return err
	}
	defer body.Close()
	if !partial && *done > 0 {
		sum.Reset()
		*done = 0
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	buffer := make([]byte, 128<<10)
	for {
		n, err := body.Read(buffer)
		watchdog.Reset(patience)
		if *done+int64(n) > d.Size {
			return fmt.Errorf("blob %s is larger than the %d bytes of the manifest", d.Digest, d.Size)
		}
		if _, err := io.MultiWriter(f, sum).Write(buffer[:n]); err != nil {
			return err
		}
		*done += int64(n)
		tell(*done)
		if errors.Is(err, io.EOF) && *done == d.Size {
			return nil
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return brokenError{fmt.Errorf("blob %s ended after %d of %d bytes: %w", d.Digest, *done, d.Size, io.ErrUnexpectedEOF)}
		}
	}
}

// sizes writes down what the layers unpack to; unpackedSizes reads it.
func sizes(layers []Layer) string {
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = strconv.FormatInt(l.Unpacked, 10)
	}
	return strings.Join(words, " ")
}

func unpackedSizes(annotation string) []int64 {
	words := strings.Fields(annotation)
	all := make([]int64, len(words))
	for i, w := range words {
		all[i], _ = strconv.ParseInt(w, 10, 64)
	}
	return all
}

// knownSizes maps digest and diff ID of each layer that was checked before to what it unpacks to.
func (s *Store) knownSizes() map[string]int64 {
	known := map[string]int64{}
	index, err := s.index()
	if err != nil {
		return known
	}
	for _, entry := range index.Manifests {
		img, err := s.describe(entry)
		if err != nil || entry.Annotations[annotationSize] == "" {
			continue
		}
		for _, l := range img.Layers {
			known[l.Digest+l.DiffID] = l.Unpacked
		}
	}
	return known
}
