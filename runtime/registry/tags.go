package registry

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"tutor/runtime/image"
)

// A tag is what a name stood for when it was last asked. fresh is how long that is believed: Docker Hub does not
// count the question, but thirty clients need not ask it one by one.
type tag struct {
	Digest string    `json:"digest"`
	Asked  time.Time `json:"asked"`
}

const fresh = time.Minute

// readTags reads tags.json. It is only a memory: what is damaged in it is asked again. A disk that fails is said.
func readTags(path string) (map[string]tag, error) {
	found := map[string]tag{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(data, &found) != nil || found == nil {
		return map[string]tag{}, nil
	}
	for name, t := range found {
		if _, err := image.Parse(name); err != nil || !image.Canonical(t.Digest) {
			delete(found, name)
		}
	}
	return found, nil
}

func (c *Cache) known(ref image.Reference) (tag, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	t, found := c.tags[ref.String()]
	return t, found
}

// remember keeps what a tag stands for. Should the disk not take it, it is known until we end.
func (c *Cache) remember(ref image.Reference, digest string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.tags[ref.String()] = tag{Digest: digest, Asked: time.Now()}
	delete(c.silent, ref.String())
	data, err := json.MarshalIndent(c.tags, "", "  ")
	if err == nil {
		err = replace(c.path("tags.json"), data)
	}
	if err != nil {
		c.journal.Say("%v", err)
	}
}

// recent is false for a time in the future: a tag from a wrong clock would else be believed for years.
func recent(t time.Time) bool {
	age := time.Since(t)
	return age >= 0 && age < fresh
}

// names lists the tags that the cache knows.
func (c *Cache) names() []image.Reference {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var all []image.Reference
	for name := range c.tags {
		if ref, err := image.Parse(name); err == nil {
			all = append(all, ref)
		}
	}
	return all
}
