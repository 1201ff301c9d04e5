package image

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	parallel = 3                // downloads at a time, as Docker
	attempts = 3                // for one blob
	patience = 60 * time.Second // without a byte a download is dead
)

// fetch gets the config and every layer that the store has not, and checks each layer's diff ID.
func (p *pull) fetch(ctx context.Context, c *client, m *v1.Manifest) ([]Layer, error) {
	if !p.stage.has(m.Config.Digest, m.Config.Size) {
		if err := p.download(withStep(ctx, "config"), c, m.Config, func(int64) {}); err != nil {
			return nil, err
		}
	}
	config, err := p.config(m)
	if err != nil {
		return nil, err
	}
	layers := layersOf(m, config)
	ctx, cancel := context.WithCancelCause(withStep(ctx, "layer"))
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
	talkOf(ctx).check(Check{"layer", "unpacked they have the diff ID that the config gives", l.DiffID, l.Unpacked})
	p.tell(Progress{ID: id, Status: "Download complete", Done: d.Size, Total: d.Size})
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.came = append(p.came, l.Digest)
	return nil
}

// download brings one blob to the stage. A connection that breaks is taken up where it broke, be it by this pull
// or, hours later, by the next.
func (p *pull) download(ctx context.Context, c *client, d v1.Descriptor, tell func(done int64)) error {
	return p.stage.write(ctx, d.Digest, func(f *os.File) error {
		t := &transfer{file: f, sum: sha256.New(), of: d, tell: tell}
		if err := t.takeUp(); err != nil {
			return err
		}
		taken := t.done
		err := t.bring(ctx, c)
		if taken == 0 || !isWrong(err) {
			return err
		}
		if err := t.restart(); err != nil { // what the earlier pull left was spoilt
			return err
		}
		return t.bring(ctx, c)
	})
}

// bring reads the rest of the blob, over as many connections as it takes, and checks the whole.
func (t *transfer) bring(ctx context.Context, c *client) error {
	for attempt := 1; t.done < t.of.Size; attempt++ {
		err := t.resume(ctx, c)
		if err == nil {
			break
		}
		var broken brokenError
		if !errors.As(err, &broken) || attempt == attempts {
			return err
		}
		if err := sleep(ctx, time.Duration(attempt)*300*time.Millisecond); err != nil {
			return err
		}
	}
	if err := sameDigest(t.of.Digest, t.sum.Sum(nil)); err != nil {
		return err
	}
	step, _ := ctx.Value(stepKey{}).(string)
	talkOf(ctx).check(Check{step, "the bytes have the digest that the manifest gives", t.of.Digest.String(), t.of.Size})
	return nil
}

// A transfer is one blob on its way into a file.
type transfer struct {
	file *os.File
	sum  hash.Hash // of what is in the file
	done int64     // bytes in the file
	of   v1.Descriptor
	tell func(done int64)
}

// takeUp reads what an earlier pull has left.
func (t *transfer) takeUp() (err error) {
	if t.done, err = io.Copy(t.sum, t.file); err != nil || t.done <= t.of.Size {
		return err
	}
	return t.restart()
}

// restart forgets all that has come.
func (t *transfer) restart() error {
	t.sum.Reset()
	t.done = 0
	if err := t.file.Truncate(0); err != nil {
		return err
	}
	_, err := t.file.Seek(0, io.SeekStart)
	return err
}

// A brokenError is a connection that ended early: the one failure that is worth another try.
type brokenError struct{ error }

func (b brokenError) Unwrap() error { return b.error }

// resume reads the rest of a blob, at most one byte more than the manifest promised.
func (t *transfer) resume(ctx context.Context, c *client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(patience, func() { cancel(fmt.Errorf("no answer for %s", patience)) })
	defer watchdog.Stop()
	body, partial, err := c.blob(ctx, t.of, t.done)
	var answer *transport.Error
	if t.done > 0 && errors.As(err, &answer) && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return errors.Join(t.restart(), brokenError{err}) // a registry that gives all or nothing
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if !partial && t.done > 0 {
		if err := t.restart(); err != nil {
			return err
		}
	}
	buffer := make([]byte, 128<<10)
	for {
		n, err := body.Read(buffer)
		watchdog.Reset(patience)
		if t.done+int64(n) > t.of.Size {
			return wrongError{fmt.Errorf("blob %s is larger than the %d bytes of the manifest", t.of.Digest, t.of.Size)}
		}
		if _, err := io.MultiWriter(t.file, t.sum).Write(buffer[:n]); err != nil {
			return err
		}
		t.done += int64(n)
		t.tell(t.done)
		if errors.Is(err, io.EOF) && t.done == t.of.Size {
			return nil
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return brokenError{fmt.Errorf("blob %s ended after %d of %d bytes: %w", t.of.Digest, t.done, t.of.Size, io.ErrUnexpectedEOF)}
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
