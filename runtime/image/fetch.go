package image

import (
	"context"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	parallel = 3                // downloads at a time, as Docker
	attempts = 3                // for one blob
	patience = 60 * time.Second // without a byte a server is as good as gone
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
	p.announce(m)
	ctx, cancel := context.WithCancelCause(withStep(ctx, "layer"))
	defer cancel(nil)
	known, slots, group := p.stage.store.knownSizes(), make(chan struct{}, parallel), sync.WaitGroup{}
	first := map[string]int{}
	for i, l := range layers {
		if before, seen := first[l.Digest]; seen && layers[before].DiffID == l.DiffID {
			continue
		}
		first[l.Digest] = i
		slots <- struct{}{}
		group.Go(func() {
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

// announce names all layers before the first begins, lowest first, as docker does: whoever watches sees how many
// there are, and in which order they lie.
func (p *pull) announce(m *v1.Manifest) {
	missing := map[v1.Hash]bool{}
	for _, d := range m.Layers {
		if missing[d.Digest] || p.stage.has(d.Digest, d.Size) {
			continue
		}
		missing[d.Digest] = true
		p.tell(Progress{ID: short(d.Digest.String()), Status: "Pulling fs layer", Total: d.Size})
		if len(missing) > parallel {
			p.tell(Progress{ID: short(d.Digest.String()), Status: "Waiting", Total: d.Size})
		}
	}
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
	p.came[d.Digest] = true
	return nil
}
