package registry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tutor/runtime/image"
)

// askTime is how long upstream may take for a tag or a manifest, all mirrors together.
const askTime = time.Minute

// remote is the way to a repository upstream, with the login that was fetched for it. The map does not grow for
// ever: a stranger may ask for any number of names.
func (c *Cache) remote(ref image.Reference) (*image.Remote, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	r := c.remotes[ref.Repository()]
	if r != nil {
		return r, nil
	}
	r, err := image.OpenRemote(ref, c.config, c.name)
	if err != nil {
		return nil, err
	}
	if len(c.remotes) >= 200 {
		clear(c.remotes)
	}
	c.remotes[ref.Repository()] = r
	return r, nil
}

// resolve gives the digest that a tag stands for: as it was a moment ago, else as upstream says, else, when
// upstream cannot say, as it was when it last could. stored says that the store has the name too, onShelf that it
// has a manifest.
func (c *Cache) resolve(ctx context.Context, ref image.Reference, stored bool, onShelf func(string) bool) (string, error) {
	t, found := c.known(ref)
	if found && recent(t.Asked) {
		return t.Digest, nil
	}
	err := c.silence(ref)
	if err == nil {
		digest, failed := c.digests.do(ctx, ref.String(), func() (string, error) {
			digest, err := c.ask(ref, onShelf)
			if err != nil && (found || stored) && !said(err) {
				c.fellSilent(ref, err)
			}
			return digest, err
		})
		if failed == nil {
			return digest, nil
		}
		err = failed
	}
	if found && !said(err) {
		return t.Digest, nil
	}
	return "", err
}

// silence is why upstream could not say what a tag is, if that was a moment ago. Without it every client would
// wait for upstream to fail again, for something that is here.
func (c *Cache) silence(ref image.Reference) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	s, found := c.silent[ref.String()]
	if !found || !recent(s.since) {
		return nil
	}
	return s.why
}

func (c *Cache) fellSilent(ref image.Reference, why error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.silent[ref.String()] = silence{time.Now(), why}
	c.journal.Say("%s: served as it is here, because upstream cannot be asked now: %s",
		ref.Familiar(), printable(reason(why)))
}

// A silence is a question that upstream did not answer.
type silence struct {
	since time.Time
	why   error
}

// said tells if upstream answered that there is no such thing, or not for us. What it took back is not served
// from memory.
func said(err error) bool {
	switch image.Answered(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return false
}

// ask asks upstream for a tag and makes sure that its manifest is here. HEAD first: Docker Hub does not count it.
func (c *Cache) ask(ref image.Reference, onShelf func(string) bool) (string, error) {
	ctx, cancel := context.WithTimeout(c.ctx, askTime)
	defer cancel()
	remote, err := c.remote(ref)
	if err != nil {
		return "", err
	}
	digest, err := remote.Head(ctx, ref.Tag)
	if err != nil {
		return "", err
	}
	if _, cached := c.document(digest); digest == "" || (!cached && !onShelf(digest)) {
		if digest, err = c.fetchDocument(ctx, remote, ref, digest); err != nil {
			return "", err
		}
	}
	c.remember(ref, digest)
	return digest, nil
}

// manifest gives a manifest by its digest.
func (c *Cache) manifest(ctx context.Context, ref image.Reference) (data []byte, from string, err error) {
	if data, found := c.document(ref.Digest); found {
		return data, "cache", nil
	}
	data, err = c.documents.do(ctx, ref.Repository()+"@"+ref.Digest, func() ([]byte, error) {
		if data, found := c.document(ref.Digest); found { // between our look and our turn
			return data, nil
		}
		ctx, cancel := context.WithTimeout(c.ctx, askTime)
		defer cancel()
		remote, err := c.remote(ref)
		if err != nil {
			return nil, err
		}
		if _, err := c.fetchDocument(ctx, remote, ref, ref.Digest); err != nil {
			return nil, err
		}
		data, found := c.document(ref.Digest)
		if !found {
			return nil, errors.New("the cache lost " + ref.Digest)
		}
		return data, nil
	})
	return data, "upstream", err
}

// fetchDocument fetches a manifest, by digest if that is known, and keeps it. What is no manifest is not kept.
func (c *Cache) fetchDocument(ctx context.Context, remote *image.Remote, ref image.Reference, digest string) (string, error) {
	identifier := digest
	if identifier == "" {
		identifier = ref.Tag
	}
	data, digest, contentType, err := remote.Manifest(ctx, identifier)
	if err != nil {
		return "", err
	}
	if _, err := image.MediaType(data, contentType); err != nil {
		return "", err
	}
	return digest, c.putDocument(digest, data)
}

// reason is an error in few words.
func reason(err error) string {
	var known *image.Error
	if errors.As(err, &known) {
		return known.Msg
	}
	return err.Error()
}
