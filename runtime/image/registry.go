package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A client reads one repository at one endpoint. The protocol is two GETs (distribution-spec, "Pull"):
//
//	GET /v2/library/python/manifests/latest     what there is
//	GET /v2/library/python/blobs/sha256:…       each piece, by its digest
//
// ggcr does what comes before: ask for the way to log in, fetch a token, send it along.
type client struct {
	endpoint endpoint
	base     string
	http     http.Client
	patience time.Duration // without a byte a download is dead
}

// What we can read, best first. Without the header a registry falls back to Docker's schema 1 of 2015.
var accepted = []string{
	string(types.OCIImageIndex), string(types.DockerManifestList),
	string(types.OCIManifestSchema1), string(types.DockerManifestSchema2),
}

// connect logs in: with the credentials of ~/.docker/config.json for this very host, so a mirror never sees
// those of Docker Hub. action is what the token shall allow: "pull", or "push,pull".
func connect(ctx context.Context, e endpoint, ref Reference, action string) (*client, error) {
	registry, err := name.NewRegistry(e.host, e.options()...)
	if err != nil {
		return nil, err
	}
	login, err := authn.Resolve(ctx, authn.DefaultKeychain, registry)
	if err != nil {
		return nil, &Error{Op: "credentials", Msg: err.Error(), Err: err, Hint: "look at ~/.docker/config.json"}
	}
	retry := transport.NewRetry(newWire(e),
		transport.WithRetryPredicate(worthRetrying),
		transport.WithRetryBackoff(transport.Backoff{Duration: 300 * time.Millisecond, Factor: 2, Steps: 3}),
		transport.WithRetryStatusCodes(http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout))
	scope := "repository:" + ref.Path + ":" + action
	greeting, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	t, err := transport.NewWithContext(greeting, registry, login, retry, []string{scope})
	if err != nil && greeting.Err() != nil && ctx.Err() == nil {
		return nil, brokenError{errSilent}
	}
	if err != nil {
		return nil, err
	}
	return &client{endpoint: e, base: e.repositoryURL(ref), http: http.Client{Transport: t}, patience: patience}, nil
}

// worthRetrying: a server that is busy for a moment. One that can not be reached is not asked three times; the
// next mirror is.
func worthRetrying(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.Temporary()
}

func (c *client) do(ctx context.Context, method, path string, header http.Header, want ...int) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(resp, want...); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// head asks only for the digest behind a tag. Docker Hub does not count it against its rate limit, so pulling
// again what has not changed costs a class nothing.
func (c *client) head(ctx context.Context, identifier string) (string, error) {
	resp, err := c.do(withStep(ctx, "manifest"), http.MethodHead, "/manifests/"+identifier, http.Header{"Accept": accepted}, http.StatusOK)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	return resp.Header.Get("Docker-Content-Digest"), nil
}

// manifest fetches a manifest or an index, and the digest of the bytes that came. A digest that was asked for
// must be the one that comes; a digest that the registry claims must at least be one.
func (c *client) manifest(ctx context.Context, identifier string) ([]byte, v1.Hash, types.MediaType, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, errSilent) // for some kilobytes
	defer cancel()
	resp, err := c.do(withStep(ctx, "manifest"), http.MethodGet, "/manifests/"+identifier, http.Header{"Accept": accepted}, http.StatusOK)
	if err != nil {
		return nil, v1.Hash{}, "", err
	}
	defer resp.Body.Close()
	if claimed := resp.Header.Get("Docker-Content-Digest"); claimed != "" {
		if _, err := v1.NewHash(claimed); err != nil {
			return nil, v1.Hash{}, "", fmt.Errorf("the registry answered an invalid digest %q", claimed)
		}
	}
	data, err := readAll(resp.Body, manifestLimit)
	if err != nil {
		return nil, v1.Hash{}, "", fmt.Errorf("manifest %s: %w", identifier, err)
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return nil, v1.Hash{}, "", err
	}
	what := "the bytes have this digest: it names them, whatever the tag means tomorrow"
	if strings.Contains(identifier, ":") {
		what = "the bytes have the digest that was asked for"
		if got.String() != identifier {
			return nil, v1.Hash{}, "", fmt.Errorf("the manifest has digest %s, asked for was %s", got, identifier)
		}
	}
	talkOf(ctx).check(Check{"manifest", what, got.String(), int64(len(data))})
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return data, got, types.MediaType(strings.TrimSpace(kind)), nil
}

// blob begins a blob's download at offset. partial is false when the server starts over at the first byte.
func (c *client) blob(ctx context.Context, d v1.Descriptor, offset int64) (body io.ReadCloser, partial bool, err error) {
	header, want := http.Header{}, []int{http.StatusOK}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, d.Size-1)) // some registries want to be told the end
		want = append(want, http.StatusPartialContent)
	}
	resp, err := c.do(ctx, http.MethodGet, "/blobs/"+d.Digest.String(), header, want...)
	if err != nil {
		return nil, false, err
	}
	return resp.Body, resp.StatusCode == http.StatusPartialContent, nil
}
