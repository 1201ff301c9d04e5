package image

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// An endpoint is one server that may answer for a repository.
type endpoint struct {
	host   string // "index.docker.io", "127.0.0.1:5000"
	scheme string // of a mirror's URL; empty: https, and http where plain
	prefix string // a mirror's path, put before /v2/
	plain  bool   // http is allowed
	trust  bool   // any certificate will do
	mirror bool
}

func (e endpoint) String() string {
	if e.mirror {
		return e.scheme + "://" + e.host + e.prefix
	}
	return e.host
}

// options tell ggcr's names that the endpoint may be plain.
func (e endpoint) options() []name.Option {
	if e.plain {
		return []name.Option{name.Insecure}
	}
	return nil
}

// endpoints lists whom to ask for ref, in order. A mirror answers for docker.io only, as in Docker: asking it
// for another registry's names would give it the say over images it has nothing to do with.
func endpoints(ref Reference, c Config) ([]endpoint, error) {
	if ref.Domain != hub {
		open := insecure(ref.Domain, c.Insecure)
		return []endpoint{{host: ref.Domain, plain: open, trust: open}}, nil
	}
	var all []endpoint
	for _, m := range c.Mirrors {
		u, err := mirrorURL(m)
		if err != nil {
			return nil, err
		}
		all = append(all, mirrorEndpoint(u, c))
	}
	return append(all, endpoint{host: "index.docker.io"}), nil
}

func mirrorEndpoint(u *url.URL, c Config) endpoint {
	return endpoint{
		host:   u.Host,
		scheme: u.Scheme,
		prefix: strings.TrimRight(u.Path, "/"),
		plain:  u.Scheme == "http",
		trust:  insecure(u.Host, c.Insecure),
		mirror: true,
	}
}

// insecure tells if host may do without TLS: loopback always, as in Docker, because nobody listens in between;
// others when the configuration names them by HOST, HOST:PORT or CIDR.
func insecure(host string, list []string) bool {
	bare := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		bare = h
	}
	bare = strings.Trim(bare, "[]")
	ip, err := netip.ParseAddr(bare)
	if bare == "localhost" || (err == nil && ip.IsLoopback()) {
		return true
	}
	for _, item := range list {
		if item == host || item == bare {
			return true
		}
		if block, bad := netip.ParsePrefix(item); bad == nil && err == nil && block.Contains(ip) {
			return true
		}
	}
	return false
}

// repositoryURL is where the distribution-spec puts a repository: /v2/NAME/. The https is turned into what the
// server speaks by wire and by ggcr's transport.
func (e endpoint) repositoryURL(ref Reference) string {
	return fmt.Sprintf("https://%s/v2/%s", e.host, ref.Path)
}
