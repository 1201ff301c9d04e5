package image

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A wire sends requests as the endpoint wants them, and keeps plain HTTP to where it is allowed: ggcr would
// fall back to it for every private address. Every request of ours passes here.
type wire struct {
	endpoint endpoint
	inner    *http.Transport
	realm    atomic.Pointer[url.URL] // where the token service really is, see pretend
}

func newWire(e endpoint) *wire {
	return &wire{endpoint: e, inner: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: e.trust},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &proxyError{proxy.Host, answer.Status}
			}
			return nil
		},
	}}
}

// A proxyError is a proxy that will not connect us: without a word of the proxy, its answer reads as the registry's.
type proxyError struct{ host, status string }

func (p *proxyError) Error() string { return fmt.Sprintf("the proxy %s answers %s", p.host, p.status) }

// RoundTrip sends one request. A registry that is busy says for how long; a short while is waited for here, and
// a long one is an error.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := w.address(r)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		start := time.Now()
		answer, err := w.inner.RoundTrip(r)
		talkOf(r.Context()).ask(exchange(r, answer, err, time.Since(start)))
		if err != nil {
			return nil, err
		}
		busy := busyFor(answer)
		if busy == nil || (busy.status != http.StatusTooManyRequests && busy.wait == 0) {
			return w.pretend(answer), nil
		}
		answer.Body.Close()
		if busy.wait == 0 || busy.wait > waitLimit || attempt == attempts || r.Body != nil {
			return nil, busy
		}
		talkOf(r.Context()).wait(r.URL.Host, busy.wait)
		if err := sleep(r.Context(), busy.wait); err != nil {
			return nil, err
		}
	}
}

// address points a request for the endpoint to where the endpoint is.
func (w *wire) address(r *http.Request) (*http.Request, error) {
	e := w.endpoint
	if r.URL.Host == e.host {
		r = r.Clone(r.Context())
		if e.scheme != "" {
			r.URL.Scheme = e.scheme
		}
		if realm := w.realm.Load(); realm != nil && r.URL.Path == realm.Path {
			r.URL.Scheme, r.URL.Host, r.Host = realm.Scheme, realm.Host, realm.Host
		} else if strings.HasPrefix(r.URL.Path, "/v2/") {
			r.URL.Path = e.prefix + r.URL.Path
		}
	}
	if r.URL.Scheme != "https" && !e.plain {
		return nil, errPlain
	}
	return r, nil
}

var errPlain = errors.New("plain HTTP is not allowed for this registry")

// pretend makes a token service at a private address look as if it were the registry's own, which address undoes.
// ggcr refuses it otherwise, lest a registry on the internet have us ask a server in our own network. A registry
// on this machine, or one that somebody has named in insecure-registries, is in that network itself.
func (w *wire) pretend(answer *http.Response) *http.Response {
	challenge := answer.Header.Get("Www-Authenticate")
	found := regexp.MustCompile(`(?i)realm="([^"]*)"`).FindStringSubmatch(challenge)
	if answer.StatusCode != http.StatusUnauthorized || !w.endpoint.trust || found == nil {
		return answer
	}
	realm, err := url.Parse(found[1])
	if err != nil || realm.Host == w.endpoint.host || strings.HasPrefix(realm.Path, "/v2/") {
		return answer
	}
	w.realm.Store(realm)
	ours := *realm
	ours.Host = w.endpoint.host
	answer.Header.Set("Www-Authenticate", strings.Replace(challenge, found[1], ours.String(), 1))
	return answer
}

// Longer than this nobody waits in front of a terminal.
const waitLimit = 30 * time.Second

// A busyError is a registry that wants to be left alone: 429, or 503 with the time to come back.
type busyError struct {
	status int
	host   string
	wait   time.Duration // 0: it did not say
}

func (b *busyError) Error() string {
	if b.status == http.StatusServiceUnavailable {
		return fmt.Sprintf("%s is unavailable: try again in %s", b.host, b.wait)
	}
	when := "later"
	if b.wait > 0 {
		when = "in " + b.wait.String()
	}
	return fmt.Sprintf("toomanyrequests: the rate limit of %s is reached: try again %s, log in (tutor login), or name a mirror", b.host, when)
}

// busyFor reads Retry-After, in seconds or as a date (RFC 9110, section 10.2.3), or else how long the window of
// the limit is, which Docker Hub says: "ratelimit-limit: 100;w=21600".
func busyFor(answer *http.Response) *busyError {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return nil
	}
	b := &busyError{status: answer.StatusCode, host: answer.Request.URL.Host}
	after := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		b.wait = time.Duration(max(seconds, 1)) * time.Second
		return b
	}
	if date, err := http.ParseTime(after); err == nil {
		b.wait = max(time.Until(date).Round(time.Second), time.Second)
		return b
	}
	if _, window, found := strings.Cut(answer.Header.Get("Ratelimit-Limit"), ";w="); found {
		seconds, _ := strconv.Atoi(window)
		b.wait = time.Duration(max(seconds, 0)) * time.Second
	}
	return b
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
