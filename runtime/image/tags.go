package image

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Pages of tags that are read at most: a server that always says "there are more" would keep us for ever.
const pageLimit = 1000

// Tags of one repository, ten times what the largest have.
const tagLimit = 200_000

// Tags lists the tags of ref's repository, sorted: from the first endpoint that answers.
func Tags(ctx context.Context, ref Reference, opts PullOptions) ([]string, error) {
	servers, err := endpoints(ref, opts.Config)
	if err != nil {
		return nil, err
	}
	ctx = withTalk(ctx, &talk{asked: opts.Asked, checked: opts.Checked})
	var explained error
	for _, e := range servers {
		c, err := connect(ctx, e, ref, transport.PullScope)
		if err == nil {
			var tags []string
			if tags, err = c.tags(ctx); err == nil {
				return tags, nil
			}
		}
		explained = explain("pull", err, ref, e)
	}
	return nil, explained
}

// tags follows the Link header from page to page (distribution-spec, "Listing Tags").
func (c *client) tags(ctx context.Context) ([]string, error) {
	var all []string
	path := "/tags/list"
	for range pageLimit {
		data, next, err := c.page(withStep(ctx, "tags"), path)
		if err != nil {
			return nil, err
		}
		var page struct{ Tags []string }
		if err := decode(data, &page); err != nil {
			return nil, fmt.Errorf("tags: %w", err)
		}
		for _, tag := range page.Tags {
			if !validTag(tag) {
				return nil, fmt.Errorf("tags: the registry lists %q, which is no tag", tag)
			}
		}
		if all = append(all, page.Tags...); len(all) > tagLimit {
			return nil, fmt.Errorf("tags: the registry lists more than %d", tagLimit)
		}
		if path = next; path == "" {
			break
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// page reads one page of tags, and says where the next is; "" after the last.
func (c *client) page(ctx context.Context, path string) (data []byte, next string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, errSilent)
	defer cancel()
	resp, err := c.do(ctx, http.MethodGet, path, http.Header{}, http.StatusOK)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if data, err = readAll(resp.Body, manifestLimit); err != nil {
		return nil, "", fmt.Errorf("tags: %w", err)
	}
	return data, nextPage(resp.Header.Get("Link")), nil
}

// nextPage takes the query from `</v2/library/python/tags/list?last=3&n=100>; rel="next"`, and nothing else: where
// we ask stays ours to say.
func nextPage(link string) string {
	target, rest, found := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !found || !strings.Contains(rest, "next") {
		return ""
	}
	u, err := url.Parse(target)
	if err != nil || u.RawQuery == "" {
		return ""
	}
	return "/tags/list?" + u.RawQuery
}
