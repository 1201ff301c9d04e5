package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// PushOptions say how, and who wants to watch; as PullOptions.
type PushOptions struct {
	Config   Config
	Progress func(Progress)
}

// Pushed is what the registry has now.
type Pushed struct {
	Digest string
	Size   int64 // bytes of the manifest
}

// A push is one Push on its way.
type push struct {
	store  *Store
	stage  *stage
	client *client
	repo   name.Repository
	tell   func(Progress)
	mutex  sync.Mutex
}

// Push uploads the image that ref names to the registry in the name: every layer that is not there yet, packed,
// then the config, and last the manifest, so that nobody sees a tag whose layers are missing. No mirror is asked:
// they answer, they do not take.
func (s *Store) Push(ctx context.Context, ref Reference, opts PushOptions) (Pushed, error) {
	img, err := s.findName(ref)
	if errors.Is(err, ErrNotFound) {
		return Pushed{}, &Error{Msg: "tag does not exist: " + ref.Familiar(), Err: err, Hint: "give the image that name first: tutor tag IMAGE " + ref.Familiar()}
	}
	if err != nil {
		return Pushed{}, err
	}
	servers, err := endpoints(ref, opts.Config)
	if err != nil {
		return Pushed{}, err
	}
	e := servers[len(servers)-1]
	t, err := s.newStage(ctx)
	if err != nil {
		return Pushed{}, err
	}
	defer t.close()
	defer t.discard(ctx) // packed copies of layers
	p := &push{store: s, stage: t, tell: opts.Progress}
	ctx = withTalk(ctx, &talk{})
	pushed, err := p.to(ctx, e, ref, img)
	if ctx.Err() != nil {
		return Pushed{}, &Error{Op: "push", Msg: "interrupted", Err: ctx.Err()}
	}
	if err != nil {
		return Pushed{}, explain("push", err, ref, e)
	}
	return pushed, nil
}

func (p *push) to(ctx context.Context, e endpoint, ref Reference, img Image) (pushed Pushed, err error) {
	if p.client, err = connect(ctx, e, ref, transport.PushScope); err != nil {
		return pushed, err
	}
	if p.repo, err = name.NewRepository(e.host+"/"+ref.Path, e.options()...); err != nil {
		return pushed, err
	}
	manifest, data, err := p.packed(ctx, img)
	if err != nil {
		return pushed, err
	}
	if err := p.layers(ctx, manifest, img); err != nil {
		return pushed, err
	}
	if err := p.upload(ctx, manifest.Config); err != nil {
		return pushed, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return pushed, err
	}
	if err := remote.Put(p.repo.Tag(ref.Tag), sent{data, mediaType(manifest)}, p.options(ctx)...); err != nil {
		return pushed, err
	}
	return Pushed{digest.String(), size}, p.store.pushed(ref, digest)
}

func (p *push) options(ctx context.Context) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithTransport(p.client.http.Transport)}
}

// layers uploads them, some at a time.
func (p *push) layers(ctx context.Context, m *v1.Manifest, img Image) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots, group, begun := make(chan struct{}, parallel), sync.WaitGroup{}, map[v1.Hash]bool{}
	for i, d := range m.Layers {
		p.say(Progress{ID: short(img.Layers[i].DiffID), Status: "Preparing"})
		if begun[d.Digest] {
			continue
		}
		begun[d.Digest] = true
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := p.layer(ctx, d, short(img.Layers[i].DiffID)); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

func (p *push) layer(ctx context.Context, d v1.Descriptor, id string) error {
	there, err := p.client.hasBlob(ctx, d.Digest)
	if err != nil {
		return err
	}
	if there {
		p.say(Progress{ID: id, Status: "Layer already exists"})
		return nil
	}
	updates := make(chan v1.Update, 16)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for u := range updates { // closed by remote
			p.say(Progress{ID: id, Status: "Pushing", Done: u.Complete, Total: d.Size})
		}
	}()
	err = remote.WriteLayer(p.repo, storedLayer{p.stage, d}, append(p.options(ctx), remote.WithProgress(updates))...)
	<-watched
	if err == nil {
		p.say(Progress{ID: id, Status: "Pushed", Done: d.Size, Total: d.Size})
	}
	return err
}

func (p *push) upload(ctx context.Context, d v1.Descriptor) error {
	return remote.WriteLayer(p.repo, storedLayer{p.stage, d}, p.options(ctx)...)
}

func (p *push) say(progress Progress) {
	if p.tell == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.tell(progress)
}

// hasBlob asks whether the registry has a blob in this repository.
func (c *client) hasBlob(ctx context.Context, h v1.Hash) (bool, error) {
	resp, err := c.do(withStep(ctx, "layer"), http.MethodHead, "/blobs/"+h.String(), http.Header{}, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK, nil
}

// A sent is a manifest as remote.Put takes it: byte for byte ours, because its digest is its name.
type sent struct {
	data []byte
	kind types.MediaType
}

func (d sent) RawManifest() ([]byte, error)        { return d.data, nil }
func (d sent) MediaType() (types.MediaType, error) { return d.kind, nil }

// A storedLayer is a blob of the store as remote.WriteLayer takes it.
type storedLayer struct {
	stage *stage
	of    v1.Descriptor
}

func (l storedLayer) Digest() (v1.Hash, error)            { return l.of.Digest, nil }
func (l storedLayer) Size() (int64, error)                { return l.of.Size, nil }
func (l storedLayer) MediaType() (types.MediaType, error) { return l.of.MediaType, nil }
func (l storedLayer) Compressed() (io.ReadCloser, error)  { return l.stage.open(l.of.Digest) }

// DiffID and Uncompressed are of no use to an upload.
func (l storedLayer) DiffID() (v1.Hash, error) { return v1.Hash{}, errors.ErrUnsupported }
func (l storedLayer) Uncompressed() (io.ReadCloser, error) {
	return nil, fmt.Errorf("layer %s: %w", l.of.Digest, errors.ErrUnsupported)
}
