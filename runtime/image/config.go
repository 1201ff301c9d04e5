package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// Config says whom to ask besides Docker Hub, in the keys of Docker's own daemon.json. A class of thirty
// behind one address meets Docker Hub's rate limit within minutes; a mirror in the room does not.
type Config struct {
	Mirrors  []string `json:"registry-mirrors"`    // URLs that answer for docker.io, asked in this order
	Insecure []string `json:"insecure-registries"` // HOST, HOST:PORT or CIDR that may do without (checked) TLS
}

// LoadConfig reads path (a missing file is an empty Config) and puts the mirrors of env, the value of
// TUTOR_REGISTRY_MIRRORS (URLs separated by commas), before those of the file.
func LoadConfig(path string, env string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, err
	}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &c); err != nil {
			return Config{}, &Error{Op: path, Msg: err.Error(), Err: err,
				Hint: `the file looks like {"registry-mirrors": ["https://mirror.example"], "insecure-registries": []}`}
		}
	}
	var first []string
	for m := range strings.SplitSeq(env, ",") {
		if m = strings.TrimSpace(m); m != "" {
			first = append(first, m)
		}
	}
	c.Mirrors = append(first, c.Mirrors...)
	for _, m := range c.Mirrors {
		if _, err := mirrorURL(m); err != nil {
			return Config{}, err
		}
	}
	return c, nil
}

// mirrorURL checks a mirror's address: http or https, a host, perhaps a path, nothing else.
func mirrorURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &Error{Op: "registry-mirrors", Msg: fmt.Sprintf("invalid mirror: %q", s), Err: err,
			Hint: "a mirror is a URL such as https://mirror.example or http://10.0.0.5:5000"}
	}
	return u, nil
}
