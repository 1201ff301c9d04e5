package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// PullOptions say from whom to pull, for which machine, and who wants to watch.
type PullOptions struct {
	Config   Config
	Platform string         // "linux/arm64"; empty: linux on this processor
	Progress func(Progress) // called by one goroutine at a time; nil: nobody watches
	Asked    func(Exchange) // each request to a registry, when it was answered; nil as above
	Checked  func(Check)    // each thing that was verified; nil as above
}

// Progress is one line of Docker's output: "ID: Status".
type Progress struct {
	ID     string // the layer's short digest (12 digits); the tag for "Pulling from"
	Status string // "Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Pull complete", "Already exists"
	Done   int64  // bytes, while "Downloading"
	Total  int64
}

// Pulled says what a pull came to.
type Pulled struct {
	Digest   string // of what the name stands for: "Digest: sha256:…"
	UpToDate bool   // nothing had changed
}

// Status is Docker's last line but one.
func (p Pulled) Status(ref Reference) string {
	if p.UpToDate {
		return "Status: Image is up to date for " + ref.Familiar()
	}
	return "Status: Downloaded newer image for " + ref.Familiar()
}

// A pull is one Pull on its way.
type pull struct {
	stage    *stage
	ref      Reference
	platform v1.Platform
	asked    string // the platform as the user wrote it
	progress func(Progress)
	mutex    sync.Mutex       // around progress and came
	came     map[v1.Hash]bool // the layers that were not here before
}

// Pull fetches an image: the mirrors first, then the registry itself. Nothing of it can be seen in the store
// until every byte is there and agrees with its digest. It ends at once when ctx ends.
func (s *Store) Pull(ctx context.Context, ref Reference, opts PullOptions) (Image, Pulled, error) {
	platform, err := parsePlatform(opts.Platform)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	servers, err := endpoints(ref, opts.Config)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	t, err := s.newStage(ctx)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	defer t.close()
	p := &pull{stage: t, ref: ref, platform: platform, asked: opts.Platform, progress: opts.Progress, came: map[v1.Hash]bool{}}
	ctx = withTalk(ctx, &talk{asked: opts.Asked, checked: opts.Checked, waiting: func(host string, d time.Duration) {
		p.tell(Progress{ID: host, Status: fmt.Sprintf("Retrying in %s", d)})
	}})
	return p.ask(ctx, servers)
}

// ask goes from one server to the next until one of them has the image.
func (p *pull) ask(ctx context.Context, servers []endpoint) (Image, Pulled, error) {
	var failures []string
	for _, e := range servers {
		img, pulled, err := p.from(ctx, e)
		for range 2 { // another tutor's rmi came in between: what it took is fetched again
			if errors.Is(err, errGone) {
				img, pulled, err = p.from(ctx, e)
			}
		}
		if err == nil {
			return img, pulled, nil
		}
		if ctx.Err() != nil {
			return Image{}, Pulled{}, &Error{Op: "pull", Msg: "interrupted", Err: ctx.Err(), Hint: hintInterrupted}
		}
		if !worthKeeping(err) {
			p.stage.discard(ctx)
		}
		explained := explain("pull", err, p.ref, e)
		if !e.mirror {
			explained.Hint = strings.Trim(strings.Join(append(failures, explained.Hint), "; "), "; ")
			return Image{}, Pulled{}, explained
		}
		failures = append(failures, fmt.Sprintf("mirror %s: %s", e, strings.TrimPrefix(explained.Msg, e.String()+": ")))
	}
	return Image{}, Pulled{}, &Error{Op: "pull", Msg: "no registry to ask"}
}

const hintInterrupted = "what has come is kept for a day: the same pull goes on where this one ended"

// worthKeeping tells if a pull failed for want of a line or a server, and not because the image is bad: then the
// next pull goes on with what this one brought.
func worthKeeping(err error) bool {
	var here *fs.PathError
	if errors.As(err, &here) { // our own disk: it is full, perhaps
		return false
	}
	var broken brokenError
	var answer *transport.Error
	var network net.Error
	var busy *busyError
	return errors.As(err, &broken) || errors.As(err, &answer) || errors.As(err, &network) || errors.As(err, &busy)
}

// from pulls from one endpoint.
func (p *pull) from(ctx context.Context, e endpoint) (Image, Pulled, error) {
	c, err := connect(ctx, e, p.ref, transport.PullScope)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	if img, pulled, current := p.current(ctx, c); current {
		return img, pulled, nil
	}
	data, digest, kind, err := c.manifest(ctx, p.ref.identifier())
	if err != nil {
		return Image{}, Pulled{}, err
	}
	pulled := Pulled{Digest: digest.String()}
	data, manifestDigest, err := c.imageManifest(ctx, data, digest, kind, p.platform)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	p.tell(Progress{ID: p.ref.identifier(), Status: "Pulling from " + p.ref.Path})
	if err := p.stage.addBytes(manifestDigest, data); err != nil {
		return Image{}, Pulled{}, err
	}
	layers, err := p.fetch(ctx, c, manifest)
	if err != nil {
		return Image{}, Pulled{}, err
	}
	img, err := p.publish(manifest, v1.Descriptor{MediaType: mediaType(manifest), Digest: manifestDigest, Size: int64(len(data)), Annotations: map[string]string{
		annotationName: p.ref.String(), annotationDigest: p.ref.Repository() + "@" + pulled.Digest, annotationSize: sizes(layers)}})
	return img, pulled, err
}

// publish puts the image into the store, where everybody sees it.
func (p *pull) publish(m *v1.Manifest, entry v1.Descriptor) (Image, error) {
	if err := p.stage.commit(append(m.Layers, m.Config, entry), entry); err != nil {
		return Image{}, err
	}
	for _, d := range m.Layers {
		if p.came[d.Digest] {
			p.tell(Progress{ID: short(d.Digest.String()), Status: "Pull complete"})
			delete(p.came, d.Digest) // a layer may lie in an image twice
		}
	}
	return p.stage.store.describe(entry)
}

// mediaType is the manifest's own word, or OCI's: only Docker's manifests must say what they are.
func mediaType(m *v1.Manifest) types.MediaType {
	if m.MediaType != "" {
		return m.MediaType
	}
	return types.OCIManifestSchema1
}

// current tells if the store has what the name stands for today, for this platform, complete.
func (p *pull) current(ctx context.Context, c *client) (Image, Pulled, bool) {
	img, err := p.stage.store.findName(p.ref)
	if err != nil || img.Annotations[annotationDigest] == "" || img.Config.Architecture != p.platform.Architecture ||
		p.platform.Variant != "" && img.Config.Variant != p.platform.Variant {
		return Image{}, Pulled{}, false
	}
	for _, l := range img.Layers {
		digest, err := parseDigest(l.Digest)
		if err != nil || !p.stage.has(digest, l.Size) {
			return Image{}, Pulled{}, false
		}
	}
	digest, err := c.head(ctx, p.ref.identifier())
	if err != nil || img.Annotations[annotationDigest] != p.ref.Repository()+"@"+digest || img.Annotations[annotationName] != p.ref.String() {
		return Image{}, Pulled{}, false
	}
	p.tell(Progress{ID: p.ref.identifier(), Status: "Pulling from " + p.ref.Path})
	return img, Pulled{Digest: digest, UpToDate: true}, true
}

func (p *pull) tell(progress Progress) {
	if p.progress == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.progress(progress)
}

// short is a digest as Docker shows it: its first twelve digits.
func short(digest string) string {
	return strings.TrimPrefix(digest, "sha256:")[:12]
}
