package image

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// An Exchange is one request to a registry and its answer: what `pull --explain` shows. It is recorded where the
// request is sent, below everything that adds, repeats or redirects requests, so none is missing.
type Exchange struct {
	Step    string      // what it is for: a name of Steps
	Method  string      // "GET"
	URL     string      // as sent; of a redirect without its query, which often holds a key
	Sent    [][2]string // the headers that matter; who we are is named, never shown
	Status  string      // "200 OK"; empty when nothing came back
	Answer  [][2]string // the headers that decide what comes next
	Took    time.Duration
	Failure error // no answer, or none that we accept
}

// A Check is one thing that was verified before anything relied on it.
type Check struct {
	Step   string
	What   string // "the bytes of the blob have the digest that the manifest gives"
	Digest string
	Bytes  int64
}

// A Step is one thing that a pull asks for, and why.
type Step struct{ Name, Why, Man string }

// Steps is the whole conversation, in its order.
var Steps = []Step{
	{"version", "does this server speak the protocol, and whom does it want to hear about first?", `distribution-spec, "Determining Support"`},
	{"token", "a registry lends a short-lived token for one repository; the password goes to the token server only", `distribution, "Token Authentication"`},
	{"tags", "the names that the repository has", `distribution-spec, "Listing Tags"`},
	{"manifest", "a tag is only a name, and may mean something else tomorrow; the digest of what it stands for can not", `distribution-spec, "Pulling manifests"`},
	{"config", "what to start: command, environment, user, and the digest of every layer once it is unpacked", `distribution-spec, "Pulling blobs"`},
	{"layer", "the files, one tar archive a layer; what is here already is not asked for again", `distribution-spec, "Pulling blobs"`},
	{"redirect", "the registry sends us on to where the bytes lie; our token stays behind", `RFC 9110, section 15.4`},
}

// A talk is who listens to a conversation. Its functions are called by one goroutine at a time; each may be nil.
type talk struct {
	asked   func(Exchange)
	checked func(Check)
	waiting func(host string, d time.Duration) // the registry wants us to come back later, and we do
	mutex   sync.Mutex
}

type talkKey struct{}
type stepKey struct{}

// withTalk and withStep travel by the context, as net/http/httptrace does, because between us and the wire are
// the libraries that log in and repeat.
func withTalk(ctx context.Context, t *talk) context.Context {
	return context.WithValue(ctx, talkKey{}, t)
}

func withStep(ctx context.Context, step string) context.Context {
	return context.WithValue(ctx, stepKey{}, step)
}

func talkOf(ctx context.Context) *talk {
	t, _ := ctx.Value(talkKey{}).(*talk)
	return t
}

func (t *talk) ask(e Exchange) {
	if t != nil && t.asked != nil {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.asked(e)
	}
}

// check reports one verified thing.
func (t *talk) check(c Check) {
	if t != nil && t.checked != nil {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.checked(c)
	}
}

func (t *talk) wait(host string, d time.Duration) {
	if t != nil && t.waiting != nil {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.waiting(host, d)
	}
}

// stepOf says what a request is for: by whom it was sent on, where it goes, and what we are at.
func stepOf(r *http.Request) string {
	switch {
	case r.Response != nil:
		return "redirect"
	case strings.HasSuffix(r.URL.Path, "/v2/"):
		return "version"
	case !strings.Contains(r.URL.Path, "/v2/"):
		return "token"
	}
	step, _ := r.Context().Value(stepKey{}).(string)
	return step
}

// exchange describes a request and its answer without what is secret in them.
func exchange(r *http.Request, answer *http.Response, err error, took time.Duration) Exchange {
	e := Exchange{Step: stepOf(r), Method: r.Method, URL: r.URL.Redacted(), Took: took, Failure: err}
	if e.Step == "redirect" && r.URL.RawQuery != "" {
		e.URL = strings.TrimSuffix(e.URL, r.URL.RawQuery) + "…"
	}
	if scheme, secret, found := strings.Cut(r.Header.Get("Authorization"), " "); found {
		e.Sent = append(e.Sent, [2]string{"authorization", fmt.Sprintf("%s … (%d characters)", scheme, len(secret))})
	}
	e.Sent = pick(e.Sent, r.Header, "accept", "range")
	if answer != nil {
		e.Status = fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
		e.Answer = pick(nil, answer.Header, "www-authenticate", "content-type", "content-length", "content-range",
			"docker-content-digest", "link", "retry-after", "ratelimit-limit", "ratelimit-remaining")
		if where, err := answer.Location(); err == nil {
			where.RawQuery = ""
			e.Answer = append(e.Answer, [2]string{"location", where.Redacted()})
		}
	}
	return e
}

func pick(into [][2]string, h http.Header, names ...string) [][2]string {
	for _, name := range names {
		if values := h.Values(name); len(values) > 0 {
			into = append(into, [2]string{name, strings.Join(values, ", ")})
		}
	}
	return into
}
