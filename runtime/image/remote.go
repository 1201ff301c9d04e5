package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Remote is one repository elsewhere: at the mirrors first, then at its registry, as for a pull. What one of
// them cannot answer, the next is asked. It can be used from many goroutines.
type Remote struct {
	ref     Reference
	via     string
	servers []endpoint
	mutex   sync.Mutex
	clients map[string]*client // by endpoint; those that let us in
}

// OpenRemote asks nobody yet. via is put into the Via header of each request (RFC 9110, 7.6.3), so that a
// registry that is its own mirror finds out.
func OpenRemote(ref Reference, config Config, via string) (*Remote, error) {
	servers, err := endpoints(ref, config)
	return &Remote{ref: ref, via: via, servers: servers, clients: map[string]*client{}}, err
}

// Head gives the digest behind a tag, empty when the registry does not say. Docker Hub does not count it.
func (r *Remote) Head(ctx context.Context, tag string) (digest string, err error) {
	err = r.each(ctx, func(c *client) error {
		digest, err = c.head(ctx, tag)
		return err
	})
	if !Canonical(digest) {
		digest = ""
	}
	return digest, err
}

// Manifest gives the bytes behind a tag or a digest, their digest, and what the registry calls them.
func (r *Remote) Manifest(ctx context.Context, identifier string) (data []byte, digest, contentType string, err error) {
	err = r.each(ctx, func(c *client) error {
		found, h, kind, err := c.manifest(ctx, identifier)
		data, digest, contentType = found, h.String(), string(kind)
		return err
	})
	return data, digest, contentType, err
}

// A Part is the rest of a blob.
type Part struct {
	Body   io.ReadCloser
	Offset int64 // of its first byte: what was asked for, or 0 if the server starts over
	Size   int64 // of the whole blob; -1 if the server does not say
}

// Blob begins a blob's download at offset, or at its first byte where the server knows no Range, or no such one.
func (r *Remote) Blob(ctx context.Context, digest string, offset int64) (part Part, err error) {
	if !Canonical(digest) {
		return Part{}, fmt.Errorf("invalid digest %q", digest)
	}
	err = r.each(ctx, func(c *client) error {
		part, err = c.part(ctx, digest, offset)
		if offset > 0 && Answered(err) == http.StatusRequestedRangeNotSatisfiable {
			part, err = c.part(ctx, digest, 0)
		}
		return err
	})
	return part, err
}

func (c *client) part(ctx context.Context, digest string, offset int64) (Part, error) {
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := c.do(ctx, http.MethodGet, "/blobs/"+digest, header, http.StatusOK, http.StatusPartialContent)
	if err != nil {
		return Part{}, err
	}
	part := Part{Body: resp.Body, Size: resp.ContentLength}
	if resp.StatusCode == http.StatusPartialContent {
		part.Offset, part.Size, err = contentRange(resp.Header.Get("Content-Range"))
	}
	if err == nil && part.Offset != 0 && part.Offset != offset {
		err = fmt.Errorf("asked for bytes from %d, the registry sends from %d", offset, part.Offset)
	}
	if err != nil {
		resp.Body.Close()
	}
	return part, err
}

// contentRange reads "bytes 100-199/200"; the size may be "*" (RFC 9110, 14.4).
func contentRange(s string) (offset, size int64, err error) {
	span, total, _ := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	first, _, _ := strings.Cut(span, "-")
	offset, err = strconv.ParseInt(first, 10, 64)
	if err != nil || offset < 0 {
		return 0, 0, fmt.Errorf("the registry answered Content-Range: %q", s)
	}
	size, err = strconv.ParseInt(total, 10, 64)
	if err != nil {
		return offset, -1, nil
	}
	return offset, size, nil
}

// each asks one endpoint after the other until one has it, and explains why the last one had not.
func (r *Remote) each(ctx context.Context, ask func(*client) error) error {
	err := error(&Error{Op: "pull", Msg: "no registry to ask"})
	for _, e := range r.servers {
		var c *client
		if c, err = r.client(ctx, e); err == nil {
			err = ask(c)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err = explain("pull", err, r.ref, e)
	}
	return err
}

// client logs in where that has not been done. The token that comes with it is renewed when it runs out.
func (r *Remote) client(ctx context.Context, e endpoint) (*client, error) {
	r.mutex.Lock()
	c := r.clients[e.String()]
	r.mutex.Unlock()
	if c != nil {
		return c, nil
	}
	c, err := connect(ctx, e, r.ref, transport.PullScope)
	if err != nil {
		return nil, err
	}
	c.http.Transport = passedOn{c.http.Transport, r.via}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.clients[e.String()] = c
	return c, nil
}

// passedOn adds who passes a request on.
type passedOn struct {
	http.RoundTripper
	via string
}

func (p passedOn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Via", "1.1 "+p.via)
	return p.RoundTripper.RoundTrip(r)
}

// HubUser is as whom Docker Hub is asked, by ~/.docker/config.json; empty: as nobody.
func HubUser(ctx context.Context) string {
	registry, err := name.NewRegistry(name.DefaultRegistry)
	if err != nil {
		return ""
	}
	login, err := authn.Resolve(ctx, authn.DefaultKeychain, registry)
	if err != nil {
		return ""
	}
	config, err := authn.Authorization(ctx, login)
	if err != nil || *config == (authn.AuthConfig{}) {
		return ""
	}
	return cmp.Or(config.Username, "the bearer of a token")
}

// Answered is the HTTP status by which a registry said no; 0 if nobody answered.
func Answered(err error) int {
	var answer *transport.Error
	var busy *busyError
	switch {
	case errors.As(err, &answer):
		return answer.StatusCode
	case errors.As(err, &busy):
		return busy.status
	}
	return 0
}
